// The descriptors that appserver-init leaves to the supervisor, and the supervisor to the processes that it starts.

/** Of the supervisor itself. */
export interface Descriptors {
  readonly listeners: readonly number[];
  readonly memory: number;
  /** Where stubs send their requests. */
  readonly stubs: number;
  /** Where the fork server reads them. */
  readonly forkServer: number;
}

const first = 3;

/** @param listeners how many listening sockets there are */
export function descriptors(listeners: number): Descriptors {
  const after = first + listeners;
  return {
    listeners: Array.from({ length: listeners }, (_, i) => first + i),
    memory: after,
    stubs: after + 1,
    forkServer: after + 2,
  };
}

/** The container's own output: workers write their access log there themselves. */
export const logFd = 1;
