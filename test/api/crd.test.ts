// The form of the CustomResourceDefinition. Whether the API server stores it as it is: e2e/crd.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { customResourceDefinition, describedSchema, type JsonSchema } from '../../src/api/crd.ts';
import { specSchema, statusSchema } from '../../src/api/appserver.ts';
import { fieldReference } from '../../src/api/reference.ts';

interface Node {
  readonly path: string;
  readonly schema: JsonSchema;
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;

function nodes(schema: JsonSchema, path: string): Node[] {
  const { properties = {}, items, additionalProperties } = schema;
  return [
    { path, schema },
    ...Object.entries(properties).flatMap(([name, one]) => nodes(one, `${path}.${name}`)),
    ...(items === undefined ? [] : nodes(items, `${path}[]`)),
    ...(isSchema(additionalProperties) ? nodes(additionalProperties, `${path}.*`) : []),
  ];
}

const definition = customResourceDefinition('0.0.0') as {
  spec: { versions: { schema: { openAPIV3Schema: JsonSchema } }[] };
};
const root = definition.spec.versions[0]?.schema.openAPIV3Schema ?? {};
const all = nodes(root, '').map(({ path, schema }): Node => ({ path: path.slice(1), schema }));
const offending = (wrong: (schema: JsonSchema) => boolean): string[] =>
  all.filter(({ schema }) => wrong(schema)).map(({ path }) => path);

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

describe('the CustomResourceDefinition', () => {
  test('has nothing empty, which the API server would not store', () => {
    // An empty default says something: the defaults inside of it are filled in.
    const wrong = offending((schema) =>
      Object.entries(schema).some(([key, value]) => key !== 'default' && isEmpty(value)),
    );
    assert.deepEqual(wrong, []);
  });

  test('has no default in an item of a list, which clients that compare lists as a whole would see as a difference', () => {
    const inItems = all.filter(({ path, schema }) => path.includes('[]') && schema['default'] !== undefined);
    assert.deepEqual(
      inItems.map(({ path }) => path),
      [],
    );
  });

  test('marks a resource that the operator has not seen as not observed', () => {
    assert.deepEqual(root.properties?.['status']?.['default'], { observedGeneration: 0 });
  });

  test('says of every list how appliers share it', () => {
    assert.deepEqual(
      offending(({ type, ...rest }) => type === 'array' && rest['x-kubernetes-list-type'] === undefined),
      [],
    );
  });

  test('requires the keys of every list that is told apart by keys', () => {
    const wrong = offending(({ items = {}, ...schema }) => {
      const keys = schema['x-kubernetes-list-map-keys'];
      const required = Array.isArray(items['required']) ? items['required'] : [];
      if (schema['x-kubernetes-list-type'] !== 'map') return keys !== undefined;
      return !Array.isArray(keys) || keys.length === 0 || !keys.every((key) => required.includes(key));
    });
    assert.deepEqual(wrong, []);
  });

  test('has sets of scalars alone', () => {
    const wrong = offending(
      ({ items = {}, ...schema }) => schema['x-kubernetes-list-type'] === 'set' && items['type'] !== 'string',
    );
    assert.deepEqual(wrong, []);
  });

  test('bounds every number by what somebody has meant', () => {
    const unbounded = (value: unknown): boolean => typeof value !== 'number' || Math.abs(value) > 1e15;
    const wrong = offending(
      ({ type, minimum, maximum, ...schema }) =>
        (type === 'integer' || schema['x-kubernetes-int-or-string'] === true) &&
        (unbounded(minimum) || unbounded(maximum)),
    );
    assert.deepEqual(wrong, []);
  });

  test('describes every field, as kubectl explain shows it', () => {
    // Values of maps and items of lists are described with the field that has them.
    const undescribed = all.filter(
      ({ path, schema }) => !/(\[\]|\.\*|^metadata|^)$/.test(path) && typeof schema['description'] !== 'string',
    );
    assert.deepEqual(
      undescribed.map(({ path }) => path),
      [],
    );
  });

  test('has the fields of pods in the order of the API server: as they are read, so they are written into templates', () => {
    const inPods = all.filter(({ path }) => /^spec\.(env|envFrom|volumes|volumeMounts)\[\]/.test(path));
    // Told apart by these, which come first.
    const first = new Set(['name', 'mountPath', 'prefix']);
    for (const { path, schema } of inPods) {
      const fields = Object.keys(schema.properties ?? {}).filter((name) => path.includes('.', 6) || !first.has(name));
      assert.deepEqual(fields, fields.toSorted(), path);
    }
    assert.ok(inPods.length > 100);
  });

  test('describes every field of the status', () => {
    const status = all.filter(({ path }) => path.startsWith('status.') && !path.endsWith('[]'));
    assert.ok(status.length > 10);
    assert.deepEqual(
      status.filter(({ schema }) => typeof schema['description'] !== 'string').map(({ path }) => path),
      [],
    );
  });
});

test('neither the reference nor the schema has a number that nobody has chosen', () => {
  const texts = [fieldReference(), JSON.stringify([describedSchema(specSchema), describedSchema(statusSchema)])];
  for (const text of texts) assert.doesNotMatch(text, new RegExp(String(Number.MAX_SAFE_INTEGER)));
});
