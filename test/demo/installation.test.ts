import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { describe, test } from 'node:test';
import { Interrupted, interruptible } from '../../e2e/cluster/interruption.ts';
import { Installation, type Left } from '../../scripts/demo/installation.ts';
import { referenceTo, runLabel, typeOf } from '../../scripts/demo/ledger.ts';
import { refusal } from '../../scripts/demo/refusal.ts';
import type { KubeObject } from '../../src/kube/index.ts';
import { FakeCluster } from './fake-cluster.ts';

const object = (apiVersion: string, kind: string, name: string, namespace?: string): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});

const crd = object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'appservers.appserver.dev');
const appServer = (name: string, namespace: string): KubeObject =>
  object('appserver.dev/v1alpha1', 'AppServer', name, namespace);
const planned: readonly KubeObject[] = [
  object('v1', 'Namespace', 'appserver-system'),
  object('v1', 'ServiceAccount', 'appserver-operator', 'appserver-system'),
  crd,
  object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'appserver-operator'),
  object('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', 'appserver-operator-pods'),
  object('apps/v1', 'Deployment', 'appserver-operator', 'appserver-system'),
  object('v1', 'Namespace', 'appserver-demo'),
  appServer('shop', 'appserver-demo'),
];

/** What is on the cluster before: of others, some of it under similar names. */
function clusterOfOthers(): FakeCluster {
  const cluster = new FakeCluster();
  cluster.put(object('v1', 'Namespace', 'default'));
  cluster.put(object('v1', 'ConfigMap', 'kube-root-ca.crt', 'default'));
  cluster.put(object('v1', 'Service', 'shop', 'default'));
  cluster.put(object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'appserver-operator-of-others'));
  return cluster;
}

function install(cluster: FakeCluster): Installation {
  return new Installation(cluster, {
    run: 'r1',
    release: 'appserver-operator',
    patienceMs: 0,
    pause: () => Promise.resolve(),
  });
}

/** The demonstration in short: looks, makes all, and in the end removes. Returns how making ended and what stayed. */
async function demonstrate(
  cluster: FakeCluster,
  signal = new AbortController().signal,
): Promise<{ ended: unknown; left: Left[] }> {
  const installation = install(cluster);
  let ended: unknown = 'made';
  try {
    await interruptible(signal, async () => {
      assert.deepEqual(await installation.conflicts(planned), []);
      for (const one of planned) {
        await installation.create(one);
        // What clusters put into each namespace.
        if (one.kind === 'Namespace') cluster.put(object('v1', 'ConfigMap', 'kube-root-ca.crt', one.metadata.name));
      }
    });
  } catch (error) {
    ended = error;
  }
  cluster.before = () => undefined;
  cluster.after = () => undefined;
  return { ended, left: await installation.remove() };
}

/** Requests until all is made. */
async function requestsToMake(): Promise<number> {
  const cluster = clusterOfOthers();
  const installation = install(cluster);
  await installation.conflicts(planned);
  for (const one of planned) await installation.create(one);
  return cluster.requests;
}

