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

/** The victim's children as the attacker writes them: what a viewer reads, with an image of the attacker's. */
const forged = {
  'a Deployment': {
    type: types.Deployment,
    likeness: ({ spec }: KubeObject): object => ({
      spec: { ...(JSON.parse(withEvil(spec)) as object), replicas: 0 },
    }),
  },
  'a ConfigMap': {
    type: types.ConfigMap,
    likeness: (): object => ({ data: { 'config.json': '{"app":{"command":"evil"}}' } }),
  },
  'a Service': {
    type: types.Service,
    likeness: (): object => ({ spec: { ports: [{ name: 'http', port: 80 }] } }),
  },
} as const satisfies Record<string, { type: ResourceType; likeness: (deployment: KubeObject) => object }>;

/** What the operator would make if it took the attacker's image for its own. */
function withEvil(spec: unknown): string {
  return JSON.stringify(spec).replaceAll(imageNames.runtime, evil);
}

interface Claim {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** With a finalizer of the attacker's, so that it stays with a deletionTimestamp. */
  readonly stays: boolean;
}

function claim({ namespace, name, uid, stays }: Claim): KubeObject['metadata'] {
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
    ...(stays && { finalizers: ['example.com/stay'] }),
  };
}

const kinds = Object.keys(forged) as (keyof typeof forged)[];

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

    /** Made by an editor of the namespace, and deleted where it is to stay all the same. */
    async function forge(what: keyof typeof forged, by: Tenant, name: string, stays: boolean): Promise<KubeObject> {
      const { type, likeness } = forged[what];
      const { apiVersion, kind } = type;
      const metadata = claim({ namespace: by.namespace, name, uid, stays });
      const whole = { apiVersion, kind, metadata, ...likeness(await deploymentOf(victim.namespace)) };
      const made = await create(type, whole, { as: by.editor });
      if (stays) await destroy(type, by.namespace, name);
      return made;
    }

    for (const what of kinds) {
      for (const stays of [false, true]) {
        const how = stays ? ', which stays while it is deleted,' : '';
        test(`${what} in another namespace${how} changes nothing`, async () => {
          const made = await forge(what, attacker, 'shop', stays);
          await isHarmless();
          const now = await get(forged[what].type, attacker.namespace, 'shop');
          // The garbage collector may have come to it, as its owner is not there. The operator has not.
          const managers = now?.metadata as { managedFields?: { manager: string }[] } | undefined;
          assert.ok(!(managers?.managedFields ?? []).some(({ manager }) => manager.startsWith('appserver-operator')));
          await remove(forged[what].type, made);
        });
      }

      test(`${what} in the same namespace changes nothing`, async () => {
        const made = await forge(what, victim, 'forged', true);
        await isHarmless();
        await remove(forged[what].type, made);
      });
    }

    const mark = async (): Promise<void> => {
      const own = await deploymentOf(victim.namespace);
      const change = { metadata: { annotations: marks }, spec: JSON.parse(withEvil(own['spec'])) as object };
      await patch(types.Deployment, own, change, { as: victim.editor });
    };

    test('an image that somebody writes into the own Deployment does not stay, whatever its annotations say', async () => {
      await mark();
      await isHarmless();
    });

    test('one that comes and goes while the AppServer is reconciled changes nothing', async () => {
      for (let round = 0; round < 5; round++) {
        const [made] = await Promise.all([
          forge('a Deployment', attacker, 'shop', true),
          reconcileAnew(victim.namespace),
        ]);
        await isHarmless();
        await remove(types.Deployment, made);
        await eventually('its name free', async () =>
          (await get(types.Deployment, attacker.namespace, 'shop')) === undefined ? true : undefined,
        );
      }
    });

    test('none of it works on an operator that starts', async () => {
      const made: KubeObject[] = [];
      for (const what of kinds) made.push(await forge(what, attacker, 'shop', true));
      await mark();
      await restartOperator();
      await isHarmless();
      for (const object of made) await remove(types[object.kind as 'Deployment'], object);
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
