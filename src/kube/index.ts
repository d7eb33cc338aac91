// Kubernetes machinery with no word of AppServer in it.
//
//   objects     what all objects have in common; kinds and their paths
//   client      plain JSON over keep-alive connections, with the credentials of a kubeconfig
//   transport, credentials, proxy, body  what a request needs for that: connections, whom it speaks as, the way, the answer's bytes
//   warnings    what the API server says of what it has accepted
//   errors      what can go wrong between a request and its answer
//   apply       the only place that applies and removes objects, and their status
//   watch       list and watch one kind for ever
//   cache       what the watch has seen, by key and by index
//   queue       keyed work queue: each key once, one at a time, fair over namespaces, backing off on failure
//   fair-keys, throttle, tally  whose turn it is, who has had too many, and how many each has
//   backoff, in-parallel  how long to wait, and how much at a time
//   controller  takes keys from the queue and reconciles them
//   events      records events, sparingly
//   leader-election, lease-store  who of several processes acts, by a Lease
//   timers      the clock, and a stand-in for it in tests
//
// Allowed imports: its own files, client-node and js-yaml for kubeconfig and credentials, undici, zod, Node.
export {
  apply,
  applyNew,
  applyStatus,
  applyTo,
  remove,
  removePaths,
  type ApplyOptions,
  type Removal,
} from './apply.ts';
export { backoffMs } from './backoff.ts';
export { Cache } from './cache.ts';
export { KubeClient } from './client.ts';
export { Controller, type Outcome, type Result, type Turn } from './controller.ts';
export { ApiError, NoAnswer } from './errors.ts';
export { EventRecorder } from './events.ts';
export { inParallel } from './in-parallel.ts';
export { FairKeys, namespaceOfKey } from './fair-keys.ts';
export { loadKubeConfig } from './kubeconfig.ts';
export { LeaderElection } from './leader-election.ts';
export { KubeLease } from './lease-store.ts';
export {
  isKubeObject,
  keyOf,
  path,
  resourceType,
  type KubeObject,
  type Metadata,
  type ResourceType,
} from './objects.ts';
export { WorkQueue, type Priority, type QueueObserver } from './queue.ts';
export { Tally } from './tally.ts';
export { ListWatch } from './watch.ts';
