// The operator: keeps an AppServer's children as they should be and reports the truth. Each room says whether it may do I/O.
//
//   process/    start and stop: command line, signals, log, leadership. The only room with process.*
//   http/       what the operator serves: health, metrics, profiles, and who may read them
//   model/      what is known of an AppServer, as pure data
//   children/   (AppServer, facts) -> children, pure; one file a kind
//   decide/     what differs, what to write and delete, whether pods are replaced; pure
//   status/     facts -> conditions and problems, pure
//   admission/  the chart's ValidatingAdmissionPolicies, as data; not part of the running operator, pure
//   observe/    caches and the watches and polls that fill them; gather makes facts of them
//   reconcile/  one AppServer, from what is to what should be: reads top to bottom in reconciler
//
// Allowed imports: its own files, src/api, src/kube. admission, model, children, decide and status import each other alone,
// which the linter holds.
import { main } from './process/main.ts';

await main(process.argv);
