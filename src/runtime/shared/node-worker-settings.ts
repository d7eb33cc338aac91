// What the supervisor tells the preloaded part of a Node worker, in one variable of its environment.

export interface NodeWorker {
  readonly id: number;
  readonly slot: number;
  /** What the application is to listen on; its inherited sockets are given to it instead. */
  readonly port: string;
  readonly listenFds: readonly number[];
  readonly memoryFd: number;
  readonly notifyFd: number;
  readonly logFd: number;
  readonly gracefulMs: number;
  /** How long an idle connection is kept open. */
  readonly keepAliveMs: number;
  /** Addresses and networks of proxies, * for all: the access log believes what they say of the client. */
  readonly trustedProxies: readonly string[];
}

export const nodeWorkerVariable = 'APPSERVER_NODE_WORKER';

/** The supervisor of the same version wrote it. */
export function parseNodeWorker(text: string): NodeWorker {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both sides are this file's type
  return JSON.parse(text) as NodeWorker;
}
