// What kstatus makes of an AppServer: the library by which Flux and others tell whether what they have applied is there.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { join } from 'node:path';
import { testImageNames } from '../scripts/test-images.ts';
import { run } from './cluster/command.ts';
import { binDir } from './cluster/layout.ts';
import { eventually, get, merge, types } from './harness/api.ts';
import { appServer, create, namespace, untilReady, untilReason } from './harness/appserver.ts';
import { installOperator } from './harness/operator.ts';

async function kstatus(inNamespace: string): Promise<string> {
  const found = await get(types.AppServer, inNamespace, 'shop');
  return (await run([join(binDir, 'kstatus')], { input: `${JSON.stringify(found)}\n` })).trim();
}

describe('kstatus', { concurrency: 1 }, () => {
  before(() => installOperator());

  test('says Current of one that is ready, InProgress of a change until all pods have it', async () => {
    await using ns = await namespace();
    await create(appServer(ns.name, { replicas: 1 }));
    await untilReady(ns.name);
    assert.equal(await kstatus(ns.name), 'Current');
    await merge(types.AppServer, ns.name, 'shop', { spec: { image: testImageNames.second } });
    const seen: string[] = [];
    await eventually('the rollout over', async () => {
      const now = await kstatus(ns.name);
      if (seen.at(-1) !== now) seen.push(now);
      return now === 'Current' ? true : undefined;
    });
    assert.deepEqual(seen, ['InProgress', 'Current']);
    await untilReady(ns.name);
  });

  test('says Failed of one that only a change can mend, and Current once it is mended', async () => {
    await using ns = await namespace();
    await create(appServer(ns.name, { replicas: 1, image: 'localhost/no/such:image', imagePullPolicy: 'Never' }));
    await untilReason(ns.name, 'ImagePullFailed');
    assert.equal(await kstatus(ns.name), 'Failed');
    await merge(types.AppServer, ns.name, 'shop', {
      spec: { image: testImageNames.second, imagePullPolicy: 'IfNotPresent' },
    });
    await untilReady(ns.name);
    assert.equal(await kstatus(ns.name), 'Current');
  });
});
