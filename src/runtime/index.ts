// The in-pod runtime: pre-fork supervision of worker processes behind one listening socket.
//
//   appserver-init  (C) PID 1: listens, reaps orphans, starts the supervisor and the workers
//   state, step     the supervisor as data and one pure function; backoff and deadline belong to it
//   supervisor      does what step decides: processes, signals, the one timer
//   workers/        how one kind of application is started; the Python side is a shim beside it
//   shared-memory   counters that workers write and the supervisor samples: no message a request
//   report          what /status, /readyz and /metrics tell, from state and counters
//   admin           the admin port
//
// Allowed imports: its own files, pino and prom-client. Each pod pays for what stands here.
import { main } from './main.ts';

await main(process.argv.slice(2));
