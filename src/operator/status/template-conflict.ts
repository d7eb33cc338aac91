// What spec.podTemplate sets and the operator too, and which field of the spec is for it.
import { names, reasons } from '../../api/index.ts';
import { fieldsOfOwnContainers } from './container-owner.ts';
import type { Problem } from './problem.ts';
import { fieldsOfPod } from './user-path.ts';

type Pairs = readonly (readonly [path: string, field: string])[];

/** Of fields below the pod's spec, the paths below spec.podTemplate. */
const below = (fields: ReadonlyMap<string, string>): Pairs =>
  [...fields].map(([path, field]) => [`spec.${path}`, field] as const);

const app = `spec.containers[${names.containerName}]`;

/** The first that a path begins with: a field that the value comes from goes before one that only serves the same end. */
const fieldsFor: Pairs = [
  // Sections of the spec are named as a whole.
  [`${app}.securityContext`, 'spec.security'],
  ['spec.securityContext', 'spec.security'],
  [`spec.initContainers[${names.proxyContainerName}]`, 'spec.proxy'],
  ...below(fieldsOfOwnContainers),
  [`${app}.command`, 'spec.app'],
  [`${app}.args`, 'spec.app.args'],
  [`${app}.ports`, 'spec.port'],
  [`${app}.startupProbe`, 'spec.probes.startup'],
  [`${app}.livenessProbe`, 'spec.probes.liveness'],
  [`${app}.readinessProbe`, 'spec.probes'],
  [`spec.initContainers[${names.copyFilesContainerName}]`, 'spec.proxy.static'],
  [`spec.initContainers[${names.initContainerName}]`, 'spec.runtime'],
  ...below(fieldsOfPod),
  ['spec.serviceAccount', 'spec.serviceAccountName'],
  ['spec.enableServiceLinks', 'spec.enableServiceLinks'],
  ['spec.terminationGracePeriodSeconds', 'spec.drain.maximum and spec.workers.gracefulTimeout'],
  ['spec.topologySpreadConstraints', 'spec.topology'],
];

const startsWith = (path: string, prefix: string): boolean =>
  path === prefix || (path.startsWith(prefix) && /^[.[]/.test(path.slice(prefix.length)));

/** Nothing is written then: the pods stay as they are. @param path below spec.podTemplate */
export function conflictProblem(path: string): Problem {
  const [, field] = fieldsFor.find(([prefix]) => startsWith(path, prefix)) ?? [];
  const instead = field === undefined ? '' : `, and use ${field} instead`;
  return {
    reason: reasons.PodTemplateConflict,
    cause: `spec.podTemplate.${path} is set by the operator itself; remove it${instead}.`,
    state: 'stalled',
  };
}
