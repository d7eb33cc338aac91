// Objects for tests, with what a case does not care about filled in.
import { appServerSchema, type AppServer } from '../src/api/index.ts';
import type { KubeObject } from '../src/kube/index.ts';
import { desired } from '../src/operator/children/desired.ts';
import { podsOf } from '../src/operator/children/pinned-release.ts';
import type { Pods } from '../src/operator/children/pod.ts';
import type { Child, Facts } from '../src/operator/model/facts.ts';
import { childrenOf } from '../src/operator/model/identity.ts';
import { childKinds } from '../src/operator/model/kinds.ts';
import { newestLayout } from '../src/operator/model/layout.ts';
import type { ContainerView, PodView } from '../src/operator/model/pod.ts';
import type { OwnRelease } from '../src/operator/model/release.ts';
import { noCounters } from '../src/runtime/machine/accounting.ts';
import type { Settings } from '../src/runtime/machine/state.ts';

/** @param spec merged over the least that an AppServer needs */
export function appServer(spec: object = {}, rest: object = {}): AppServer {
  return appServerSchema.parse({
    apiVersion: 'appserver.dev/v1alpha1',
    kind: 'AppServer',
    metadata: { name: 'shop', namespace: 'web', uid: 'uid-1', generation: 3 },
    spec: { image: 'registry.example.com/shop:1.4.2', app: { wsgi: 'shop.wsgi:application' }, ...spec },
    ...rest,
  });
}

export const release: OwnRelease = {
  runtimeImage: 'registry.example.com/runtime:0.2.0',
  runtimeImagePullPolicy: undefined,
  proxyImage: 'nginx:1.28',
  layout: newestLayout,
  earlierImages: new Set(),
};

export interface Given extends Partial<Omit<Facts, 'children' | 'terminating'>> {
  /** As the API server has them; those that are not the AppServer's are none of its children. */
  readonly children?: readonly KubeObject[];
}

/** An object that a test needs as a child of the AppServer in `appServer()`. */
export function ownedBy(app: AppServer, object: KubeObject): KubeObject {
  const { name, namespace, uid } = app.metadata;
  const { apiVersion, kind } = app;
  const ownerReferences = [{ apiVersion, kind, name, uid, controller: true }];
  return { ...object, metadata: { ...object.metadata, namespace, ownerReferences } };
}

/** As a child is stored that the operator has applied. */
export function stored(child: KubeObject): KubeObject {
  const uid = `${child.kind}-${child.metadata.name}`;
  return { appliedAt: 1_700_000_000, ...child, metadata: { resourceVersion: '7', ...child.metadata, uid } };
}

export function facts({ children = [], ...changes }: Given = {}): Facts {
  const served = new Set(childKinds);
  const { app = appServer() } = changes;
  const { living, terminating } = childrenOf(children, app);
  return {
    app,
    release,
    claim: undefined,
    children: living,
    terminating,
    pods: [],
    workers: new Map(),
    missing: { references: [], pullSecrets: [] },
    served,
    restart: { contents: undefined, mark: undefined },
    now: new Date('2026-01-02T03:04:05.678Z'),
    ...changes,
  };
}

/** The pods that an AppServer of a test is to have, whose spec.podTemplate sets nothing of ours. */
export function podsIn(given: Facts): Pods {
  const pods = podsOf(given);
  if (pods.kind === 'conflict') throw new Error(`spec.podTemplate.${pods.path} is the operator's`);
  return pods;
}

/** The children that an AppServer of a test is to have, as podsIn(). */
export const childrenIn = (given: Facts): Child[] => desired(given, podsIn(given));

export function container(changes: Partial<ContainerView> = {}): ContainerView {
  return {
    name: 'app',
    image: 'registry.example.com/shop:1.4.2',
    runsFirst: false,
    ready: false,
    restarts: 0,
    waiting: undefined,
    runningSince: undefined,
    ended: undefined,
    down: false,
    ...changes,
  };
}

export function pod(name: string, changes: Partial<PodView> = {}): PodView {
  return {
    namespace: 'web',
    name,
    labels: {},
    serviceAccount: 'shop.appserver',
    configMaps: [],
    address: '10.0.0.1',
    terminating: false,
    over: false,
    failure: undefined,
    createdAt: 0,
    revision: '',
    ready: false,
    unmetGates: [],
    schedulingGates: [],
    ignored: false,
    unschedulable: undefined,
    containers: [container()],
    ...changes,
  };
}

/** Of a worker that has ended without having counted anything. */
export const nothingLeft = { oomKills: 0, left: { counters: noCounters, connections: 0 } };

export const settings: Settings = {
  workers: 2,
  readyWorkers: 1,
  bootTimeoutMs: 5_000,
  heartbeatTimeoutMs: 3_000,
  requestTimeoutMs: 2_000,
  gracefulTimeoutMs: 4_000,
  drainMinimumMs: 1_000,
  drainMaximumMs: 6_000,
  recycle: { requests: 0, jitter: 0, memoryBytes: undefined, lifetimeMs: 0 },
  kind: { overdue: 'abort', heartbeat: 'always', ready: 'when-told', hookBeforeStop: false },
  afterFailedStart: 'retry',
};
