// What the runtime wants of the system below it, as types. The directory node/ has the implementation on Node; the tests in
// test/runtime/host state in code what every implementation must do.
//
// In common: times are in milliseconds. What fails throws an error, or rejects with one, whose `code` is the name of the
// errno, such as ENOENT (error-code.ts), and whose message has that name in it. Nothing is called back before the
// function to which it was given has returned. Text is UTF-8 outside; bytes that are none become U+FFFD.
//
// The process ends by exit(), or when nothing is left that it waits for: a timer, a process, a server, a request. A watched
// directory and a signal keep it from ending no more than they do in C.

export type Signal =
  | 'SIGABRT'
  | 'SIGHUP'
  | 'SIGINT'
  | 'SIGKILL'
  | 'SIGQUIT'
  | 'SIGTERM'
  | 'SIGTTIN'
  | 'SIGTTOU'
  | 'SIGUSR1'
  | 'SIGUSR2'
  | 'SIGWINCH';

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other';
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
  /** Differs from before when the file is another one or has changed. */
  readonly version: string;
}

export interface Files {
  /** @param maxBytes a file with more than this (1 MiB when left out) is refused with EFBIG */
  read(path: string, maxBytes?: number): string;
  /** Of what a symbolic link leads to; undefined where there is nothing, or nothing that may be looked at. */
  stat(path: string): FileStat | undefined;
  /** Of a symbolic link itself. */
  statLink(path: string): FileStat | undefined;
  /** Makes the file, or replaces all of it. */
  write(path: string, text: string): void;
  /** Replaces the beginning of a file that exists. */
  overwrite(path: string, text: string): void;
  /** With those above it. It may exist; `mode` is for those that are made. */
  makeDirectory(path: string, mode?: number): void;
  /** Names, in any order. */
  list(path: string): readonly string[];
  /** A file, a socket or a link. It may be gone already. */
  remove(path: string): void;
  setMode(path: string, mode: number): void;
}

export interface Timer {
  /** Nothing is called from now on. May be called twice, and after its time. */
  cancel(): void;
}

export interface Clock {
  /** CLOCK_MONOTONIC, which all processes of the machine share; with fractions. */
  now(): number;
  /** The time of day as ISO 8601 in UTC, with milliseconds. */
  date(): string;
  after(ms: number, run: () => void): Timer;
  every(ms: number, run: () => void): Timer;
  /** Calls once the event that is being handled has been handled to its end, before any other. */
  soon(run: () => void): void;
  /** Calls once what can be read from pipes now has been read and handled. */
  afterInput(run: () => void): void;
}

/** A process to start. */
export interface Start {
  /** Searched for on the PATH when it has no slash. */
  readonly program: string;
  readonly args: readonly string[];
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** Whether it is told something on its stdin; that is /dev/null otherwise. */
  readonly listens?: boolean;
  /** Its descriptors from 3 on: ours of that number, or a pipe whose lines are `notify`. */
  readonly fds?: readonly (number | 'notify')[];
  /** Whether it leads a process group of its own (a session, even). */
  readonly group?: boolean;
}

export type Pipe = 'stdout' | 'stderr' | 'notify';

/** What happens to a process that was started, or to the attempt. */
export interface ChildEvents {
  /** No process came to be; nothing else is called then. */
  refused(cause: string): void;
  /**
   * Without its newline, also a last one that lacks it; one of more than 16,384 characters comes in parts, of 262,144
   * where it begins with {, as part of a line of JSON would be no JSON.
   */
  line(pipe: Pipe, text: string): void;
  /** `code` is null when a signal ended it. Lines may follow. */
  exited(code: number | null, signal: string | null): void;
  /** It has exited and all its pipes have been read to their end, which other processes that hold them may put off. */
  closed(): void;
}

export interface Child {
  readonly pid: number;
  /** Leaves stdout and stderr unread: who writes there waits when the pipe is full. */
  pause(): void;
  resume(): void;
  /** The last that it is told on its stdin; lost when it has ended. */
  tell(line: string): void;
}

