// The operator: keeps an AppServer's children as they should be and reports the truth.
//
//   main          start: arguments, kubeconfig, caches, controller, signals
//   kinds         the kinds of children and what else is watched
//   gather        Facts of one AppServer, from the caches alone
//   desired       Facts → children, pure; one file a child under children/
//   difference    what of a child is not as desired
//   pinned-runtime  which release of the runtime pods have
//   contention    children that somebody keeps changing back
//   leadership    whether this replica acts
//   reconcile     gather, decide, apply, prune, report: reads top to bottom
//   write         applies one child, with its conflicts and hand-overs
//   conditions    Facts → conditions, pure; problems finds what stands in the way
//   pod-view      what is kept of pods
//   admin         /livez, /readyz, /metrics
//
// Allowed imports: its own files, src/api, src/kube.
import { main } from './main.ts';

await main(process.argv);
