// The same requests to two servers, and what the application and the client see different.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { freePort } from '../free-port.ts';
import { exchange, type Answer } from './exchange.ts';
import type { Requests } from './http-files.ts';

/** Requests that are on their way at the same time. */
const atOnce = 4;
/** What an answer says of the connection or of its server. */
const ownHeaders = new Set(['connection', 'content-length', 'date', 'keep-alive', 'server', 'transfer-encoding']);

/** In Python for WSGI and ASGI, and for Node. */
export function copyApplications(root: string): void {
  cpSync(join(import.meta.dirname, 'apps'), root, { recursive: true });
}

/** A server that a test compares with. */
export type Peer = AsyncDisposable & { readonly port: number };

/** @param command for this port */
async function start(root: string, command: (port: number) => readonly [string, ...string[]]): Promise<Peer> {
  const port = await freePort();
  const [program, ...args] = command(port);
  const env = { ...process.env, PYTHONPATH: pythonPackagesDir('newest'), PORT: String(port) };
  const child = spawn(program, args, { cwd: root, stdio: 'ignore', env });
  const exited = new Promise((resolve) => child.on('exit', resolve));
  for (let waited = 0; waited < 15_000; waited += 50) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      break;
    } catch {
      await delay(50);
    }
  }
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** gunicorn with its own settings and a few workers. */
export function startGunicorn(root: string, kind: 'sync' | 'gthread' | 'gevent' = 'sync'): Promise<Peer> {
  return start(root, (port) => [
    ...(['python3', '-m', 'gunicorn', '--workers', '4', '--worker-class', kind] as const),
    ...['--bind', `127.0.0.1:${port}`, '--no-control-socket', 'wsgi_application:app'],
  ]);
}

export function startUvicorn(root: string): Promise<Peer> {
  const how = ['--no-access-log', '--port'];
  return start(root, (port) => ['python3', '-m', 'uvicorn', ...how, String(port), 'asgi_application:app']);
}

export function startNode(root: string): Promise<Peer> {
  return start(root, () => [process.execPath, 'node-application.cjs']);
}

/** What is to be the same: all of an answer of the application, and the status of one of the server. */
function comparable({ status, headers, body }: Answer): unknown {
  if (status === 0 || status >= 400) return { status };
  const own = Object.entries(headers).filter(([name]) => !ownHeaders.has(name));
  const application = headers['content-type'] === 'application/json' && body !== '';
  return { status, headers: Object.fromEntries(own), body: application ? (JSON.parse(body) as unknown) : body };
}

/** Sends each request to both, and asserts which ones are not answered alike. */
export async function assertDifferences(
  requests: Requests,
  ports: { readonly expected: number; readonly actual: number },
  listed: ReadonlySet<string>,
): Promise<void> {
  const different = new Map<string, string>();
  const left = Object.entries(requests);
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [name, request] = next;
      const answers = await Promise.all([exchange(ports.expected, request), exchange(ports.actual, request)]);
      const [expected = '', actual = ''] = answers.map((answer) => JSON.stringify(sorted(comparable(answer))));
      if (expected !== actual) different.set(name, `${expected}\n${actual}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const unlisted = [...different.keys()].filter((name) => !listed.has(name));
  const [first = ''] = unlisted;
  const how = `answered otherwise, and not listed; ${first}:\n${different.get(first) ?? ''}`;
  assert.deepEqual(unlisted, [], how);
  const known = Object.keys(requests).filter((name) => listed.has(name));
  const alike = known.filter((name) => !different.has(name));
  assert.deepEqual(alike, [], 'listed, and answered alike');
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, one]) => [key, sorted(one)]),
  );
}
