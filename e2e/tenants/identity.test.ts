// Objects that claim to be children of another tenant's AppServer: what they say must not reach its pods. Each is there in the
// cache of the operator when it reconciles, and when it starts.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { KubeObject, ResourceType } from '../../src/kube/index.ts';
import { imageNames } from '../../scripts/images.ts';
import { client, destroy, eventually, get, list, merge, types } from '../harness/api.ts';
import { appServer, untilReady } from '../harness/appserver.ts';
import { installOperator, operatorNamespace } from '../harness/operator.ts';
import { create, order, patch, tenant, type Tenant } from './roles.ts';

const evil = 'registry.example.com/evil:1';

interface PodTemplate {
  readonly spec: { readonly initContainers: readonly { readonly name: string; readonly image: string }[] };
}

const deploymentOf = async (namespace: string): Promise<KubeObject> => {
  const found = await get(types.Deployment, namespace, 'shop');
  assert.ok(found, 'the Deployment is there');
  return found;
};

function imagesOf(deployment: KubeObject): string[] {
  const { template } = deployment['spec'] as { template: PodTemplate };
  return template.spec.initContainers.map(({ image }) => image);
}

/** Makes the operator look at the AppServer anew, and waits until it has taken the change over. */
async function reconcileAnew(namespace: string): Promise<KubeObject> {
  const limitOf = (object: KubeObject): number =>
    (object['spec'] as { revisionHistoryLimit: number }).revisionHistoryLimit;
  const revisionHistoryLimit = (limitOf(await deploymentOf(namespace)) % 99) + 1;
  await merge(types.AppServer, namespace, 'shop', { spec: { rollout: { revisionHistoryLimit } } });
  return eventually('the change taken over', async () => {
    const deployment = await deploymentOf(namespace);
    return limitOf(deployment) === revisionHistoryLimit ? deployment : undefined;
  });
}

/** Ends the operator's pod, and waits for the next one. */
async function restartOperator(): Promise<void> {
  const running = async (): Promise<KubeObject[]> => list(types.Pod, operatorNamespace);
  const earlier = new Set((await running()).map(({ metadata }) => metadata.uid));
  for (const { metadata } of await running()) await destroy(types.Pod, operatorNamespace, metadata.name);
  await eventually('the next operator', async () => {
    const ready = (await running()).some(({ metadata, status }) => {
      const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
      return !earlier.has(metadata.uid) && conditions.some((one) => one.type === 'Ready' && one.status === 'True');
    });
    return ready ? true : undefined;
  });
}

const marks = { 'appserver.dev/runtime-image': evil, 'appserver.dev/proxy-image': evil };

/** As the attacker writes them: with the name, the labels and the annotations of the victim's children. */
const forged = {
  'a Deployment': {
    type: types.Deployment,
    object: {
      spec: {
        replicas: 0,
        selector: { matchLabels: { 'app.kubernetes.io/name': 'appserver', 'app.kubernetes.io/instance': 'shop' } },
        template: {
          metadata: { labels: { 'app.kubernetes.io/name': 'appserver', 'app.kubernetes.io/instance': 'shop' } },
          spec: {
            initContainers: [{ name: 'install-runtime', image: evil }],
            containers: [{ name: 'app', image: evil }],
          },
        },
      },
    },
  },
  'a ConfigMap': { type: types.ConfigMap, object: { data: { 'config.json': '{"app":{"command":"evil"}}' } } },
  'a Service': { type: types.Service, object: { spec: { ports: [{ name: 'http', port: 80 }] } } },
} as const satisfies Record<string, { type: ResourceType; object: object }>;

function claim(namespace: string, name: string, uid: string, finalizer: boolean): KubeObject['metadata'] {
  return {
    name,
    namespace,
    labels: {
      'app.kubernetes.io/name': 'appserver',
      'app.kubernetes.io/instance': 'shop',
      'app.kubernetes.io/managed-by': 'appserver-operator',
    },
    annotations: marks,
    ownerReferences: [{ apiVersion: 'appserver.dev/v1alpha1', kind: 'AppServer', name: 'shop', uid, controller: true }],
    ...(finalizer && { finalizers: ['example.com/stay'] }),
  };
}

