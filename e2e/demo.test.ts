// npm run demo as a user types it, in a terminal: on a cluster of others, on a clean one, and on its own.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject, ResourceType } from '../src/kube/index.ts';
import { AlreadyThere, kubectlRequests } from '../scripts/demo/requests.ts';
import { referenceTo } from '../scripts/demo/ledger.ts';
import { run } from './cluster/command.ts';
import { defaultPrefix, layout } from './cluster/layout.ts';
import { destroy, eventually, get, list, types } from './harness/api.ts';
import { appServer, create, namespace, podUids, serviceUrl, untilReady } from './harness/appserver.ts';
import { listing, untilListed } from './harness/listing.ts';
import { startLoad } from './harness/load.ts';
import { installOperator, kubectl, operatorNamespace, release, removeOperator } from './harness/operator.ts';
import { Terminal } from './harness/terminal.ts';

let context = '';

const demoOnContext = (...flags: readonly string[]): Terminal =>
  new Terminal(['npm', 'run', 'demo', '--', '--context', context, ...flags].join(' '));

/** No operator, and no namespace of one or of earlier tests. */
async function clean(): Promise<void> {
  await removeOperator();
  await destroy(types.Namespace, undefined, operatorNamespace);
  await eventually('no namespace on its way', async () =>
    (await list(types.Namespace)).every(({ metadata }) => metadata.deletionTimestamp === undefined) ? true : undefined,
  );
}

const untilThere = (type: ResourceType, inNamespace: string | undefined, name: string): Promise<KubeObject> =>
  eventually(`${type.kind} ${name}`, () => get(type, inNamespace, name));

describe('the demo on a cluster of others', () => {
  before(async () => {
    context = (await kubectl('config', 'current-context')).trim();
    await clean();
  });
  after(clean);

  test('refuses where an operator is installed and an application serves, and touches neither', async () => {
    await installOperator('--set', 'replicas=2', '--set', 'log.level=debug');
    await using ns = await namespace();
    await create(appServer(ns.name, { replicas: 1, drain: { minimum: '1s', maximum: '2s' } }, 'production'));
    await untilReady(ns.name, 'production');
    const [uids, all] = [await podUids(ns.name), await listing()];
    await using load = startLoad({ url: await serviceUrl(ns.name, 'production'), rate: 20, connections: 'fresh' });
    await using terminal = demoOnContext();
    assert.equal(await terminal.exited, 1, terminal.output);
    for (const line of [
      `Helm release ${release} in namespace ${operatorNamespace}`,
      `Namespace ${operatorNamespace}`,
      'CustomResourceDefinition appservers.appserver.dev',
      `AppServer production in namespace ${ns.name}`,
      'Nothing was changed.',
      'Name another cluster with --context',
    ]) {
      assert.ok(terminal.output.includes(line), `${line}\n${terminal.output}`);
    }
    await untilListed(all);
    assert.deepEqual(await podUids(ns.name), uids);
    assert.deepEqual((await load.stop()).lost, []);
  });

  test('makes only new objects, and removes only the very object that it made', async () => {
    await using ns = await namespace();
    const requests = kubectlRequests(([program = '', ...args], options) =>
      run([program, `--context=${context}`, ...args], options),
    );
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine', namespace: ns.name } };
    const reference = referenceTo(object);
    const uid = (await requests.create(object)).metadata.uid ?? '';
    await assert.rejects(requests.create(object), AlreadyThere);
    assert.equal(await requests.remove(reference, '00000000-0000-0000-0000-000000000000'), 'conflict');
    assert.equal((await requests.get(reference))?.metadata.uid, uid);
    assert.equal(await requests.remove(reference, uid), 'removing');
    assert.equal(await requests.remove(reference, uid), 'gone');
    assert.equal(await requests.get(reference), undefined);
    const unknown = { apiVersion: 'example.com/v1', kind: 'Unknown', name: 'x' };
    assert.equal(await requests.get(unknown), undefined);
  });

  interface Stage {
    readonly reached: (terminal: Terminal) => Promise<unknown>;
    readonly end: (terminal: Terminal) => void;
    /** Nobody is told of one whose terminal is gone. */
    readonly exitCode?: number;
  }
  const ctrlC = { end: (terminal: Terminal): void => terminal.pressCtrlC(), exitCode: 130 };
  const stages: Record<string, Stage> = {
    'on Ctrl-C while it looks at the cluster': { reached: (terminal) => terminal.shows(/Using context/), ...ctrlC },
    'on SIGTERM while it makes objects': {
      reached: () => untilThere(types.CustomResourceDefinition, undefined, 'appservers.appserver.dev'),
      end: (terminal) => terminal.kill('SIGTERM'),
      exitCode: 143,
    },
    'on Ctrl-C while the operator starts': {
      reached: () => untilThere(types.Deployment, operatorNamespace, release),
      ...ctrlC,
    },
    'when its terminal is closed while the application starts': {
      reached: (terminal) => terminal.shows(/NotReady/),
      end: (terminal) => terminal.hangUp(),
    },
    'on Ctrl-C while requests are sent': {
      reached: (terminal) => terminal.shows(/Requests through the Service/),
      ...ctrlC,
    },
  };
  for (const [name, { reached, end, exitCode }] of Object.entries(stages)) {
    test(`ends ${name}, and the cluster is as it was`, async () => {
      await clean();
      const all = await listing();
      await using terminal = demoOnContext();
      await reached(terminal);
      end(terminal);
      const code = await terminal.exited;
      if (exitCode !== undefined) assert.equal(code, exitCode, terminal.output);
      await untilListed(all);
    });
  }

  test('leaves at once on a second Ctrl-C, and says what removes the rest', async () => {
    await clean();
    const all = await listing();
    await using terminal = demoOnContext();
    await untilThere(types.CustomResourceDefinition, undefined, 'appservers.appserver.dev');
    terminal.pressCtrlC();
    await terminal.shows(/Ctrl-C again leaves at once/);
    await delay(300);
    terminal.pressCtrlC();
    assert.equal(await terminal.exited, 130);
    const [, command = ''] = /It is removed by:\s+kubectl (.*)/.exec(terminal.output) ?? [];
    assert.match(terminal.output, /This may be left:[\s\S]+Namespace appserver-system/);
    await kubectl(...command.trim().split(' '));
    await untilListed(all);
  });
});

