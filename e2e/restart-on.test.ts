// New content of the ConfigMaps and Secrets that pods use.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { applyAs, eventually, types } from './harness/api.ts';
import {
  appServer,
  create,
  namespace,
  pods,
  restricted,
  serviceUrl,
  untilNotes,
  untilReady,
} from './harness/appserver.ts';
import { startLoad } from './harness/load.ts';
import { installOperator } from './harness/operator.ts';

/** Also what the example answers with. */
async function secret(inNamespace: string, revision: string, labels: Record<string, string> = {}): Promise<void> {
  await applyAs(types.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'settings', namespace: inNamespace, labels },
    stringData: { REVISION: revision },
  });
}

const envFrom = [{ secretRef: { name: 'settings' } }];

const names = async (inNamespace: string): Promise<string[]> =>
  (await pods(inNamespace)).map(({ metadata }) => metadata.name).toSorted();

describe('new content', { concurrency: 1 }, () => {
  before(() => installOperator());

  test('replaces the pods that use it, and no request is lost', async () => {
    await using ns = await namespace(restricted);
    await secret(ns.name, 'first');
    await create(appServer(ns.name, { envFrom }));
    await untilReady(ns.name);
    const url = await serviceUrl(ns.name);
    const earlier = await names(ns.name);
    await using load = startLoad({ url, rate: 40, connections: 'fresh' });
    await secret(ns.name, 'second');
    await eventually('other pods', async () =>
      (await names(ns.name)).every((name) => !earlier.includes(name)) ? true : undefined,
    );
    await untilReady(ns.name);
    await eventually('answers of the new pods alone', async () => {
      const answers = await Promise.all(Array.from({ length: 6 }, async () => (await fetch(url)).json()));
      return answers.every((one) => (one as { revision: string }).revision === 'second') ? true : undefined;
    });
    const { sent, lost } = await load.stop();
    assert.deepEqual(lost, [], `of ${sent}`);
    const notes = await untilNotes(ns.name, 'ContentChanged');
    assert.deepEqual(notes, ['New content of Secret settings: pods are replaced']);
  });

  test('replaces nothing when it is the same, nor when that is not asked for', async () => {
    await using ns = await namespace(restricted);
    await secret(ns.name, 'first');
    await create(appServer(ns.name, { envFrom, replicas: 1 }, 'as-usual'));
    await create(appServer(ns.name, { envFrom, replicas: 1, restartOn: [] }, 'left-alone'));
    await untilReady(ns.name, 'as-usual');
    await untilReady(ns.name, 'left-alone');
    const earlier = await names(ns.name);
    await secret(ns.name, 'first', { team: 'web' });
    // What comes later is seen later: once this has replaced pods, the label would have.
    await secret(ns.name, 'second', { team: 'web' });
    const after = await eventually('another pod', async () => {
      const now = await names(ns.name);
      return now.some((name) => name.startsWith('as-usual-') && !earlier.includes(name)) ? now : undefined;
    });
    const leftAlone = (all: readonly string[]): string[] => all.filter((name) => name.startsWith('left-alone-'));
    assert.deepEqual(leftAlone(after), leftAlone(earlier));
    assert.equal((await untilNotes(ns.name, 'ContentChanged')).length, 1);
  });
});
