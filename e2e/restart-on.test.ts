// New content of the ConfigMaps and Secrets that pods use.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { applyAs, destroy, edit, eventually, get, merge, types } from './harness/api.ts';
import {
  appServer,
  condition,
  create,
  namespace,
  pods,
  restricted,
  serviceUrl,
  untilNotes,
  untilReady,
} from './harness/appserver.ts';
import { startLoad } from './harness/load.ts';
import { installOperator, kubectl, operatorNamespace, release } from './harness/operator.ts';

/** Also what the example answers with. */
async function secret(
  inNamespace: string,
  revision: string,
  { labels = {}, name = 'settings' }: { labels?: Record<string, string>; name?: string } = {},
): Promise<void> {
  await applyAs(types.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: inNamespace, labels },
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
    await secret(ns.name, 'first', { labels: { team: 'web' } });
    // What comes later is seen later: once this has replaced pods, the label would have.
    await secret(ns.name, 'second', { labels: { team: 'web' } });
    const after = await eventually('another pod', async () => {
      const now = await names(ns.name);
      return now.some((name) => name.startsWith('as-usual-') && !earlier.includes(name)) ? now : undefined;
    });
    const leftAlone = (all: readonly string[]): string[] => all.filter((name) => name.startsWith('left-alone-'));
    assert.deepEqual(leftAlone(after), leftAlone(earlier));
    assert.equal((await untilNotes(ns.name, 'ContentChanged')).length, 1);
  });

  test('waits for a place, says for whom, and gets it when the one that has it is paused', async () => {
    await installOperator('--set', 'restartOn.limit=1');
    await using ns = await namespace(restricted);
    await using other = await namespace(restricted);
    await secret(ns.name, 'first');
    await secret(other.name, 'first');
    // New pods count only after ten minutes, and the old one stays until then.
    const rollout = { minReadySeconds: 600, progressDeadlineSeconds: 3_600 };
    await create(appServer(ns.name, { envFrom, replicas: 1, rollout }, 'slow'));
    await create(appServer(other.name, { envFrom, replicas: 1 }, 'shop'));
    await untilReady(ns.name, 'slow');
    await untilReady(other.name);
    const earlier = await names(other.name);
    await secret(ns.name, 'second');
    await eventually('a second pod', async () => ((await pods(ns.name)).length === 2 ? true : undefined));
    await secret(other.name, 'second');
    const waiting = await eventually('the condition RestartWaiting', async () =>
      condition(await get(types.AppServer, other.name, 'shop'), 'RestartWaiting'),
    );
    assert.deepEqual([waiting.status, waiting.reason], ['True', 'RestartLimitReached']);
    assert.ok(waiting.message.includes(`${ns.name}/slow`), waiting.message);
    assert.deepEqual(await names(other.name), earlier);
    await untilReady(other.name);
    await merge(types.AppServer, ns.name, 'slow', { spec: { rollout: { paused: true } } });
    await eventually('another pod', async () =>
      (await names(other.name)).every((name) => !earlier.includes(name)) ? true : undefined,
    );
    await eventually('no condition RestartWaiting', async () =>
      condition(await get(types.AppServer, other.name, 'shop'), 'RestartWaiting') === undefined ? true : undefined,
    );
    await installOperator();
  });

  test("is known by the operator's own key, and another key replaces nothing", async () => {
    await installOperator();
    await using ns = await namespace(restricted);
    await using other = await namespace(restricted);
    for (const { name } of [ns, other]) {
      await secret(name, 'first');
      await create(appServer(name, { envFrom, replicas: 1 }));
    }
    const noteOf = (inNamespace: string): Promise<string> =>
      eventually('a note of the content', async () => {
        const deployment = await get(types.Deployment, inNamespace, 'shop');
        return deployment?.metadata.annotations?.['appserver.dev/contents'];
      });
    const [note, otherNote] = [await noteOf(ns.name), await noteOf(other.name)];
    const hash = (text: string): string | undefined => text.split('.')[1];
    assert.notEqual(hash(note), hash(otherNote), 'equal Secrets of two namespaces do not show');
    await untilReady(ns.name);
    const earlier = await names(ns.name);

    const key = await get(types.Secret, operatorNamespace, `${release}-key`);
    assert.deepEqual([key?.['type'], key?.['immutable']], ['appserver.dev/operator-key', true]);
    await destroy(types.Secret, operatorNamespace, `${release}-key`);
    await kubectl('rollout', 'restart', `deployment/${release}`, '-n', operatorNamespace);
    const later = await eventually('a note with another key', async () => {
      const now = await noteOf(ns.name);
      return now === note ? undefined : now;
    });
    assert.notEqual(later.slice(0, 24), note.slice(0, 24));
    assert.deepEqual(await names(ns.name), earlier);

    // As the release before has noted it.
    const spoiled = {
      metadata: { annotations: { 'appserver.dev/contents': '{"Secret/settings":"0123456789abcdef@1"}' } },
    };
    await edit(types.Deployment, ns.name, 'shop', spoiled);
    await eventually('the note again', async () => ((await noteOf(ns.name)) === later ? true : undefined));
    assert.deepEqual(await names(ns.name), earlier);
    await secret(ns.name, 'second');
    await eventually('another pod', async () =>
      (await names(ns.name)).every((name) => !earlier.includes(name)) ? true : undefined,
    );
  });
});
