// What a status says of pods that run and are not ready, and when.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerView } from '../../../src/operator/model/pod.ts';
import { workerView } from '../../../src/operator/model/worker-status.ts';
import type { Facts } from '../../../src/operator/model/facts.ts';
import { notReadyTellsIn } from '../../../src/operator/status/not-ready.ts';
import { appServer, container, facts, pod } from '../../builders.ts';
import { starting, statusOf } from './situations.ts';

const now = facts({}).now;
const ago = (seconds: number): number => now.getTime() - seconds * 1_000;

const app = (seconds: number): ContainerView => container({ runningSince: ago(seconds) });

interface Given {
  readonly spec?: object;
  readonly containers: readonly ContainerView[];
  /** What the pod's runtime says. */
  readonly runtime?: object;
}

function given({ spec = {}, containers, runtime }: Given): Facts {
  const view = workerView(runtime, undefined, false);
  return facts({
    app: appServer(spec),
    children: [starting],
    pods: [pod('shop-a', { containers })],
    workers: new Map(view === undefined ? [] : [['shop-a', view]]),
  });
}

const said = (ready: number, lastFailure: string | null = null): object => ({
  workers: { desired: 4, ready },
  restarts: {},
  lastFailure,
});

const logShipper = container({ name: 'log', runningSince: ago(30) });
const waitsForDatabase = container({ name: 'wait', runsFirst: true, runningSince: ago(30) });

const told: Record<string, readonly [given: Given, says: string]> = {
  'whose workers boot': [{ containers: [app(21)], runtime: said(0) }, '0 of 4 workers ready'],
  'whose workers fail': [
    { containers: [app(30)], runtime: said(0, 'BOOT_TIMEOUT') },
    '0 of 4 workers ready; the last failure is BOOT_TIMEOUT',
  ],
  'of which more workers are to be ready': [
    { spec: { workers: { count: 4 }, probes: { readyWorkers: 3 } }, containers: [app(30)], runtime: said(2) },
    '2 of 4 workers ready',
  ],
  'whose application does not answer its check': [
    { spec: { probes: { path: '/healthz' } }, containers: [app(30)], runtime: said(1) },
    'enough workers are ready, but GET /healthz (spec.probes.path) has not been answered with a status below 400',
  ],
  'that nobody has asked yet': [
    { containers: [app(30)] },
    'container app is running, but its probes have not succeeded',
  ],
  'of which a sidecar is not ready': [
    { containers: [{ ...app(30), ready: true }, logShipper], runtime: said(4) },
    'container log is running, but its probes have not succeeded',
  ],
  'whose init container runs on': [
    { containers: [waitsForDatabase, container({ waiting: { reason: 'PodInitializing', message: '' } })] },
    'init container wait is still running',
  ],
};

const silent: Record<string, readonly [given: Given, tellsIn: number | undefined]> = {
  'has just begun to run': [{ containers: [app(5)], runtime: said(0) }, 15_000],
  'does not run yet': [{ containers: [container()] }, undefined],
  'has run its init container, and now its application': [
    { containers: [container({ name: 'wait', runsFirst: true, ready: true }), app(1)] },
    19_000,
  ],
};

describe('of a pod', () => {
  for (const [name, [about, says]] of Object.entries(told)) {
    test(`${name} it is said what it waits for, and no alarm is raised`, () => {
      const { conditions = [] } = statusOf(given(about));
      const ready = conditions.find(({ type }) => type === 'Ready');
      assert.deepEqual([ready?.status, ready?.reason], ['False', 'PodsNotReady']);
      assert.equal(ready?.message, `0 of 2 pods ready. Pod shop-a: ${says}.`);
      assert.equal(conditions.find(({ type }) => type === 'Degraded')?.status, 'False');
    });
  }

  for (const [name, [about, tellsIn]] of Object.entries(silent)) {
    test(`that ${name} nothing is said yet`, () => {
      const ready = statusOf(given(about)).conditions?.find(({ type }) => type === 'Ready');
      assert.equal(ready?.message, '0 of 2 pods ready.');
      assert.equal(notReadyTellsIn(given(about)), tellsIn);
    });
  }
});
