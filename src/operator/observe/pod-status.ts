// Asks the runtime of a pod how its workers are. This is no traffic of the API server.
import { get } from 'node:http';
import { names } from '../../api/index.ts';

const timeoutMs = 2_000;
/** A report has some hundred bytes a worker; whatever is more is none. */
const mostBytes = 256 * 1024;

/** Parsed JSON of /status. @throws when there is no such answer */
export function askPod(address: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { host: address, port: names.adminPort, path: '/status', agent: false } as const;
    const request = get({ ...options, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > mostBytes) request.destroy(new Error(`more than ${mostBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        } catch (error) {
          reject(new Error(`status ${response.statusCode}, no JSON`, { cause: error }));
        }
      });
    });
    request.on('error', reject);
  });
}