describe('the demo on a cluster of its own', () => {
  const own = layout(defaultPrefix('demo'));
  const assertNothingLeft = (): void => {
    assert.ok(!existsSync(own.run), own.run);
    assert.deepEqual(
      readdirSync('/run/netns').filter((name) => name.startsWith(own.prefix)),
      [],
    );
  };

  test('ends with Ctrl-C while the cluster starts, and nothing is left', async () => {
    await using terminal = new Terminal('npm run demo');
    await terminal.shows(/control plane/);
    terminal.pressCtrlC();
    assert.equal(await terminal.exited, 130, terminal.output);
    assertNothingLeft();
  });

  test('stays up until Ctrl-C, and takes its cluster down', async () => {
    await using terminal = new Terminal('npm run demo');
    await terminal.shows(/stays up until Ctrl-C/);
    const ended = await Promise.race([terminal.exited.then(() => true), delay(3_000).then(() => false)]);
    assert.ok(!ended, terminal.output);
    const [, hint = ''] = /Look around with:\s+(npm run .*)/.exec(terminal.output) ?? [];
    await using looking = new Terminal(hint.trim());
    assert.equal(await looking.exited, 0, looking.output);
    assert.match(looking.output, /shop +2\/2 +8\/8 +PodsReady/);
    terminal.pressCtrlC();
    // Its code is the shell's, in which npm runs it: 0 or 130.
    await terminal.exited;
    assert.match(terminal.output, /✓ the embedded cluster \S+ taken down/);
    assertNothingLeft();
  });

  test('that somebody else has taken down is not taken down again', async () => {
    await using terminal = new Terminal('npm run demo');
    await terminal.shows(/stays up until Ctrl-C/);
    await using down = new Terminal(`npm run cluster -- --prefix ${own.prefix} down`);
    assert.equal(await down.exited, 0, down.output);
    terminal.pressCtrlC();
    await terminal.exited;
    assert.match(terminal.output, new RegExp(`the embedded cluster ${own.prefix} was down already`));
    assert.doesNotMatch(terminal.output, /taken down/);
    assertNothingLeft();
  });
});