describe('the demo on a cluster of others', () => {
  test('makes what is planned and removes all of it', async () => {
    const cluster = clusterOfOthers();
    const before = cluster.listing();
    assert.deepEqual(await demonstrate(cluster), { ended: 'made', left: [] });
    assert.deepEqual(cluster.listing(), before);
  });

  const mishaps: Record<string, (cluster: FakeCluster, at: number, stop: AbortController) => void> = {
    'is interrupted before': (cluster, at, stop) => {
      cluster.before = (request) => request === at && stop.abort();
    },
    'is interrupted after': (cluster, at, stop) => {
      cluster.after = (request) => request === at && stop.abort();
    },
    'cannot send': (cluster, at) => {
      cluster.before = (request) => {
        if (request === at) throw new Error('connection refused');
      };
    },
    'gets no answer to': (cluster, at) => {
      cluster.after = (request) => {
        if (request === at) throw new Error('connection reset');
      };
    },
  };
  for (const [mishap, arrange] of Object.entries(mishaps)) {
    test(`leaves it as it was when it ${mishap} a request, whichever that is`, async () => {
      const count = await requestsToMake();
      assert.ok(count > 2 * planned.length);
      for (let at = 1; at <= count; at++) {
        const cluster = clusterOfOthers();
        const before = cluster.listing();
        const stop = new AbortController();
        arrange(cluster, at, stop);
        const { ended, left } = await demonstrate(cluster, stop.signal);
        // What is asked last needs nothing more to be made.
        assert.equal(ended instanceof Error || at <= count, true);
        if (stop.signal.aborted) assert.ok(ended instanceof Interrupted, `request ${at}: ${String(ended)}`);
        assert.deepEqual(left, [], `request ${at}`);
        assert.deepEqual(cluster.listing(), before, `request ${at}`);
      }
    });
  }

  test('refuses whichever of its objects is there, and changes nothing', async () => {
    for (const one of planned) {
      const cluster = clusterOfOthers();
      cluster.put(one);
      const before = cluster.listing();
      const conflicts = await install(cluster).conflicts(planned);
      const wanted = { kind: 'object', reference: referenceTo(one), from: 'others' };
      assert.deepEqual(conflicts[0], wanted);
      assert.deepEqual(cluster.listing(), before);
    }
  });

  test('refuses a Helm release of any namespace and AppServers of others', async () => {
    const cluster = clusterOfOthers();
    const secret = object('v1', 'Secret', 'sh.helm.release.v1.appserver-operator.v1', 'ops');
    cluster.put({
      ...secret,
      metadata: { ...secret.metadata, labels: { owner: 'helm', name: 'appserver-operator' } },
    });
    cluster.put(appServer('production', 'web'));
    assert.deepEqual(await install(cluster).conflicts(planned), [
      { kind: 'release', name: 'appserver-operator', namespace: 'ops' },
      { kind: 'appserver', name: 'production', namespace: 'web' },
    ]);
  });

  test('leaves what somebody makes between looking and making', async () => {
    for (const one of planned) {
      const cluster = clusterOfOthers();
      const installation = install(cluster);
      assert.deepEqual(await installation.conflicts(planned), []);
      const theirs = cluster.put(one);
      const before = cluster.listing();
      await assert.rejects(async () => {
        for (const each of planned) await installation.create(each);
      }, /was made by somebody else in the meantime/);
      const left = (await installation.remove()).map(({ reference }) => reference);
      assert.ok([...cluster.objects.values()].includes(theirs), one.kind);
      // It would go with these; all else of the demo's own is gone.
      const staysFor = (made: KubeObject): boolean => left.some((kept) => isDeepStrictEqual(kept, referenceTo(made)));
      const more = cluster.listing().filter((line) => !before.includes(line));
      assert.equal(more.length, planned.filter(staysFor).length, more.join());
    }
  });

  test('leaves what somebody has replaced', async () => {
    for (const one of planned) {
      const cluster = clusterOfOthers();
      const installation = install(cluster);
      for (const each of planned) await installation.create(each);
      cluster.delete(referenceTo(one));
      const theirs = cluster.put({ ...one, metadata: { ...one.metadata, labels: { [runLabel]: 'r1' } } });
      if (one.metadata.namespace !== undefined) continue; // it goes with its namespace, which is the demo's
      await installation.remove();
      assert.equal(cluster.objects.get(`${one.kind} ${one.metadata.name}`), theirs);
    }
  });

  test('leaves the CRD while there are AppServers of others, and says so', async () => {
    const cluster = clusterOfOthers();
    const installation = install(cluster);
    for (const each of planned) await installation.create(each);
    cluster.put(appServer('production', 'web'));
    const left = await installation.remove();
    assert.deepEqual(left, [
      {
        reference: referenceTo(crd),
        why: 'it would take with it what the demo did not make: AppServer production in namespace web',
      },
    ]);
    assert.ok(cluster.objects.has('AppServer production in namespace web'));
    assert.ok(!cluster.objects.has('Namespace appserver-system'));
  });

  test('leaves a namespace that somebody else uses, and removes its own from it', async () => {
    const cluster = clusterOfOthers();
    const installation = install(cluster);
    for (const each of planned) await installation.create(each);
    cluster.put(object('v1', 'ConfigMap', 'settings', 'appserver-system'));
    const [left, ...more] = await installation.remove();
    assert.deepEqual(more, []);
    assert.match(left?.why ?? '', /did not make: ConfigMap settings in namespace appserver-system$/);
    assert.ok(!cluster.objects.has('Deployment appserver-operator in namespace appserver-system'));
  });

  test('removes what was made because of its objects, though nobody collects it', async () => {
    const cluster = clusterOfOthers();
    const installation = install(cluster);
    for (const each of planned) await installation.create(each);
    const owned = (one: KubeObject, by: KubeObject | undefined): KubeObject => {
      const { apiVersion, kind, metadata } = by ?? assert.fail();
      const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' }];
      return cluster.put({ ...one, metadata: { ...one.metadata, ownerReferences } });
    };
    const shop = cluster.objects.get('AppServer shop in namespace appserver-demo');
    const deployment = owned(object('apps/v1', 'Deployment', 'shop', 'appserver-demo'), shop);
    owned(object('v1', 'Pod', 'shop-1', 'appserver-demo'), deployment);
    // It keeps the namespace, and goes on itself.
    const theirs = cluster.put(object('apps/v1', 'Deployment', 'theirs', 'appserver-demo'));
    owned(object('v1', 'Pod', 'theirs-1', 'appserver-demo'), theirs);
    assert.equal((await installation.remove()).length, 1);
    const left = [...cluster.objects.keys()].filter((key) => key.endsWith('appserver-demo'));
    assert.deepEqual(left.toSorted(), [
      'Deployment theirs in namespace appserver-demo',
      'Namespace appserver-demo',
      'Pod theirs-1 in namespace appserver-demo',
    ]);
  });

  test('reports what does not go', async () => {
    const cluster = clusterOfOthers();
    const installation = install(cluster);
    for (const each of planned) await installation.create(each);
    cluster.delete = () => undefined;
    const left = await installation.remove();
    assert.equal(left.length, planned.length);
    assert.match(left[0]?.why ?? '', /still being deleted/);
  });
});

