// What is read of a child that is not as it was applied, and what is written by what was read.
import assert from 'node:assert/strict';
import { KubeConfig } from '@kubernetes/client-node';
import { describe, test } from 'node:test';
import { ApiError, keyOf, KubeClient, type KubeObject } from '../../../src/kube/index.ts';
import type { Call } from '../../../src/kube/client.ts';
import { service } from '../../../src/operator/children/service.ts';
import { stamped } from '../../../src/operator/children/stamp.ts';
import { plan } from '../../../src/operator/decide/plan.ts';
import { AppliedFields } from '../../../src/operator/reconcile/applied-fields.ts';
import { emptyCaches } from '../../../src/operator/observe/caches.ts';
import { writeChild } from '../../../src/operator/reconcile/write-child.ts';
import { appServer, facts, stored } from '../../builders.ts';

/** Has one object, and notes what is asked. */
class OneObject extends KubeClient {
  object: KubeObject | undefined;
  readonly calls: Call[] = [];

  constructor() {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'none', server: 'https://127.0.0.1:1', skipTLSVerify: true },
      { name: 'nobody' },
    );
    super(config);
  }

  override json(call: Call): Promise<unknown> {
    this.calls.push(call);
    const { object } = this;
    return object === undefined ? Promise.reject(new ApiError(404, 'NotFound', 'gone')) : Promise.resolve(object);
  }
}

const app = appServer();
const key = 'web/shop';
const child = stamped(service(app));

interface Selecting {
  readonly selector: Readonly<Record<string, string>>;
}

/** Our entry has all fields, or all but the type. */
function entry(withType: boolean): object {
  return {
    manager: 'appserver-operator',
    operation: 'Apply',
    time: '2023-11-14T22:13:20Z',
    fieldsV1: {
      'f:metadata': { 'f:annotations': { 'f:appserver.dev/applied-hash': {} }, 'f:labels': { 'f:x': {} } },
      'f:spec': { 'f:selector': {}, 'f:ports': {}, ...(withType && { 'f:type': {} }) },
    },
  };
}

const storedService = (changes: object, withType: boolean, resourceVersion = '7'): KubeObject => {
  const found = stored({ ...child, spec: { ...(child['spec'] as object), ...changes } });
  const managedFields = [entry(withType)];
  return { ...found, metadata: { ...found.metadata, resourceVersion, managedFields } };
};

function world(object: KubeObject): {
  client: OneObject;
  applied: AppliedFields;
  look: () => Promise<string | undefined>;
} {
  const client = new OneObject();
  const caches = emptyCaches();
  const applied = new AppliedFields(client);
  client.object = object;
  const { metadata, ...rest } = object;
  const { managedFields: _, ...kept } = metadata;
  caches.children.Service.set(keyOf(object), { ...rest, metadata: kept }, metadata.resourceVersion);
  const look = async (): Promise<string | undefined> => {
    const [cached] = caches.children.Service.byIndex(`${key}/${app.metadata.uid}`);
    const given = facts({ app, children: cached === undefined ? [] : [cached] });
    applied.seen(key, given.children);
    const [step] = plan([child], given).steps;
    return step === undefined ? 'as it should be' : (await applied.write(key, app, step))?.why;
  };
  return { client, applied, look };
}

