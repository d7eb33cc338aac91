// The examples, run as their files say: by appserver-runtime with the runtime.yaml beside them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runtimeDir } from '../../scripts/build.ts';
import { preparedExample } from '../../scripts/example-packages.ts';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { repository } from '../../e2e/cluster/layout.ts';
import { freePort } from '../free-port.ts';
import { applications, skip } from '../runtime/runtime-process.ts';

class Example implements AsyncDisposable {
  readonly port: number;
  readonly exited: Promise<number | null>;
  readonly #kill: (signal: NodeJS.Signals) => void;
  output = '';

  constructor(dir: string, port: number, adminPort: number, env: Readonly<Record<string, string>>) {
    this.port = port;
    const flags = ['--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${adminPort}`, '--control', 'off'];
    const child = spawn(
      join(runtimeDir, 'bin/appserver-runtime'),
      ['--config', 'runtime.yaml', ...flags, '--workers', '2'],
      {
        cwd: dir,
        env: {
          ...process.env,
          PYTHONPATH: pythonPackagesDir('newest'),
          PYTHONDONTWRITEBYTECODE: '1',
          PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
          ...env,
        },
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    }
    this.#kill = (signal) => void child.kill(signal);
    this.exited = new Promise((resolve) => child.on('exit', resolve));
  }

  static async start(dir: string, env: Readonly<Record<string, string>> = {}): Promise<Example> {
    const example = new Example(dir, await freePort(), await freePort(), env);
    for (let i = 0; i < 1_000 && !example.output.includes('"worker ready"'); i++) await delay(20);
    return example;
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  async get(path = '/'): Promise<{ status: number; body: string }> {
    const response = await fetch(this.url(path));
    return { status: response.status, body: await response.text() };
  }

  /** Ends at once. */
  quit(): void {
    this.#kill('SIGINT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.quit();
    await this.exited;
  }
}

const source = (name: string): string => join(repository, 'examples', name);

describe('examples', { skip, concurrency: 2 }, () => {
  test('Django with an ORM and static files, migrated before the start', async () => {
    const dir = applications({});
    cpSync(source('django'), dir, { recursive: true });
    await using shop = await Example.start(dir, { DATABASE: join(dir, 'shop.sqlite3') });
    assert.equal((await shop.get()).body, '{"message": "Hello from the shop", "orders": 0}', shop.output);
    assert.equal((await shop.get('/order/tea')).status, 201);
    assert.match((await shop.get()).body, /"orders": 1/);
    assert.match((await shop.get('/static/shop.css')).body, /font-family/);
    assert.match(shop.output, /"hook":"beforeStart".*Applying shop\.0001_initial/);
  });

  test('FastAPI with its lifespan and a WebSocket', async () => {
    await using shop = await Example.start(source('fastapi'));
    assert.equal((await shop.get()).body, '{"message":"Hello from the shop","stock":{"tea":3}}', shop.output);
    const socket = new WebSocket(shop.url('/echo').replace('http', 'ws'));
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const echoed = new Promise<unknown>((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)));
    socket.send('tea');
    assert.equal(await echoed, 'tea');
    socket.close();
  });

  test('Django on ASGI', async () => {
    await using shop = await Example.start(source('django-async'));
    assert.equal((await shop.get()).body, '{"message": "Hello from the shop"}', shop.output);
  });

  test('Express', async () => {
    await using shop = await Example.start(await preparedExample('express'));
    assert.match((await shop.get()).body, /Hello from the shop/, shop.output);
  });

  test('Fastify, whose own handler of TERM runs once nothing is in hand', async () => {
    await using shop = await Example.start(await preparedExample('fastify'));
    assert.match((await shop.get()).body, /Hello from the shop/, shop.output);
  });

  test('Go with the pipe protocol', async () => {
    await using shop = await Example.start(await preparedExample('go'));
    assert.match((await shop.get()).body, /Hello from the shop/, shop.output);
  });
});
