// Polls the runtime of a pod for how its workers are. This is no traffic of the API server. Whoever controls the pod may
// answer anything, in any way: what is read is bounded in time and length, and no redirect is followed.
import { get } from 'node:http';
import { names } from '../../api/index.ts';

/** For the whole answer, however slowly it comes. */
const timeoutMs = 2_000;
/** A report has some hundred bytes a worker; whatever is more is none. */
const mostBytes = 64 * 1_024;

export interface PodAnswer {
  /** Parsed JSON of the answer; undefined when there was none, or none that counts. */
  readonly json: unknown;
  /** As far as it was read. */
  readonly bytes: number;
}

/**
 * What the pod says under /status; never rejects.
 * @param address IPv4 or IPv6
 */
export function askPod(address: string, port: number = names.adminPort): Promise<PodAnswer> {
  // Events and one timer: iterating the answer and an AbortSignal took a third of what a poll costs.
  return new Promise((resolve) => {
    const read: Buffer[] = [];
    let bytes = 0;
    const answer = (json: unknown): void => resolve({ json, bytes });
    // It has no runtime yet or any more, or has not come to an end; what the kubelet says of it stands in its status.
    const none = (): void => answer(undefined);
    try {
      // A connection of its own: the next poll is a minute away, and another pod may have the address by then.
      const request = get({ host: address, port, path: '/status', agent: false }, (response) => {
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > mostBytes) request.destroy();
          else read.push(chunk);
        });
        response.on('end', () =>
          answer(response.statusCode === 200 ? parsed(Buffer.concat(read).toString()) : undefined),
        );
        response.on('error', none);
      });
      const late = setTimeout(() => request.destroy(), timeoutMs);
      request.on('error', none).on('close', () => {
        clearTimeout(late);
        none();
      });
    } catch {
      none();
    }
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
