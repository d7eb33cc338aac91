// What the class fast answers beside gunicorn, for the requests that need no download; npm run test:differential sends more.
import { test } from 'node:test';
import { listedDifferences } from '../differential/class-fast-page.ts';
import { assertDifferences, copyApplications, startGunicorn } from '../differential/compare.ts';
import { ownRequests } from '../differential/own-requests.ts';
import { applications, Runtime, skip } from '../runtime/runtime-process.ts';

test('class fast answers as gunicorn does, but for what docs/class-fast.md lists', { skip }, async () => {
  const root = applications({});
  copyApplications(root);
  await using gunicorn = await startGunicorn(root);
  await using runtime = await Runtime.ready({
    root,
    app: { wsgi: 'wsgi_application:app' },
    workers: { class: 'fast', threads: 8 },
  });
  await assertDifferences(ownRequests, { expected: gunicorn.port, actual: runtime.port }, listedDifferences());
});