export interface Processes {
  /** @returns undefined when it is refused, which `on.refused` tells later */
  start(start: Start, on: ChildEvents): Child | undefined;
  /**
   * Whether there was such a process and the signal could be sent. Ids below 2 are none of a worker: they mean groups,
   * everybody and PID 1 to kill(2), which is not called for them.
   */
  kill(pid: number, signal: Signal): boolean;
  /** The same for the group that a process leads. */
  killGroup(pid: number, signal: Signal): boolean;
}

/** Where is listened or connected to; host is an address of IPv4 or IPv6, or empty for all there are. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

export interface Limits {
  /**
   * When there would be more, the oldest connection is closed, one without a request that is being answered before the
   * others.
   */
  readonly mostConnections: number;
  /** Until a request is complete, and until a connection without one is closed. */
  readonly requestMs: number;
}

/** A complete head of a request that HTTP allows, of at most 8 KiB. Its body is ignored. */
export interface Request {
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
}

export interface Response {
  readonly status: number;
  /** Without Content-Length, which the host adds. */
  readonly headers: Readonly<Record<string, string>>;
  /** Not sent for HEAD. */
  readonly body: string;
}

export interface Server {
  /** The one that the system has chosen where 0 was asked for; 0 for a path. */
  readonly port: number;
  /** Listens no more, and ends all connections. */
  close(): void;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For all of it; none when left out. */
  readonly timeoutMs?: number;
  /** A body of more bytes is refused with EMSGSIZE. 0: the head is all that is waited for. */
  readonly maxBodyBytes: number;
}

export interface Http {
  /**
   * HTTP/1.1 with connections that are kept. Resolves once it listens.
   * @param answer when it rejects, its connection is closed without an answer and `onError` is told
   * @param onError told of what goes wrong once it listens; whatever strangers send is none of it
   */
  serve(
    at: Endpoint,
    limits: Limits,
    answer: (request: Request) => Promise<Response>,
    onError: (error: unknown) => void,
  ): Promise<Server>;
  /** One request on a connection of its own. */
  call(at: Endpoint, call: Call): Promise<{ readonly status: number; readonly body: string }>;
}

export interface Watch {
  /** Nothing is called from now on, and the system has back what it gave. May be called twice. */
  cancel(): void;
}

/** A file of fixed size that several processes have mapped. */
export interface SharedBytes {
  /** A copy. */
  read(at: number, length: number): DataView;
  write(at: number, bytes: DataView): void;
}

export interface Output {
  /** Never blocks. Calls `done` when all is written or cannot be; nothing else may be written until then. */
  write(text: string, done: () => void): void;
  /** Writes at once what the reader takes, before the end. */
  flush(text: string): void;
  readonly isTerminal: boolean;
}

export interface Host {
  readonly files: Files;
  readonly clock: Clock;
  readonly processes: Processes;
  readonly http: Http;
  /** From 0 to below 1; for spreading, not for secrets. */
  readonly random: () => number;
  /** Version 4, which nobody can guess. */
  readonly uuid: () => string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** CPUs that this process may run on. */
  readonly cpus: () => number;
  /** Descriptor 1. */
  readonly output: Output;
  /** Of stdin, stdout and stderr, one is a terminal. */
  readonly hasTerminal: boolean;
  /** Calls whenever the signal arrives, in place of what it does by default. */
  readonly onSignal: (signal: Signal, run: () => void) => void;
  /**
   * Calls after entries of the directory have changed, maybe several times for one change, maybe once for several.
   * Throws EMFILE or ENOSPC where the system has no more to give of what it takes.
   */
  readonly watch: (directory: string, onChange: () => void) => Watch;
  readonly shared: (fd: number) => SharedBytes;
  /** The name of an errno, such as EACCES for 13. */
  readonly errorName: (errno: number) => string;
  readonly exit: (code: number) => never;
}
