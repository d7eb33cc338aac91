// The in-pod runtime: pre-fork supervision of worker processes behind one listening socket.
//
// Each directory says in which process it runs, and whether it does I/O. PID 1 is appserver-init, of native/.
//
//   In the supervisor, which this file starts:
//   main          configuration in, signals wired up, exit code out
//   supervisor/   does what the machine decides; settings, lost time and traffic, which the machine is told of
//   machine/      (state, event, now) -> state and effects, pure; reads top to bottom in step
//   processes/    children and what they say: workers, fork server, hooks, pipes, shared memory
//   kinds/        which command starts a Python, Node or other worker, as data
//   linux/        what /proc and cgroups say; reads only
//   host/         what is wanted of the system, as types; node/ offers it on Node, and knows nothing of the others
//   status/       (state, samples) -> what /status, /readyz and /metrics say, pure
//   http/         admin port, control socket, and the check of the application
//   config/       what can be configured, checked without I/O; files and watch read it. Commands read it too
//   sources/      which files of the application have changed, for development
//   log/          the log and the termination message
//   errors        every error with its code and remedy, pure
//
//   In other processes:
//   commands/     appserver-runtime, appserver-ctl, and what init containers run
//   workers/      code in Python workers and, for Node 20, in Node workers
//   native/       PID 1, stubs, the addon of Node workers, in C
//
//   In both:
//   text/         log lines, metrics, tables, help and command lines, pure
//   shared/       what supervisor and Node workers agree on: the layout of their memory, the worker's settings; pure
//
// Everything gets the host as a parameter; this file and commands/ choose it. Nothing else knows Node.
//
// Allowed imports: its own files, and js-yaml in config/files. Each pod pays for what stands here. Which directory may import
// which is held by the linter: shared and errors lie below all others, main and commands above.
import { dirname } from 'node:path';
import { nodeHost } from './host/node/host.ts';
import { main } from './main.ts';

await main(nodeHost(), { home: dirname(import.meta.dirname), args: process.argv.slice(2) });
