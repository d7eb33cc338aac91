// Applications of docs/guides.md, as the page has them, run with the settings of their AppServer.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadAll } from 'js-yaml';
import { z } from 'zod';
import { repository } from '../../e2e/cluster/layout.ts';
import { applications, Runtime, skip } from '../runtime/runtime-process.ts';

const page = readFileSync(join(repository, 'docs/guides.md'), 'utf8');

const manifest = z.object({
  kind: z.literal('AppServer'),
  spec: z.object({
    app: z.looseObject({}),
    workers: z.looseObject({}).default({}),
    hooks: z.looseObject({}).default({}),
  }),
});

/** Blocks of code below a heading of the page. */
function blocks(heading: string, language: string): string[] {
  const [, text = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = text.split(/^## /m);
  return [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, of, code = '']) =>
    of === language ? [code] : [],
  );
}

/** Runs what the page shows below a heading; the first line of each file is a comment with its name. */
function guide(heading: string, env: Readonly<Record<string, string>> = {}): Promise<Runtime> {
  const files = blocks(heading, 'python').map((code) => [/^# (.+)$/m.exec(code)?.[1] ?? '', code]);
  const [{ spec } = assert.fail('there is no AppServer')] = blocks(heading, 'yaml')
    .flatMap((code) => loadAll(code))
    .flatMap((one) => manifest.safeParse(one).data ?? []);
  return Runtime.ready({
    root: applications(z.record(z.string(), z.string()).parse(Object.fromEntries(files))),
    app: spec.app,
    live: { workers: spec.workers },
    fixed: { hooks: spec.hooks },
    env,
  });
}

describe('docs/guides.md', { skip, concurrency: 2 }, () => {
  test('server-sent events arrive one by one', async () => {
    await using runtime = await guide('Server-sent events');
    const { body, headers } = await fetch(runtime.url('/events'));
    assert.match(headers.get('content-type') ?? '', /^text\/event-stream/);
    let text = '';
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.split('data: ').length > 2) break;
    }
    assert.match(text, /^retry: 1000\n\ndata: \d+\n\ndata: \d+\n\n$/);
  });

  test('a WebSocket gets back what it sends', async () => {
    await using runtime = await guide('WebSockets');
    const socket = new WebSocket(runtime.url('/echo').replace('http', 'ws'));
    const answered = new Promise((resolve, reject) => {
      socket.addEventListener('message', ({ data }) => resolve(data));
      socket.addEventListener('error', () => reject(new Error('the connection failed')));
    });
    socket.addEventListener('open', () => socket.send('hello'));
    assert.equal(await answered, 'hello');
    socket.close();
  });

  test('an upload of 20 MB arrives whole', async () => {
    await using runtime = await guide('Uploads');
    const content = randomBytes(20_000_000);
    const form = new FormData();
    form.set('file', new Blob([content]), 'report.pdf');
    const response = await fetch(runtime.url('/files'), { method: 'POST', body: form });
    assert.deepEqual(await response.json(), {
      name: 'report.pdf',
      sha256: createHash('sha256').update(content).digest('hex'),
    });
  });

  test('the counts of all workers are added up', async () => {
    await using runtime = await guide('prometheus_client', {
      PROMETHEUS_MULTIPROC_DIR: join(applications({}), 'metrics'),
    });
    for (let i = 0; i < 6; i++) {
      const { status } = await fetch(runtime.url('/orders'), { method: 'POST', headers: { connection: 'close' } });
      assert.equal(status, 201);
    }
    assert.match((await runtime.admin('/metrics/application')).body, /^shop_orders_total 6\.0$/m);
  });

  test('a job runs in one worker, and in another one when that has died', async () => {
    await using runtime = await guide('Schedulers');
    const runs = (): unknown[] =>
      runtime
        .log()
        .filter(({ msg }) => msg === 'a job runs')
        .map(({ worker }) => worker);
    await runtime.until('begun', () => runs().length > 0);
    const [first] = runs();
    const workers = await runtime.readyWorkers();
    assert.equal(workers.length, 3);
    process.kill(workers.find(({ id }) => id === first)?.pid ?? assert.fail('the worker is gone'), 'SIGKILL');
    await runtime.until('taken over', () => runs().length > 1);
    const [, second] = runs();
    assert.notEqual(second, first);
    assert.equal(runs().length, 2);
  });
});
