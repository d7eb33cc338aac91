// What spec.podTemplate sets and the operator too, and which field of the spec is for it.
import { names, reasons } from '../../api/index.ts';
import type { Problem } from './problem.ts';

const app = `spec.containers[${names.containerName}]`;

/** The first that a path begins with. */
const fieldsFor: readonly (readonly [path: string, field: string])[] = [
  [`${app}.image`, 'spec.image'],
  [`${app}.imagePullPolicy`, 'spec.imagePullPolicy'],
  [`${app}.command`, 'spec.app'],
  [`${app}.args`, 'spec.app.args'],
  [`${app}.env`, 'spec.env'],
  [`${app}.envFrom`, 'spec.envFrom'],
  [`${app}.resources`, 'spec.resources'],
  [`${app}.ports`, 'spec.port'],
  [`${app}.volumeMounts`, 'spec.volumeMounts'],
  [`${app}.securityContext`, 'spec.security'],
  [`${app}.startupProbe`, 'spec.probes.startup'],
  [`${app}.livenessProbe`, 'spec.probes.liveness'],
  [`${app}.readinessProbe`, 'spec.probes'],
  [`spec.initContainers[${names.proxyContainerName}]`, 'spec.proxy'],
  [`spec.initContainers[${names.copyFilesContainerName}]`, 'spec.proxy.static'],
  [`spec.initContainers[${names.initContainerName}]`, 'spec.runtime'],
  ['spec.serviceAccount', 'spec.serviceAccountName'],
  ['spec.serviceAccountName', 'spec.serviceAccountName'],
  ['spec.automountServiceAccountToken', 'spec.automountServiceAccountToken'],
  ['spec.enableServiceLinks', 'spec.enableServiceLinks'],
  ['spec.imagePullSecrets', 'spec.imagePullSecrets'],
  ['spec.securityContext', 'spec.security'],
  ['spec.terminationGracePeriodSeconds', 'spec.drain.maximum and spec.workers.gracefulTimeout'],
  ['spec.topologySpreadConstraints', 'spec.topology'],
  ['spec.volumes', 'spec.volumes'],
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
