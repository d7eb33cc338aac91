// Whether the CustomResourceDefinition is stored as it is written, so that everybody who applies the file finds it applied.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { load } from 'js-yaml';
import { ApiError, path, type KubeObject } from '../src/kube/index.ts';
import { crdName, untilEstablished } from './cluster/established.ts';
import { repository } from './cluster/layout.ts';
import { client, destroy, get, types } from './harness/api.ts';
import { appServer, create } from './harness/appserver.ts';
import { kubectl, removeOperator } from './harness/operator.ts';

const file = join(repository, 'crds/appserver.dev_appservers.yaml');

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly default?: unknown;
}

type Definition = KubeObject & {
  readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
};

const written = load(readFileSync(file, 'utf8')) as Definition;

interface Preset {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Every default of the schema, but those that are there for the defaults inside of them. */
function presets({ properties = {} }: Schema, at: readonly string[] = []): Preset[] {
  return Object.entries(properties).flatMap(([field, schema]): Preset[] => {
    const here = [...at, field];
    if (schema.default === undefined || schema.properties !== undefined) return presets(schema, here);
    return [{ path: here, value: schema.default }];
  });
}

/** With every optional part, and nothing in it that has a default. */
const everyPart = {
  resources: { requests: { cpu: '100m' } },
  workers: { recycle: {} },
  hooks: Object.fromEntries(
    ['beforeStart', 'workerStart', 'workerExit', 'beforeStop'].map((hook) => [hook, { command: ['/srv/hook'] }]),
  ),
  autoscaling: { maxReplicas: 3 },
  ingress: { hosts: ['shop.example.com'] },
  httpRoute: { parentRefs: [{ name: 'gateway' }] },
  monitoring: {},
  networkPolicy: { from: [{ podSelector: {} }] },
  proxy: {},
};

/** Duplicates in lists that are told apart by a key, or that are sets. */
const duplicates: Record<string, object> = {
  'spec.env[1]': { env: [{ name: 'A', value: '1' }, { name: 'A' }] },
  'spec.volumes[1]': { volumes: [{ name: 'a', emptyDir: {} }, { name: 'a' }] },
  'spec.volumeMounts[1]': {
    volumeMounts: [
      { name: 'a', mountPath: '/a' },
      { name: 'b', mountPath: '/a' },
    ],
  },
  'spec.imagePullSecrets[1]': { imagePullSecrets: [{ name: 'a' }, { name: 'a' }] },
  'spec.service.ports[1]': {
    service: {
      ports: [
        { name: 'a', port: 1 },
        { name: 'a', port: 2 },
      ],
    },
  },
  'spec.restartOn[1]': { restartOn: ['Secret', 'Secret'] },
  'spec.trustedProxies[1]': { trustedProxies: ['*', '*'] },
  'spec.ingress.hosts[1]': { ingress: { hosts: ['a.example.com', 'a.example.com'] } },
};

/** @param spec of the example's application, which is not stored */
async function admitted(spec: object): Promise<KubeObject> {
  return (await client.json({
    method: 'POST',
    path: path(types.AppServer, 'default'),
    query: { dryRun: 'All', fieldValidation: 'Strict' },
    body: appServer('default', spec),
  })) as KubeObject;
}

const apply = (manager: string): Promise<string> =>
  kubectl('apply', '--server-side', `--field-manager=${manager}`, '-f', file);

describe('the CustomResourceDefinition on an API server', { concurrency: 1 }, () => {
  before(async () => {
    await removeOperator();
    await apply('first');
    await untilEstablished((args) => kubectl(...args), `crd/${crdName}`);
  });
  after(removeOperator);

  test('a second applier of the same file finds no conflict', async () => {
    assert.match(await apply('second'), /serverside-applied/);
  });

  test('it is stored as it is written', async () => {
    const stored = await get(types.CustomResourceDefinition, undefined, crdName);
    assert.deepEqual(stored?.['spec'], written['spec']);
  });

  test('a client that compares the file with what is stored sees no difference', async () => {
    // Both exit 1 when there is one.
    assert.equal(await kubectl('diff', '--server-side', '--field-manager=third', '-f', file), '');
    assert.equal(await kubectl('diff', '-f', file), '');
  });

  test('the API server finds nothing wrong with it', async () => {
    const stored = await get(types.CustomResourceDefinition, undefined, crdName);
    assert.ok(stored);
    const { conditions } = stored['status'] as { conditions: { type: string }[] };
    assert.deepEqual(conditions.map(({ type }) => type).toSorted(), ['Established', 'NamesAccepted']);
  });

  test('an AppServer gets every default as the schema has it', async () => {
    const { spec } = await admitted(everyPart);
    const schema = written.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'];
    assert.ok(schema);
    const all = presets(schema);
    assert.ok(all.length > 40, `${all.length} defaults`);
    for (const { path: fields, value } of all) {
      const found = fields.reduce<unknown>((at, field) => (at as Record<string, unknown> | undefined)?.[field], spec);
      assert.deepEqual(found, value, fields.join('.'));
    }
  });

  test('an AppServer that the operator has not seen is behind its generation, which kstatus calls InProgress', async () => {
    await create(appServer('default', {}, 'unseen'));
    const stored = await get(types.AppServer, 'default', 'unseen');
    await destroy(types.AppServer, 'default', 'unseen');
    assert.deepEqual(stored?.['status'], { observedGeneration: 0 });
  });

  for (const [where, spec] of Object.entries(duplicates)) {
    test(`the API server refuses a duplicate, and says where: ${where}`, async () => {
      await assert.rejects(admitted(spec), (error) => {
        assert.ok(error instanceof ApiError);
        assert.match(error.message, new RegExp(`${where.replaceAll(/[.[\]]/g, String.raw`\$&`)}: Duplicate value`));
        return true;
      });
    });
  }

  test('kubectl explains the fields of a condition', async () => {
    const explained = await kubectl('explain', 'appserver.status.conditions');
    for (const words of ['what to do about it', 'Generation of the spec']) assert.ok(explained.includes(words), words);
  });
});
