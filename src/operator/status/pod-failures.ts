// Why pods are over as a whole, in the words of kubelet, of the scheduler or of a controller, and what helps when one after the
// other is.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/eviction/helpers.go, and lifecycle/predicate.go
import { reasons, type AppServer } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import type { PodView } from '../model/pod.ts';
import { containerFields } from './containers.ts';
import { quoted, type Problem } from './problem.ts';
import { volumeField } from './user-path.ts';

/** For so long a pod that failed says something about those that take its place. */
const recentMs = 10 * 60_000;
/** A node that is drained or under pressure takes one, and nothing is wrong with the AppServer. */
const manyFailures = 3;

/** Pods of the newest revision that have failed of late, the last one last. */
function failedPods({ pods, now }: Facts): PodView[] {
  const newest = pods.reduce<PodView | undefined>(
    (last, pod) => (last === undefined || pod.createdAt > last.createdAt ? pod : last),
    undefined,
  );
  // One that its node has rejected has no condition.
  const failedAt = ({ failure, createdAt }: PodView): number => failure?.at ?? createdAt;
  return pods
    .filter((pod) => pod.failure !== undefined && pod.revision === newest?.revision)
    .filter((pod) => now.getTime() - failedAt(pod) < recentMs)
    .toSorted((a, b) => failedAt(a) - failedAt(b));
}

/** `Evicted: Pod ephemeral local storage usage exceeds the total limit of containers 50Mi` */
function failureText({ failure }: PodView): string {
  const text = [failure?.reason ?? '', quoted(failure?.message ?? '')].filter((one) => one !== '').join(': ');
  return text === '' ? 'failed' : text;
}

/** What ended the last pod, while its place is not taken yet; empty when there is none. */
export function lastFailure(facts: Facts): string {
  const last = failedPods(facts).at(-1);
  return last === undefined ? '' : ` Pod ${last.name} is over: ${failureText(last)}.`;
}

type Spec = AppServer['spec'];

interface Remedy {
  /** Of the reason and the message. */
  readonly test: RegExp;
  /** @param named what the first group of the test has matched */
  readonly remedy: (spec: Spec, named: string) => string;
}

// The runtime's volume counts towards it.
const runtimeUses = ', of which the runtime itself uses 120 MB';

const remedies: readonly Remedy[] = [
  {
    test: /Usage of EmptyDir volume "([^"]*)" exceeds the limit/,
    remedy: (spec, name) => `raise ${volumeField(spec, name)}.emptyDir.sizeLimit`,
  },
  {
    test: /Container (\S+) exceeded its local ephemeral storage limit/,
    remedy: (spec, name) => `${containerFields(spec, name).resources("limits['ephemeral-storage']")} higher`,
  },
  {
    test: /ephemeral local storage usage exceeds/,
    remedy: () => `raise spec.resources.limits['ephemeral-storage']${runtimeUses}`,
  },
  {
    test: /low on resource: (memory|ephemeral-storage)\b/,
    remedy: (_, resource) =>
      `raise spec.resources.requests${resource === 'memory' ? '.memory' : `['${resource}']`} to what the pods use, or relieve the nodes`,
  },
  {
    test: /^OutOf|Node didn't have enough resource/,
    remedy: () => 'lower spec.resources.requests or add nodes',
  },
  {
    test: /SysctlForbidden|forbidden sysctl/,
    remedy: () =>
      'remove it from spec.podTemplate.spec.securityContext.sysctls, or have the kubelets allow it (--allowed-unsafe-sysctls)',
  },
  {
    test: /Preempt/,
    remedy: () => 'give the pods a higher spec.podTemplate.spec.priorityClassName, or add nodes',
  },
];

function remedyFor(text: string, spec: Spec): string {
  for (const { test, remedy } of remedies) {
    const match = test.exec(text);
    if (match !== null) return remedy(spec, match[1] ?? '');
  }
  return 'look after the nodes that the pods were on';
}

export function podsFailed(facts: Facts): Problem | undefined {
  const failed = failedPods(facts);
  const last = failed.at(-1);
  if (last === undefined || failed.length < manyFailures) return undefined;
  const { reason = '', message = '' } = last.failure ?? {};
  return {
    reason: reasons.PodsFailed,
    cause: `One pod after the other fails: ${failureText(last)}; ${remedyFor(`${reason}: ${message}`, facts.app.spec)}.`,
    state: 'failing',
  };
}