for (const [attackers, [attackersLetter, victimsLetter]] of Object.entries(order)) {
  describe(`an attacker whose namespace ${attackers}`, { concurrency: 1 }, () => {
    let attacker: Tenant;
    let victim: Tenant;
    let uid: string;
    before(async () => {
      await installOperator();
      [attacker, victim] = [await tenant(attackersLetter), await tenant(victimsLetter)];
      await create(types.AppServer, appServer(victim.namespace, { replicas: 1 }), { as: client });
      ({ uid = '' } = (await untilReady(victim.namespace)).metadata);
      // Whoever may view the namespace reads the uid.
      const seen = (await victim.viewer.json({
        method: 'GET',
        path: `/apis/apps/v1/namespaces/${victim.namespace}/deployments/shop`,
      })) as KubeObject;
      assert.equal(seen.metadata.ownerReferences?.[0]?.uid, uid);
    });
    after(async () => {
      await attacker[Symbol.asyncDispose]();
      await victim[Symbol.asyncDispose]();
    });

    async function isHarmless(): Promise<void> {
      const deployment = await reconcileAnew(victim.namespace);
      assert.deepEqual(imagesOf(deployment), [imageNames.runtime]);
      assert.ok(!JSON.stringify(deployment['spec']).includes(evil));
      await untilReady(victim.namespace);
    }

    async function remove(type: ResourceType, object: KubeObject): Promise<void> {
      const { namespace = '', name } = object.metadata;
      await merge(type, namespace, name, { metadata: { finalizers: null } }).catch(() => undefined);
      await destroy(type, namespace, name);
    }

    for (const [what, { type, object }] of Object.entries(forged)) {
      for (const finalizer of [false, true]) {
        test(`${what} in another namespace${finalizer ? ', which stays while it is deleted,' : ''} changes nothing`, async () => {
          const metadata = claim(attacker.namespace, 'shop', uid, finalizer);
          const whole = { apiVersion: type.apiVersion, kind: type.kind, metadata, ...object };
          const made = await create(type, whole, { as: attacker.editor });
          if (finalizer) await destroy(type, attacker.namespace, 'shop');
          await isHarmless();
          const now = await get(type, attacker.namespace, 'shop');
          // The garbage collector may have come to it, as its owner is not there. The operator has not.
          const managers = now?.metadata as { managedFields?: { manager: string }[] } | undefined;
          assert.ok(!(managers?.managedFields ?? []).some(({ manager }) => manager.startsWith('appserver-operator')));
          await remove(type, made);
        });
      }
    }

    for (const [what, { type, object }] of Object.entries(forged)) {
      test(`${what} in the same namespace changes nothing`, async () => {
        const metadata = claim(victim.namespace, 'forged', uid, true);
        const whole = { apiVersion: type.apiVersion, kind: type.kind, metadata, ...object };
        const made = await create(type, whole, { as: victim.editor });
        await destroy(type, victim.namespace, 'forged');
        await isHarmless();
        await remove(type, made);
      });
    }

    const mark = async (): Promise<void> => {
      const own = await deploymentOf(victim.namespace);
      await patch(types.Deployment, own, { metadata: { annotations: marks } }, { as: victim.editor });
    };

    test('annotations that somebody puts on the own Deployment bring no image into pods', async () => {
      await mark();
      await isHarmless();
    });

    test('one that comes and goes while the AppServer is reconciled changes nothing', async () => {
      const { type, object } = forged['a Deployment'];
      for (let round = 0; round < 5; round++) {
        const metadata = claim(attacker.namespace, 'shop', uid, true);
        const whole = { apiVersion: type.apiVersion, kind: type.kind, metadata, ...object };
        const [made] = await Promise.all([
          create(type, whole, { as: attacker.editor }),
          reconcileAnew(victim.namespace),
        ]);
        await Promise.all([destroy(type, attacker.namespace, 'shop'), reconcileAnew(victim.namespace)]);
        await isHarmless();
        await remove(type, made);
        await eventually('its name free', async () =>
          (await get(type, attacker.namespace, 'shop')) === undefined ? true : undefined,
        );
      }
    });

    test('none of it works on an operator that starts', async () => {
      const whole = (type: ResourceType, metadata: KubeObject['metadata'], object: object): KubeObject => ({
        ...{ apiVersion: type.apiVersion, kind: type.kind, metadata },
        ...object,
      });
      const made: [ResourceType, KubeObject][] = [];
      for (const { type, object } of Object.values(forged)) {
        const elsewhere = whole(type, claim(attacker.namespace, 'shop', uid, true), object);
        made.push([type, await create(type, elsewhere, { as: attacker.editor })]);
        await destroy(type, attacker.namespace, 'shop');
      }
      await mark();
      await restartOperator();
      await isHarmless();
      for (const [type, object] of made) await remove(type, object);
    });
  });
}

describe('what is noted of Secrets', { concurrency: 1 }, () => {
  let teams: readonly Tenant[];
  before(async () => {
    await installOperator();
    teams = [await tenant('a'), await tenant('z')];
  });
  after(async () => {
    for (const team of teams) await team[Symbol.asyncDispose]();
  });

  const password = 'hunter2';
  const data = { password: Buffer.from(password).toString('base64') };

  /** What a viewer sees of the Secret in the Deployment that uses it. */
  async function notedIn(team: Tenant): Promise<string> {
    const secret: KubeObject = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'db', namespace: team.namespace },
      data,
    };
    await create(types.Secret, secret, { as: client });
    const spec = { replicas: 0, envFrom: [{ secretRef: { name: 'db' } }] };
    await create(types.AppServer, appServer(team.namespace, spec), { as: client });
    return eventually('a note of the Secret', async () => {
      const path = `/apis/apps/v1/namespaces/${team.namespace}/deployments/shop`;
      const { metadata } = (await team.viewer.json({ method: 'GET', path })) as KubeObject;
      return metadata.annotations?.['appserver.dev/contents'];
    });
  }

  test('cannot be tried out by those who may view the namespace, nor compared with that of others', async () => {
    const [first = '', second = ''] = await Promise.all(teams.map(notedIn));
    const forms = [
      password,
      JSON.stringify(data),
      JSON.stringify(Object.entries(data)),
      JSON.stringify([Object.entries(data), []]),
    ];
    for (const form of forms) {
      const guess = createHash('sha256').update(form).digest('hex').slice(0, 12);
      assert.ok(!first.includes(guess), `the note is the hash of ${form}`);
    }
    const hashes = (note: string): string[] => note.match(/[0-9a-f]{16,}/g) ?? [];
    assert.ok(hashes(first).length > 0, first);
    for (const hash of hashes(first)) assert.ok(!hashes(second).includes(hash), 'equal Secrets are noted alike');
  });
});
