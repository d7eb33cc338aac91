// Where what stands in the memory that workers share with the supervisor. All numbers are little-endian doubles unless
// said otherwise; times are seconds of CLOCK_MONOTONIC, which is the same in all processes.
//
//   header, 4096 bytes, written by the supervisor
//     0    u32  1 while the pod drains: answers carry `Connection: close`
//     4    u32  format of the access log: 0 none, 1 json, 2 ecs, 3 text, 4 text in colour
//     8         seconds between two heartbeats
//     16        seconds that a request may take until its answer begins, 0 for no limit
//     24   u32  how many rows have been in use
//     28   u32  1 while the access log has query strings
//   one row of 1024 bytes a worker, written by the worker but for the flags; 0 when nobody has it
//     0    requests begun
//     8    requests ended
//     16   sum of their seconds
//     24   histogram, 12 numbers, not cumulative
//     120  answers by class of status, 5 numbers: 1xx to 5xx
//     160  not 0 when this worker is to end (written by the supervisor)
//     168  not 0 when this worker is to write its stack (written by the supervisor, taken back by the worker)
//     176  not 0 while this worker accepts connections in turn with the others
//     184  connections open now
//     192  its turn: how many connections it has taken, as the others count
//     200  of Python workers: 1 with the global interpreter lock, 2 without
//     256  3 records of 256 bytes, each a request in hand: its beginning, u32 length of the text, and the text: method and
//          path in UTF-8, cut off at 244 bytes. The beginning is 0 when the record is free, later than the true one by the
//          time in which the application waited for its client, and negative while the request has no deadline
//
// The Python side is workers/python/appserver_worker/shared_memory.py; both name the same offsets.

export const headerBytes = 4096;
export const rowBytes = 1024;
export const maxRows = 256;
/** More would leave no rows for workers that are on their way out. */
export const maxWorkers = 128;

export const header = {
  draining: 0,
  accessLog: 4,
  beatSeconds: 8,
  requestTimeoutSeconds: 16,
  rows: 24,
  accessLogQuery: 28,
} as const;

/** Byte offsets in a row. */
export const row = {
  begun: 0,
  ended: 8,
  seconds: 16,
  buckets: 24,
  statuses: 120,
  retiring: 160,
  dump: 168,
  accepting: 176,
  connections: 184,
  turn: 192,
  gil: 200,
} as const;

export const records = { offset: 256, bytes: 256, count: 3, textOffset: 12, textBytes: 244 } as const;

/** Upper bounds of the latency histogram in seconds; one more bucket takes the rest. */
export const latencyBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Numbers of the access log's formats, in the header. */
export const accessLogFormats = { off: 0, json: 1, ecs: 2, text: 3, colour: 4 } as const;
export type AccessLogFormat = keyof typeof accessLogFormats;