describe('a child that is not as it was applied', () => {
  test('is read once for each version of it, where that is the doing of the cluster', async () => {
    const { client, look } = world(storedService({ type: 'NodePort' }, true));
    assert.equal(await look(), undefined);
    assert.equal(await look(), undefined);
    assert.equal(client.calls.length, 1);
    client.object = storedService({ type: 'NodePort' }, true, '8');
    assert.equal(await look(), undefined, 'nothing has told of another version');
    assert.equal(client.calls.length, 1);
  });

  test('is repaired where it is the doing of somebody', async () => {
    const { look } = world(storedService({ type: 'NodePort' }, false));
    assert.equal(await look(), 'repaired');
  });

  test('is not read where it is as it should be', async () => {
    const { client, look } = world(storedService({}, true));
    assert.equal(await look(), 'as it should be');
    assert.deepEqual(client.calls, []);
  });

  for (const [name, object] of Object.entries({
    'is gone': undefined,
    'is another object of that name': {
      ...storedService({}, true),
      metadata: { ...storedService({}, true).metadata, uid: 'other' },
    },
    'is on its way out': {
      ...storedService({}, true),
      metadata: { ...storedService({}, true).metadata, deletionTimestamp: 'now' },
    },
    'is of somebody else': {
      ...storedService({}, true),
      metadata: { ...storedService({}, true).metadata, ownerReferences: [] },
    },
  })) {
    test(`that ${name} by now is not written, and looked at again`, async () => {
      const { client, look } = world(storedService({ type: 'NodePort' }, false));
      client.object = object;
      await assert.rejects(look(), (error) => error instanceof ApiError && [404, 409].includes(error.status));
    });
  }

  test('is decided on as it is when it is read, and written at that version alone', async () => {
    const { client, applied } = world(storedService({ type: 'NodePort' }, false));
    client.object = storedService({ type: 'LoadBalancer' }, false, '9');
    const given = facts({ app, children: [storedService({ type: 'NodePort' }, false)] });
    applied.seen(key, given.children);
    const [step] = plan([child], given).steps;
    assert.ok(step);
    const write = await applied.write(key, app, step);
    assert.ok(write);
    await writeChild({ client, facts: given, onWarning: assert.fail }, write);
    const { body } = client.calls.at(-1) ?? {};
    assert.equal((body as KubeObject).metadata.resourceVersion, '9');
  });

  test('is repaired by one write where others have only added to it', async () => {
    const found = storedService({ selector: { ...(child['spec'] as Selecting).selector, tier: 'none' } }, true);
    const added = { 'f:spec': { 'f:selector': { 'f:tier': {} } } };
    const managedFields = [entry(true), { manager: 'kubectl-edit', operation: 'Update', fieldsV1: added }];
    const object = { ...found, metadata: { ...found.metadata, managedFields } };
    const { client, applied } = world(object);
    const given = facts({ app, children: [object] });
    applied.seen(key, given.children);
    const [step] = plan([child], given).steps;
    assert.ok(step);
    const write = await applied.write(key, app, step);
    assert.ok(write);
    assert.equal((await writeChild({ client, facts: given, onWarning: assert.fail }, write)).kind, 'cleared');
    assert.deepEqual(
      client.calls.map(({ method, contentType }) => [method, contentType]),
      [
        ['GET', undefined],
        ['PATCH', 'application/json-patch+json'],
      ],
    );
  });

  /** The child of an earlier spec, with its mark. */
  const earlier = (isMarkOurs: boolean): KubeObject => {
    const found = storedService({ type: 'NodePort' }, true);
    const { annotations } = found.metadata;
    const ours = { ...entry(true), fieldsV1: { 'f:spec': { 'f:selector': {}, 'f:ports': {} } } };
    return {
      ...found,
      metadata: {
        ...found.metadata,
        annotations: { ...annotations, 'appserver.dev/applied-hash': 'earlier' },
        ...(!isMarkOurs && {
          managedFields: [ours, { ...entry(true), manager: 'kubectl-rollout', operation: 'Update' }],
        }),
      },
    };
  };
  const whys: Record<
    string,
    { readonly observedGeneration: number; readonly isMarkOurs: boolean; readonly why: string }
  > = {
    'is updated where the spec is another': { observedGeneration: 2, isMarkOurs: true, why: 'updated' },
    'is updated where another version of the operator has applied it': {
      observedGeneration: 3,
      isMarkOurs: true,
      why: 'updated',
    },
    'is repaired where somebody has put back that of an earlier spec': {
      observedGeneration: 3,
      isMarkOurs: false,
      why: 'repaired',
    },
  };
  for (const [name, { observedGeneration, isMarkOurs, why }] of Object.entries(whys)) {
    test(name, async () => {
      const object = earlier(isMarkOurs);
      const { applied, client } = world(object);
      const carriedOut = appServer({}, { status: { observedGeneration } });
      const given = facts({ app: carriedOut, children: [object] });
      const [step] = plan([child], given).steps;
      assert.ok(step);
      client.object = object;
      assert.equal((await applied.write(key, carriedOut, step))?.why, why);
    });
  }

  test('is no news after our own write, whatever the answer looks like', async () => {
    const { client, applied, look } = world(storedService({ type: 'NodePort' }, true));
    applied.wrote(key, child, storedService({ type: 'NodePort' }, true));
    assert.equal(await look(), undefined);
    assert.deepEqual(client.calls, []);
  });

  test('is repaired when somebody applies in our name', async () => {
    const { client, applied, look } = world(storedService({ type: 'NodePort' }, true, '8'));
    applied.wrote(key, child, storedService({}, true));
    const later = storedService({ type: 'NodePort' }, true, '8');
    const managedFields = [{ ...entry(true), time: '2023-11-14T22:13:29Z' }];
    client.object = { ...later, metadata: { ...later.metadata, managedFields } };
    assert.equal(await look(), 'repaired');
  });
});
