// The operator: keeps an AppServer's children as they should be and reports the truth.
//
//   main            start: kubeconfig, caches, controller, signals; options has the command line
//   leadership      whether this replica acts
//   kinds           the kinds of children and what else is watched
//   caches          what has been seen last; watches fills them, definitions tells which kinds the cluster knows
//   pod-view        what is kept of pods
//   sweep           how the workers in the pods are, by pod-status; worker-view is what is kept of that
//   gather          Facts of one AppServer, from the caches alone
//   desired         Facts → children, pure; one file a child under children/
//   references      ConfigMaps and Secrets that pods use; contents reads them, restart decides whether pods are replaced for
//                   new ones, restart-limit how many at a time
//   pinned-runtime  which release of the runtime pods have
//   pod-template    what a user adds to it
//   difference      what of a child is not as desired
//   plan            which children to write and which to delete
//   contention      fields that somebody keeps changing back
//   reconcile       gather, decide, apply, prune, report: reads top to bottom
//   touch           makes kubelet look at the live configuration at once
//   write           applies one child, with its conflicts; replicas has the hand-over to the autoscaler
//   conditions      Facts → conditions, pure; problems finds what stands in the way
//   admin           /livez, /readyz, /metrics; secure-metrics the same over TLS, for those whom review lets
//
// Allowed imports: its own files, src/api, src/kube.
import { main } from './main.ts';

await main(process.argv);
