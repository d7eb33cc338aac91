// Requests of gunicorn's own tests, to gunicorn and to its stand-ins here.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { applications, Runtime, skip } from '../runtime/runtime-process.ts';
import { listedDifferences } from './class-fast-page.ts';
import { assertDifferences, copyApplication, startGunicorn } from './compare.ts';
import { gunicornRequests, type Requests } from './http-files.ts';
import { ownRequests } from './own-requests.ts';

const root = applications({});

describe('requests are answered as by gunicorn', { skip }, () => {
  let requests: Requests = {};
  before(async () => {
    copyApplication(root);
    requests = { ...(await gunicornRequests()), ...ownRequests };
  });

  for (const [name, workers] of Object.entries({
    fast: { class: 'fast', threads: 8 },
    sync: { class: 'sync' },
    gthread: { class: 'gthread', threads: 8 },
  })) {
    test(name, async () => {
      await using gunicorn = await startGunicorn(root);
      await using runtime = await Runtime.ready({ root, app: { wsgi: 'application:app' }, workers });
      const ports = { expected: gunicorn.port, actual: runtime.port };
      await assertDifferences(requests, ports, name === 'fast' ? listedDifferences() : new Set());
    });
  }

  test('every request that docs/class-fast.md names is one of these', () => {
    assert.deepEqual(
      [...listedDifferences()].filter((name) => requests[name] === undefined),
      [],
    );
  });
});
