// The AppServer resource: one zod schema, and from it types, defaults and the CustomResourceDefinition.
//
//   appserver   the schema: spec, status, the resource
//   fields      building blocks of the schema: durations, names, pieces of a pod
//   rules       what a schema cannot say: CEL rules, each with the sentence a user reads
//   crd         the CustomResourceDefinition from schema and rules
//   reasons     every reason a condition or event can have
//   names       names and labels of the children
//   grace       how long a pod may take to end
//   replicas    who sets the number of pods
//   metadata, inherited-labels  labels and annotations of children
//   application, workers, pod, placement, service, routes, exposure, proxy  parts of the schema
//
// Allowed imports: its own files and zod. Nothing imports upward from here.
export { appServerSchema, group, kind, plural, statusSchema, version } from './appserver.ts';
export type { AppServer, AppServerStatus, Condition } from './appserver.ts';
export { milliseconds } from './fields.ts';
export { inheritedLabels } from './inherited-labels.ts';
export { drainMaximumMs, terminationGraceSeconds } from './grace.ts';
export { isScaledOnDeployment } from './replicas.ts';
export type { ServiceSpec } from './service.ts';
export * as names from './names.ts';
export type { ProxySpec } from './proxy.ts';
export { reasons, type Reason } from './reasons.ts';
