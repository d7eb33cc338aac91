// Polls the runtime of a pod for how its workers are. This is no traffic of the API server. Whoever controls the pod may
// answer anything, in any way: what is read is bounded in time and length, and no redirect is followed.
import { get, type IncomingMessage } from 'node:http';
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
export async function askPod(address: string, port: number = names.adminPort): Promise<PodAnswer> {
  const until = AbortSignal.timeout(timeoutMs);
  const read: Buffer[] = [];
  let bytes = 0;
  try {
    const response = await request(address, port, until);
    for await (const chunk of response) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.length;
      if (bytes > mostBytes) {
        response.destroy();
        return { json: undefined, bytes };
      }
      read.push(chunk);
    }
    return { json: response.statusCode === 200 ? parsed(Buffer.concat(read).toString()) : undefined, bytes };
  } catch {
    // It has no runtime yet or any more, or has not come to an end; what the kubelet says of it stands in its status.
    return { json: undefined, bytes };
  }
}

function request(address: string, port: number, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // A connection of its own: the next poll is a minute away, and another pod may have the address by then.
    get({ host: address, port, path: '/status', agent: false, signal }, resolve).on('error', reject);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
