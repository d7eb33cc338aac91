// What a user reads when something is wrong: each time the field or object, the cause and the remedy, and nothing else
// breaks.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { findProblem } from '../src/operator/status/problems.ts';
import { imageNames } from '../scripts/images.ts';
import { testImageNames } from '../scripts/test-images.ts';
import { appServer as exampleApp, facts, ownedBy } from '../test/builders.ts';
import { applyAs, eventually, get, merge, types } from './harness/api.ts';
import {
  appServer,
  condition,
  create,
  eventsOf,
  namespace,
  restricted,
  serviceUrl,
  untilReady,
  untilReason,
} from './harness/appserver.ts';
import { installOperator } from './harness/operator.ts';

interface Case {
  readonly spec: object;
  readonly reason: string;
  /** What the condition says. */
  readonly says: RegExp;
  readonly quota?: Record<string, string>;
  /** Does what the sentence says; the pods run then. */
  readonly remedy?: (inNamespace: string) => Promise<void>;
}

const putSecret = (inNamespace: string, name: string): Promise<void> =>
  applyAs(types.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: inNamespace },
    stringData: { A: 'x' },
  });

async function setQuota(inNamespace: string, hard: Record<string, string>): Promise<void> {
  const metadata = { name: 'small', namespace: inNamespace };
  await applyAs(types.ResourceQuota, { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard } });
}

const change = (inNamespace: string, spec: object): Promise<void> =>
  merge(types.AppServer, inNamespace, 'shop', { spec });

const cases: Record<string, Case> = {
  'an image that does not exist': {
    spec: { image: 'localhost/appserver/nothing:9', imagePullPolicy: 'Never' },
    reason: 'ImagePullFailed',
    says: /image localhost\/appserver\/nothing:9 of container app is not on the node and is never pulled; load it there, or change spec\.imagePullPolicy/,
  },
  'an image of a registry that cannot be reached': {
    spec: { image: 'localhost/appserver/nothing:9', imagePullPolicy: 'Always' },
    reason: 'ImagePullFailed',
    says: /container app cannot be pulled: .*connection refused; check that the nodes can reach the registry, or correct spec\.image; the kubelet retries/,
  },
  'an image name that is none': {
    spec: { image: 'Not An Image' },
    reason: 'ImagePullFailed',
    says: /image Not An Image of container app cannot be pulled: InvalidImageName: .*; correct spec\.image/,
  },
  'a pod template that sets what the operator sets': {
    spec: { podTemplate: { spec: { containers: [{ name: 'app', command: ['sh'] }] } } },
    reason: 'PodTemplateConflict',
    says: /spec\.podTemplate\.spec\.containers\[app\]\.command is set by the operator itself; remove it, and use spec\.app instead/,
  },
  'a pod template that no pod can have': {
    spec: { podTemplate: { spec: { restartPolicy: 'Sometimes' } } },
    reason: 'ApplyRejected',
    says: /Deployment shop is rejected: \[?spec\.podTemplate\.spec\.restartPolicy: .*; correct that field/,
  },
  'a module that does not exist': {
    spec: { app: { wsgi: 'shpo:app' } },
    reason: 'PodsCrashing',
    says: /APP_NOT_FOUND: there is no module shpo in \/app\. Correct the name \(module:attribute\) in spec\.app/,
  },
  'a module that does not import': {
    spec: { image: testImageNames.second, app: { wsgi: 'broken:app' } },
    reason: 'PodsCrashing',
    says: /APP_IMPORT_FAILED: importing broken failed: No module named 'no_such_package'\. The traceback in the container log/,
  },
  'an attribute that is not there': {
    spec: { app: { wsgi: 'shop:application' } },
    reason: 'PodsCrashing',
    says: /APP_NOT_CALLABLE: shop:application: .*\. Name an attribute of the module that is the application/,
  },
  'a worker that dies at once': {
    spec: { app: { wsgi: 'os:_exit(7)' } },
    reason: 'PodsCrashing',
    says: /WORKER_EXITED: the worker ended with exit code 7\. The container log shows/,
  },
  'a Secret that is not there': {
    spec: { envFrom: [{ secretRef: { name: 'nowhere' } }] },
    reason: 'SecretNotFound',
    says: /Secret nowhere, which spec\.envFrom\[0\] needs, does not exist; create it in namespace t\S+, or correct spec\.envFrom\[0\]/,
    remedy: (inNamespace) => putSecret(inNamespace, 'nowhere'),
  },
  'a Secret of a volume that is not there': {
    spec: {
      volumes: [{ name: 'tls', secret: { secretName: 'nowhere' } }],
      volumeMounts: [{ name: 'tls', mountPath: '/tls' }],
    },
    reason: 'SecretNotFound',
    says: /Secret nowhere, which spec\.volumes\[tls\] needs, does not exist; create it in namespace t\S+, or correct spec\.volumes\[tls\]/,
    remedy: (inNamespace) => change(inNamespace, { volumes: [{ name: 'tls', emptyDir: {} }] }),
  },
  'a node selector that no node matches': {
    spec: { podTemplate: { spec: { nodeSelector: { disk: 'fast' } } } },
    reason: 'NoMatchingNode',
    says: /no node fits the pod: .*didn't match Pod's node affinity\/selector.*; correct nodeSelector or affinity in spec\.podTemplate\.spec, or label a node/,
    remedy: (inNamespace) => change(inNamespace, { podTemplate: null }),
  },
  'a volume claim that is not there': {
    spec: {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'nowhere' } }],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    },
    reason: 'VolumeClaimNotFound',
    says: /PersistentVolumeClaim nowhere does not exist; create it in the namespace of the AppServer, or correct the volume that names it/,
    remedy: (inNamespace) => change(inNamespace, { volumes: [{ name: 'data', emptyDir: {} }] }),
  },
  'more memory than any node has': {
    spec: { resources: { requests: { memory: '900Gi' } } },
    reason: 'InsufficientResources',
    says: /no node fits the pod: .*Insufficient memory.*; lower spec\.resources\.requests or add nodes/,
    remedy: (inNamespace) => change(inNamespace, { resources: { requests: { memory: '64Mi' } } }),
  },
  'a quota of pods that is used up': {
    spec: {},
    quota: { pods: '0' },
    reason: 'QuotaExceeded',
    says: /Pods are rejected by the namespace's quota: exceeded quota: small.*; raise ResourceQuota small, or lower spec\.replicas/,
    remedy: (inNamespace) => setQuota(inNamespace, { pods: '4' }),
  },
  'a quota of Services that is used up': {
    spec: {},
    quota: { services: '0' },
    reason: 'QuotaExceeded',
    says: /Service shop is rejected by the namespace's quota: exceeded quota: small.*; raise ResourceQuota small/,
    remedy: (inNamespace) => setQuota(inNamespace, { services: '4' }),
  },
  'a working directory that is not there': {
    spec: { app: { wsgi: 'shop:app', workingDir: '/srv/nowhere' } },
    reason: 'PodsCrashing',
    says: /WORKING_DIR_MISSING: there is no directory \/srv\/nowhere\. Correct spec\.app\.workingDir/,
  },
  'a field that the API server refuses in a child': {
    spec: { env: [{ name: 'A B=', value: 'x' }] },
    reason: 'ApplyRejected',
    says: /Deployment shop is rejected: spec\.env\[A B=\]\.name: .*; correct that field/,
  },
};

