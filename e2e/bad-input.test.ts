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
}

const cases: Record<string, Case> = {
  'an image that does not exist': {
    spec: { image: 'localhost/appserver/nothing:9', imagePullPolicy: 'Never' },
    reason: 'ImagePullFailed',
    says: /1 of 1 pod: ErrImageNeverPull: localhost\/appserver\/nothing:9: .*; see spec\.image: correct it, or add the pull secret/,
  },
  'an image name that is none': {
    spec: { image: 'Not An Image' },
    reason: 'ImagePullFailed',
    says: /1 of 1 pod: InvalidImageName: Not An Image: .*; see spec\.image: correct it/,
  },
  'a pod template that sets what the operator sets': {
    spec: { podTemplate: { spec: { containers: [{ name: 'app', command: ['sh'] }] } } },
    reason: 'PodTemplateConflict',
    says: /spec\.podTemplate\.spec\.containers\[app\]\.command is set by the operator itself; remove it there/,
  },
  'a pod template that no pod can have': {
    spec: { podTemplate: { spec: { restartPolicy: 'Sometimes' } } },
    reason: 'ChildInvalid',
    says: /Deployment shop is refused: .*restartPolicy.*; correct the field of the AppServer's spec/,
  },
  'a module that does not exist': {
    spec: { app: { wsgi: 'shpo:app' } },
    reason: 'PodsCrashing',
    says: /1 of 1 pod: APP_NOT_FOUND: there is no module shpo in \/app\. Correct the name \(module:attribute\) in spec\.app/,
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
    reason: 'ContainerConfigInvalid',
    says: /container app cannot be made: secret "nowhere" not found; see spec\.env/,
  },
  'more memory than any node has': {
    spec: { resources: { requests: { memory: '900Gi' } } },
    reason: 'Unschedulable',
    says: /1 of 1 pod: no node takes the pod: .*Insufficient memory.*; lower spec\.resources\.requests or add nodes/,
  },
  'a quota of pods that is used up': {
    spec: {},
    quota: { pods: '0' },
    reason: 'QuotaExceeded',
    says: /The namespace's quota refuses pods: .*exceeded quota: small.*; raise the ResourceQuota, or lower spec\.replicas/,
  },
  'a quota of Services that is used up': {
    spec: {},
    quota: { services: '0' },
    reason: 'QuotaExceeded',
    says: /Service shop is refused by the namespace's quota: .*exceeded quota: small.*; raise the ResourceQuota/,
  },
  'a working directory that is not there': {
    spec: { app: { wsgi: 'shop:app', workingDir: '/srv/nowhere' } },
    reason: 'PodsCrashing',
    says: /WORKING_DIR_MISSING: there is no directory \/srv\/nowhere\. Correct spec\.app\.workingDir/,
  },
  'a field that the API server refuses in a child': {
    spec: { env: [{ name: 'A B=', value: 'x' }] },
    reason: 'ChildInvalid',
    says: /Deployment shop is refused: .*env.*; correct the field of the AppServer's spec/,
  },
};

describe('bad input', () => {
  before(() => installOperator());

  describe('ends in a condition and an event that say what to do', { concurrency: 4 }, () => {
    for (const [name, { spec, reason, says, quota }] of Object.entries(cases)) {
      test(name, async () => {
        await using ns = await namespace();
        if (quota !== undefined) {
          await applyAs(types.ResourceQuota, {
            apiVersion: 'v1',
            kind: 'ResourceQuota',
            metadata: { name: 'small', namespace: ns.name },
            spec: { hard: quota },
          });
        }
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
      problem.message,
      /The namespace's Pod Security level refuses pods: .*violates PodSecurity "restricted:latest".*; change what it names in the spec/,
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
