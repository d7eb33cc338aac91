// The policies as data. What they refuse and allow: e2e/tenants, on a real API server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { describedSchema, type JsonSchema } from '../../../src/api/crd.ts';
import { specSchema } from '../../../src/api/appserver.ts';
import { fieldsOfPods } from '../../../src/operator/admission/fields-of-pods.ts';
import { operatorPolicies, rightsTable, writersPolicy } from '../../../src/operator/admission/index.ts';
import { childKinds, childRights, childTypes } from '../../../src/operator/model/kinds.ts';

const policies = [writersPolicy(), ...operatorPolicies()];

function classes(schema: JsonSchema): unknown[] {
  return [schema['fieldClass'], ...Object.values(schema.properties ?? {}).flatMap(classes)].filter(Boolean);
}

describe('the policies', () => {
  test('the operator is held in every kind that it writes, with every verb', () => {
    const children = policies.find(({ suffix }) => suffix === 'children');
    for (const kind of childKinds) {
      const { plural, apiVersion } = childTypes[kind];
      const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
      const rule = children?.resourceRules.find(
        ({ apiGroups, resources }) => apiGroups.includes(group ?? '') && resources.includes(plural),
      );
      assert.deepEqual(rule?.operations, ['CREATE', 'UPDATE', 'DELETE'], kind);
    }
  });

  test('what runs in pods is every field of which some part reaches pods, and no other', () => {
    const known = new Set(fieldsOfPods());
    for (const [name, schema] of Object.entries(describedSchema(specSchema).properties ?? {})) {
      const reaches = classes(schema).some((one) => one === 'roll' || one === 'live');
      assert.equal(known.has(name), reaches, name);
    }
    for (const name of ['replicas', 'service', 'ingress', 'rollout']) assert.ok(!known.has(name), name);
  });

  test('no expression asks the authorizer more often than CEL allows', () => {
    for (const { suffix, validations } of policies) {
      for (const { expression } of validations) {
        assert.ok(expression.split('.check(').length - 1 <= 2, `${suffix}: ${expression}`);
      }
    }
  });

  test('every refusal of a user names a field, and what to do', () => {
    for (const { message = '', messageExpression = '' } of writersPolicy().validations) {
      assert.match(message + messageExpression, /spec.*; ?(ask for|set|remove)/);
    }
  });

  test('no text has a line break or a quote that would end it', () => {
    for (const { comment, validations } of policies) {
      for (const { message = '' } of validations) assert.doesNotMatch(`${comment}${message}`, /\n/);
    }
  });
});

describe('the table of rights', () => {
  const rows = rightsTable().map(({ field, makes, asks }) => [field, makes, asks].join(' | '));

  test('has every kind, those that are always allowed and those that are asked for', () => {
    for (const kind of childKinds) {
      const asks = rightsTable()
        .filter(({ makes }) => makes === kind)
        .map((row) => row.asks);
      assert.equal(asks.includes('nothing'), childRights[kind] !== 'asked', kind);
      assert.equal(
        asks.some((one) => one !== 'nothing'),
        childRights[kind] !== 'implied',
        kind,
      );
    }
  });

  test('stands in docs/security.md', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/security.md'), 'utf8');
    const cells = (line: string): string =>
      line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.replaceAll('`', '').trim())
        .join(' | ');
    const written = page.split('\n').filter((line) => line.startsWith('| '));
    for (const row of rows) assert.ok(written.map(cells).includes(row), `missing: | ${row} |`);
  });
});
