// What is kept of a pod: enough to say what stands in its way, and little enough for thousands of them.
import { z } from 'zod';
import type { KubeObject } from '../../kube/objects.ts';
import { observedConditions } from './observed-conditions.ts';

const containerStatus = z.looseObject({
  name: z.string(),
  image: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.int(),
  state: z
    .looseObject({
      waiting: z.looseObject({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      terminated: z
        .looseObject({ exitCode: z.int(), reason: z.string().optional(), message: z.string().optional() })
        .optional(),
      running: z.looseObject({ startedAt: z.string().nullable().optional() }).optional(),
    })
    .optional(),
  lastState: z
    .looseObject({
      terminated: z
        .looseObject({ exitCode: z.int(), reason: z.string().optional(), message: z.string().optional() })
        .optional(),
    })
    .optional(),
});

const podSchema = z.looseObject({
  metadata: z.looseObject({ creationTimestamp: z.string().nullable().optional() }),
  spec: z.looseObject({
    serviceAccountName: z.string().optional(),
    containers: z.array(z.looseObject({ name: z.string(), image: z.string() })),
    initContainers: z
      .array(z.looseObject({ name: z.string(), image: z.string(), restartPolicy: z.string().optional() }))
      .default([]),
    volumes: z
      .array(z.looseObject({ configMap: z.looseObject({ name: z.string().optional() }).optional() }))
      .default([]),
    readinessGates: z.array(z.looseObject({ conditionType: z.string() })).default([]),
    schedulingGates: z.array(z.looseObject({ name: z.string() })).default([]),
    nodeName: z.string().optional(),
  }),
  status: z
    .looseObject({
      phase: z.string().optional(),
      reason: z.string().optional(),
      message: z.string().optional(),
      podIP: z.string().optional(),
      conditions: observedConditions,
      initContainerStatuses: z.array(containerStatus).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
});

interface Ended {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
}

export interface ContainerView {
  readonly name: string;
  readonly image: string;
  /** Whether the pod starts no other container before this one has ended: an init container that is no sidecar. */
  readonly runsFirst: boolean;
  /** As its probes say; true of one that has run first. */
  readonly ready: boolean;
  readonly restarts: number;
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** Milliseconds since 1970; undefined while it does not run. */
  readonly runningSince: number | undefined;
  /** How it ended, now or the last time. */
  readonly ended: Ended | undefined;
  /** Whether it has ended and was not started again yet, because kubelet waits before it does. */
  readonly down: boolean;
}

/** Why a pod is over, as kubelet, the scheduler or a controller has put it. */
interface PodFailure {
  /** `Evicted`, for one. */
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since 1970, as far as the pod's conditions say. */
  readonly at: number | undefined;
}

export interface PodView {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the ServiceAccount that it runs as. */
  readonly serviceAccount: string;
  /** Names of the ConfigMaps that it mounts. */
  readonly configMaps: readonly string[];
  /** Undefined until it has one. */
  readonly address: string | undefined;
  /** Whether it ends, or has ended for good: it serves no more, and others have taken its place. */
  readonly terminating: boolean;
  /** Whether all of its containers have ended for good; such pods stay until they are collected, which may take days. */
  readonly over: boolean;
  /** Why it is over; undefined for one that is not, or that has succeeded. */
  readonly failure: PodFailure | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Value of the label pod-template-hash: the same for all pods of one revision. */
  readonly revision: string;
  readonly ready: boolean;
  /** Readiness gates that keep a pod from being ready whose containers all are. */
  readonly unmetGates: readonly string[];
  /** Scheduling gates that it still has: no scheduler looks at it before they are gone. */
  readonly schedulingGates: readonly string[];
  /** Whether no scheduler has looked at it yet. */
  readonly ignored: boolean;
  /** Why no node takes it. */
  readonly unschedulable: string | undefined;
  readonly containers: readonly ContainerView[];
}

type ContainerStatus = z.output<typeof containerStatus>;
type PodStatus = z.output<typeof podSchema>['status'];
type Conditions = NonNullable<PodStatus['conditions']>;

/** Undefined for what is no time. */
function milliseconds(time: string | null | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

const isTrue = (conditions: Conditions, type: string): boolean =>
  conditions.some((one) => one.type === type && one.status === 'True');

function failureOf({ phase, reason, message, conditions = [] }: PodStatus): PodFailure | undefined {
  if (phase !== 'Failed') return undefined;
  const disrupted = conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  const times = conditions.flatMap(({ lastTransitionTime }) => milliseconds(lastTransitionTime) ?? []);
  return {
    reason: reason ?? disrupted?.reason ?? '',
    message: message ?? disrupted?.message ?? '',
    at: times.length === 0 ? undefined : Math.max(...times),
  };
}

interface InSpec {
  readonly image: string;
  readonly runsFirst: boolean;
}

function containerView(status: ContainerStatus, specs: ReadonlyMap<string, InSpec>): ContainerView {
  const { name, ready, restartCount, state: { waiting, running, terminated } = {}, lastState = {} } = status;
  const ended = terminated ?? lastState.terminated;
  // The image as the spec names it: the status has what it was resolved to.
  const { image, runsFirst } = specs.get(name) ?? { image: status.image, runsFirst: false };
  return {
    name,
    image,
    runsFirst,
    ready,
    restarts: restartCount,
    waiting: waiting && { reason: waiting.reason ?? '', message: waiting.message ?? '' },
    runningSince: milliseconds(running?.startedAt),
    ended: ended && { exitCode: ended.exitCode, reason: ended.reason ?? '', message: ended.message ?? '' },
    down: terminated !== undefined || waiting?.reason === 'CrashLoopBackOff',
  };
}

function unschedulable(conditions: Conditions): string | undefined {
  const scheduled = conditions.find((one) => one.type === 'PodScheduled');
  return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable' ? (scheduled.message ?? '') : undefined;
}

export function podView(object: KubeObject): PodView {
  const { metadata, spec, status } = podSchema.parse(object);
  const { podIP: address, phase, conditions = [] } = status;
  const over = phase === 'Failed' || phase === 'Succeeded';
  const specs = new Map<string, InSpec>([
    ...spec.initContainers.map(
      ({ name, image, restartPolicy }) => [name, { image, runsFirst: restartPolicy !== 'Always' }] as const,
    ),
    ...spec.containers.map(({ name, image }) => [name, { image, runsFirst: false }] as const),
  ]);
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    labels: object.metadata.labels ?? {},
    serviceAccount: spec.serviceAccountName ?? '',
    configMaps: spec.volumes.map((volume) => volume.configMap?.name).filter((name) => name !== undefined),
    address: address === '' ? undefined : address,
    terminating: over || object.metadata.deletionTimestamp !== undefined,
    over,
    failure: failureOf(status),
    createdAt: milliseconds(metadata.creationTimestamp) ?? 0,
    revision: object.metadata.labels?.['pod-template-hash'] ?? '',
    ready: isTrue(conditions, 'Ready'),
    unmetGates: isTrue(conditions, 'ContainersReady')
      ? spec.readinessGates.map((gate) => gate.conditionType).filter((type) => !isTrue(conditions, type))
      : [],
    schedulingGates: spec.schedulingGates.map(({ name }) => name),
    ignored: spec.nodeName === undefined && conditions.every(({ type }) => type !== 'PodScheduled'),
    unschedulable: unschedulable(conditions),
    containers: [...status.initContainerStatuses, ...status.containerStatuses].map((one) => containerView(one, specs)),
  };
}
