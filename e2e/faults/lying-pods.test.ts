// Pods that answer whatever they like when the operator asks them how their workers are.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { resourceType } from '../../src/kube/index.ts';
import { eventually } from '../harness/api.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { World } from './world.ts';

const podType = resourceType('v1', 'Pod');
const accountType = resourceType('v1', 'ServiceAccount');
const total = 200;
const inspector = 9_229;

/** As much as fits, and never the same twice. */
function lie(round: number): string {
  const restarts = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, i) => [`CODE_${round}_${i}`, Number.MAX_SAFE_INTEGER]),
  );
  return JSON.stringify({ workers: { desired: 2 ** 40, ready: -1 }, restarts, lastFailure: 'x'.repeat(5_000) });
}

/** Bytes of the operator's heap after a collection. */
async function heapUsed(): Promise<number> {
  const [target] = (await (await fetch(`http://127.0.0.1:${inspector}/json`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  let id = 0;
  const ask = async (method: string): Promise<{ usedSize?: number }> => {
    const asked = ++id;
    const answered = new Promise<{ usedSize?: number }>((resolve) => {
      const hear = ({ data }: MessageEvent): void => {
        const answer = JSON.parse(String(data)) as { id?: number; result?: { usedSize?: number } };
        if (answer.id !== asked) return;
        socket.removeEventListener('message', hear);
        resolve(answer.result ?? {});
      };
      socket.addEventListener('message', hear);
    });
    socket.send(JSON.stringify({ id: asked, method }));
    return answered;
  };
  await ask('HeapProfiler.enable');
  await ask('HeapProfiler.collectGarbage');
  await ask('HeapProfiler.collectGarbage');
  const { usedSize = Number.NaN } = await ask('Runtime.getHeapUsage');
  socket.close();
  return usedSize;
}

test(`${total} pods that lie cost the operator little, and its statuses are what they may be`, async (t) => {
  await using world = await World.create('liars');
  let asked = 0;
  const liars = createServer((_, response) => response.end(lie(asked++)));
  await new Promise<void>((resolve) => liars.listen(9_000, '0.0.0.0', resolve));
  try {
    await using operator = new OperatorProcess({
      adminPort: 8090,
      flags: ['--no-leader-elect', '--pod-status-seconds=1'],
      nodeFlags: [`--inspect=127.0.0.1:${inspector}`],
    });
    await operator.says('leading');
    await world.add('shop');
    await world.becomesRight(10_000);
    const labels = {
      'app.kubernetes.io/name': 'appserver',
      'app.kubernetes.io/instance': 'shop',
      'app.kubernetes.io/managed-by': 'appserver-operator',
    };
    const spec = { automountServiceAccountToken: false, containers: [{ name: 'app', image: 'x' }] };
    // What a controller makes elsewhere.
    await world.put(accountType, 'default', {});
    for (let i = 0; i < total; i++) {
      const name = `liar-${i}`;
      const metadata = { name, namespace: world.namespace, labels };
      await world.put(podType, name, { metadata, spec });
    }
    await delay(2_000);
    const before = await heapUsed();
    for (let i = 0; i < total; i++) {
      const conditions = [{ type: 'Ready', status: 'True' }];
      const podIP = `127.0.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`;
      await world.edit(
        podType,
        `liar-${i}`,
        { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } },
        'status',
      );
    }
    await eventually('each has been asked', () => Promise.resolve(asked >= total ? true : undefined));
    await delay(20_000);
    const grown = (await heapUsed()) - before;
    t.diagnostic(`${asked} lies, heap ${(grown / 2 ** 20).toFixed(1)} MiB more`);
    assert.ok(grown < 10 * 2 ** 20, `${grown} bytes`);
    assert.ok(!(await world.conditions('shop')).some(({ reason }) => reason === 'SpecInvalid'));
    await world.change('shop', { service: { port: 81 } });
    await world.becomesRight(10_000);
  } finally {
    for (let i = 0; i < total; i++) await world.destroy(podType, `liar-${i}`);
    liars.close();
    liars.closeAllConnections();
  }
});
