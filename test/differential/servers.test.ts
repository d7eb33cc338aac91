// Requests of gunicorn's own tests, to each server that the runtime stands for and to the runtime.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';
import { listedDifferences } from './class-fast-page.ts';
import { assertDifferences, copyApplications, startGunicorn, startNode, startUvicorn, type Peer } from './compare.ts';
import { gunicornRequests, type Requests } from './http-files.ts';
import { ownRequests } from './own-requests.ts';

const root = applications({});
const wsgi = { wsgi: 'wsgi_application:app' };

interface Kind {
  readonly peer: () => Promise<Peer>;
  readonly ours: Pick<Options, 'app' | 'workers' | 'fixed'>;
  /** By the names of requests; none when left out. */
  readonly differences?: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

const kinds: Readonly<Record<string, Kind>> = {
  'fast, by gunicorn': {
    peer: () => startGunicorn(root),
    ours: { app: wsgi, workers: { class: 'fast', threads: 8 } },
    differences: listedDifferences(),
  },
  'sync, by gunicorn': { peer: () => startGunicorn(root), ours: { app: wsgi, workers: { class: 'sync' } } },
  'gthread, by gunicorn': {
    peer: () => startGunicorn(root, 'gthread'),
    ours: { app: wsgi, workers: { class: 'gthread', threads: 8 } },
  },
  'gevent, by gunicorn': {
    peer: () => startGunicorn(root, 'gevent'),
    ours: { app: wsgi, workers: { class: 'gevent' } },
  },
  'asgi, by uvicorn': {
    peer: () => startUvicorn(root),
    // As uvicorn does by default.
    ours: { app: { asgi: 'asgi_application:app' }, fixed: { trustedProxies: ['127.0.0.1'] } },
  },
  'node, by node': { peer: () => startNode(root), ours: { app: { node: 'node-application.cjs' } } },
};

describe('requests are answered as', { skip }, () => {
  let requests: Requests = {};
  before(async () => {
    copyApplications(root);
    requests = { ...(await gunicornRequests()), ...ownRequests };
  });

  for (const [name, { peer, ours, differences = none }] of Object.entries(kinds)) {
    test(name, async () => {
      await using expected = await peer();
      await using actual = await Runtime.ready({ root, ...ours });
      await assertDifferences(requests, { expected: expected.port, actual: actual.port }, differences);
    });
  }

  test('every request that docs/class-fast.md names is one of these', () => {
    assert.deepEqual(
      [...listedDifferences()].filter((name) => requests[name] === undefined),
      [],
    );
  });
});