test('the refusal says what there is, where, and what to do', () => {
  const deletion = 'kubectl --context prod delete all -l appserver.dev/demo';
  const text = refusal(
    [
      { kind: 'release', name: 'appserver-operator', namespace: 'appserver-system' },
      { kind: 'object', reference: referenceTo(crd), from: 'others' },
      { kind: 'appserver', name: 'production', namespace: 'web' },
    ],
    'the cluster of context prod',
    deletion,
  );
  for (const part of [
    'the cluster of context prod has these already',
    'Helm release appserver-operator in namespace appserver-system',
    'CustomResourceDefinition appservers.appserver.dev',
    'AppServer production in namespace web',
    'Nothing was changed.',
    '--context',
  ]) {
    assert.ok(text.includes(part), part);
  }
  assert.ok(!text.includes(deletion), 'nobody is told to delete what others have made');
  const own = refusal([{ kind: 'object', reference: referenceTo(crd), from: 'a demo' }], 'it', deletion);
  assert.ok(own.includes(deletion));
});

test('kinds are found under the names that the API server gives them', () => {
  const plurals = {
    Ingress: 'ingresses',
    NetworkPolicy: 'networkpolicies',
    ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
    ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
    Role: 'roles',
  };
  for (const [kind, plural] of Object.entries(plurals)) {
    assert.equal(typeOf({ apiVersion: 'v1', kind, name: 'x' }).plural, plural);
  }
});
