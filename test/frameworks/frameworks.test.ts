// Applications in the form of their frameworks' documentation, behind the runtime and behind the server of that
// documentation; run by `npm run test:frameworks`, which fetches them. What both can do is compared: the runtime has to do
// what the documented server does in the same run.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { repository } from '../../e2e/cluster/layout.ts';
import { skip } from '../runtime/runtime-process.ts';
import { frameworks, type Framework } from './frameworks.ts';
import { rows, seenAsDocumented, seenBehindRuntime, type Observed, type Row } from './observe.ts';
import { SentryServer } from './sentry-server.ts';
import { Place } from './server.ts';
import { table, type Result } from './table.ts';

/** Names that are given as arguments; all without any. */
const chosen = (process.env['FRAMEWORKS'] ?? '').split(',').filter((name) => name !== '');
const results: Result[] = [];

async function seen(
  framework: Framework,
  look: (framework: Framework, place: Place, sentry: SentryServer) => Promise<Observed>,
): Promise<Observed> {
  await using sentry = await SentryServer.start();
  using place = new Place(framework, sentry.dsn);
  return await look(framework, place, sentry);
}

/** Rows that the documented server has no part in. */
const ofRuntime: ReadonlySet<Row> = new Set<Row>([
  'reloads without a loss',
  'ends without a loss',
  'finishes its clean-up at a reload',
  'exits with 0',
]);

/** What an application in the form of its documentation does with its own server, or the application is wrong. */
const proofs: ReadonlySet<Row> = new Set<Row>(['starts and serves', 'streams', 'echoes on a WebSocket']);

const applies: Partial<Record<Row, (framework: Framework) => boolean>> = {
  streams: ({ streams }) => streams,
  'echoes on a WebSocket': ({ socket }) => socket !== undefined,
  'sends its last spans': ({ own }) => own === 'sends its last spans',
  'sends its last event': ({ own }) => own === 'sends its last event',
  'counts in all processes': ({ own }) => own === 'counts in all processes',
};

after(() => {
  const file = join(repository, 'dist/frameworks.md');
  mkdirSync(dirname(file), { recursive: true });
  const text = table(results);
  writeFileSync(file, text);
  console.log(text);
});

for (const framework of frameworks.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
  describe(framework.name, { skip, concurrency: 1 }, () => {
    let result: Result;
    before(async () => {
      const documented = await seen(framework, seenAsDocumented);
      result = { name: framework.name, documented, runtime: await seen(framework, seenBehindRuntime) };
      results.push(result);
    });
    for (const row of rows.filter((one) => applies[one]?.(framework) ?? true)) {
      test(row, () => {
        const { runtime, documented } = result;
        // A row that its own server does not hold either proves nothing here, unless the application itself is at fault.
        if (proofs.has(row)) assert.equal(documented.get(row), undefined, 'the documented server');
        assert.ok(runtime.has(row), 'it was not observed, because the application did not start');
        if (!ofRuntime.has(row) && documented.get(row) !== undefined) return;
        assert.equal(runtime.get(row), undefined);
      });
    }
  });
}