describe('bad input', () => {
  before(() => installOperator());

  describe('ends in a condition and an event that say what to do', { concurrency: 4 }, () => {
    for (const [name, { spec, reason, says, quota, remedy }] of Object.entries(cases)) {
      test(name, async () => {
        await using ns = await namespace();
        if (quota !== undefined) await setQuota(ns.name, quota);
        await create(appServer(ns.name, { replicas: 1, ...spec }));
        const { message } = await untilReason(ns.name, reason);
        assert.match(message, says);
        const degraded = condition(await get(types.AppServer, ns.name, 'shop'), 'Degraded');
        assert.equal(degraded?.status, 'True');
        await eventually('the event', async () =>
          (await eventsOf(ns.name)).find(
            (event) => event.type === 'Warning' && event.reason === reason && says.test(event.note),
          ),
        );
        if (remedy === undefined) return;
        await remedy(ns.name);
        await untilReady(ns.name);
      });
    }
  });

  // An AppServer's own pods always meet the restricted level; webhooks that change pods can break it. So what the API
  // server says of a Deployment that breaks it is read here in an AppServer's place.
  test('a Pod Security level that refuses the pods, as the API server words it', async () => {
    await using ns = await namespace(restricted);
    const labels = { app: 'bare' };
    await applyAs(types.Deployment, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'bare', namespace: ns.name },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: imageNames.flask }] } },
      },
    });
    const problem = await eventually('the refusal', async () => {
      const deployment = await get(types.Deployment, ns.name, 'bare');
      if (deployment === undefined) return undefined;
      return findProblem(facts({ children: [ownedBy(exampleApp(), { ...deployment, kind: 'Deployment' })] }));
    });
    assert.equal(problem.reason, 'PodSecurityViolated');
    assert.match(
      problem.cause,
      /Pods are rejected by the namespace's Pod Security level: violates PodSecurity "restricted:latest".*; correct what it names in/,
    );
  });

  test('a bad revision leaves the pods of the good one serving, and mending it mends the AppServer', async () => {
    await using ns = await namespace();
    await create(appServer(ns.name));
    await untilReady(ns.name);
    const url = await serviceUrl(ns.name);
    await merge(types.AppServer, ns.name, 'shop', { spec: { app: { wsgi: 'shpo:app' } } });
    await untilReason(ns.name, 'PodsCrashing');
    assert.equal((await fetch(url)).status, 200);
    await merge(types.AppServer, ns.name, 'shop', { spec: { app: { wsgi: 'shop:app' } } });
    const mended = await untilReady(ns.name);
    assert.equal(condition(mended, 'Degraded')?.status, 'False');
  });
});
