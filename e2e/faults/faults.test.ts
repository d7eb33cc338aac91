// The operator while its connection to the API server, the API server itself, its own process or its surroundings fail.
// After each fault every child is as desired, nothing is orphaned, and nothing is asked any more.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { childTypes } from '../../src/operator/model/kinds.ts';
import { startApiServer } from '../cluster/control-plane.ts';
import { pidOf, stopDaemon } from '../cluster/daemon.ts';
import { layout } from '../cluster/layout.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { FaultProxy, pass, type Asked, type Fate } from './proxy.ts';
import { World } from './world.ts';

const cluster = layout(z.string().parse(process.env['CLUSTER_PREFIX']), 0);
const proxyPort = 7443;
const dir = mkdtempSync(join(tmpdir(), 'appserver-faults-'));
const throughProxy = join(dir, 'kubeconfig');
/** A short selection for `npm test`. */
const few = process.env['FAULTS'] === 'few';

interface Fault {
  /** Milliseconds for which it lasts. */
  readonly forMs: number;
  /** Among the few that `npm test` runs. */
  readonly quick?: true;
  readonly fate?: () => (asked: Asked) => Fate;
  readonly meanwhile?: (proxy: FaultProxy) => Promise<void>;
  /** Whether nobody else can do anything either. */
  readonly offline?: true;
  readonly operator?: { readonly nodeFlags?: readonly string[] };
}

/** Every so manieth request but watches, which is what most faults are about. */
function every(nth: number, fate: Fate, method?: string): () => (asked: Asked) => Fate {
  return () => {
    let seen = 0;
    return (asked) => {
      if (asked.watch || (method !== undefined && asked.method !== method)) return pass;
      return ++seen % nth === 0 ? fate : pass;
    };
  };
}

const ofWatches =
  (fate: () => Fate): (() => (asked: Asked) => Fate) =>
  () =>
  (asked) =>
    asked.watch ? fate() : pass;

/** Each event twice, and each two in the wrong order. */
function disorder(): Fate {
  let held: string | undefined;
  const become = (line: string): readonly string[] => {
    if (held === undefined) {
      held = line;
      return [];
    }
    const lines = [line, held, held, line];
    held = undefined;
    return lines;
  };
  return { kind: 'events', become };
}

/** Every half second the wall clock is an hour ahead, behind, and right again. */
const clockSteps = `
const now = Date.now;
let step = 0;
setInterval(() => { step = [0, 3_600_000, -3_600_000][Math.floor(now() / 500) % 3]; }, 500).unref();
globalThis.Date = class extends Date {
  constructor(...args) { args.length === 0 ? super(now() + step) : super(...args); }
  static now() { return now() + step; }
};
`;

const faults: Record<string, Fault> = {
  '429 with Retry-After': {
    forMs: 3_000,
    quick: true,
    fate: every(2, { kind: 'refuse', status: 429, headers: { 'retry-after': '1' } }),
  },
  'half of the requests end with 500': { forMs: 3_000, fate: every(2, { kind: 'refuse', status: 500 }) },
  'half of the requests end with 503': { forMs: 3_000, fate: every(2, { kind: 'refuse', status: 503 }) },
  'half of the writes end with 409': { forMs: 3_000, fate: every(2, { kind: 'refuse', status: 409 }, 'PATCH') },
  'watches are too old': { forMs: 3_000, quick: true, fate: ofWatches(() => ({ kind: 'refuse', status: 410 })) },
  'answers are cut in their middle': { forMs: 3_000, quick: true, fate: every(3, { kind: 'cut' }) },
  'events are no JSON': {
    forMs: 3_000,
    fate: ofWatches(() => ({ kind: 'events', become: (line) => [line, '{"type":"MODIFIED","object":{'] })),
  },
  'events come twice and in the wrong order': { forMs: 3_000, quick: true, fate: ofWatches(disorder) },
  'connections break all the time': {
    forMs: 3_000,
    meanwhile: async (proxy) => {
      for (let i = 0; i < 15; i++) {
        proxy.cutAll();
        await delay(200);
      }
    },
  },
  'requests are never answered': { forMs: 35_000, fate: every(2, { kind: 'hang' }, 'PATCH') },
  // Shorter than it takes to notice: the next watches are to be well.
  'watches fall silent': { forMs: 80_000, fate: ofWatches(() => ({ kind: 'events', become: () => [] })) },
  'the API server restarts': {
    forMs: 1_000,
    offline: true,
    meanwhile: async () => {
      await stopDaemon(cluster, 'apiserver', 'SIGKILL', 0);
      await startApiServer(cluster);
    },
  },
  'etcd stops for 20 s': {
    forMs: 1_000,
    offline: true,
    meanwhile: async () => {
      const pid = pidOf(cluster, 'etcd');
      assert.ok(pid);
      process.kill(pid, 'SIGSTOP');
      await delay(20_000);
      process.kill(pid, 'SIGCONT');
    },
  },
  'the clock steps': {
    forMs: 4_000,
    quick: true,
    operator: { nodeFlags: ['--import', `data:text/javascript,${encodeURIComponent(clockSteps)}`] },
  },
};

/** An operator that is started again when it ends by itself, as a kubelet does. */
class Kept implements AsyncDisposable {
  current: OperatorProcess;
  readonly #start: () => OperatorProcess;
  #ending = false;

  constructor(start: () => OperatorProcess) {
    this.#start = start;
    this.current = this.#started();
  }

  #started(): OperatorProcess {
    const one = this.#start();
    void one.exited.then(() => {
      if (!this.#ending) this.current = this.#started();
      return undefined;
    });
    return one;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    await this.current.end('SIGTERM');
  }
}

const proxied = (fault: Fault): OperatorProcess =>
  new OperatorProcess({
    adminPort: 8090,
    kubeconfig: throughProxy,
    flags: ['--leader-election-namespace=default'],
    ...(fault.operator?.nodeFlags && { nodeFlags: fault.operator.nodeFlags }),
  });

const apps = 6;
const scaling = { resources: { requests: { cpu: '100m' } }, autoscaling: { minReplicas: 2, maxReplicas: 4 } };

/** What users and others do at the same time: new AppServers, changes, children that are edited and deleted. */
async function stir(world: World, round: number): Promise<void> {
  for (let i = 0; i < 3; i++) await world.add(`more-${round}-${i}`, i === 0 ? scaling : {});
  for (let i = 0; i < apps; i++) await world.change(`app-${i}`, { image: `registry.example.com/shop:2.${round}` });
  await world.edit(childTypes.Deployment, 'app-0', { spec: { replicas: 7 } });
  await world.edit(childTypes.Service, 'app-1', { spec: { ports: [{ port: 80, targetPort: 'admin' }] } });
  await world.destroy(childTypes.Service, 'app-2');
  await world.destroy(childTypes.ConfigMap, 'app-3-live');
  await world.destroy(childTypes.Deployment, 'app-4');
  await world.destroy(childTypes.PodDisruptionBudget, 'app-5');
}

/** Far above what the changes take, far below what a loop without a pause makes. */
const mostRequests = 1_500;

/** What it has after a start and a few AppServers, and half as much again. */
const mostMemoryMb = 170;

/** Lists that were put off come late, and with them the last of what is to be done. */
const quietWithinMs = 45_000;
const quietMs = 3_000;

async function becomesQuiet(proxy: FaultProxy): Promise<void> {
  const deadline = performance.now() + quietWithinMs;
  for (;;) {
    const soFar = proxy.requests;
    await delay(quietMs);
    const more = proxy.requests - soFar;
    if (more === 0) return;
    assert.ok(performance.now() < deadline, `${more} requests in the last ${quietMs / 1000} s`);
  }
}

describe('faults', { concurrency: 1 }, () => {
  let proxy: FaultProxy;
  before(async () => {
    const config = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8')) as {
      clusters: { cluster: { server: string } }[];
    };
    const [first] = config.clusters;
    assert.ok(first);
    const { server } = first.cluster;
    first.cluster.server = `https://127.0.0.1:${proxyPort}`;
    writeFileSync(throughProxy, JSON.stringify(config));
    proxy = await FaultProxy.start({ pki: cluster.pki, server, port: proxyPort });
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true });
  });

  for (const [name, fault] of Object.entries(faults)) {
    test(name, { skip: few && fault.quick !== true && 'in npm run test:faults' }, async (t) => {
      await using world = await World.create(`fault-${Object.keys(faults).indexOf(name)}`);
      await using operator = new Kept(() => proxied(fault));
      await operator.current.says('leading');
      for (let i = 0; i < apps; i++) await world.add(`app-${i}`, i === 5 ? scaling : {});
      await world.becomesRight(30_000);
      const soFar = proxy.requests;
      proxy.fate = fault.fate?.() ?? (() => pass);
      // Watches that are open already would not notice.
      proxy.cutAll();
      const meanwhile = fault.meanwhile?.(proxy);
      if (fault.offline !== true) await stir(world, 0);
      await Promise.all([delay(fault.forMs), meanwhile]);
      if (fault.offline === true) await stir(world, 0);
      proxy.fate = () => pass;
      const during = proxy.requests - soFar;
      await world.becomesRight(60_000);
      await becomesQuiet(proxy);
      t.diagnostic(`${during} requests during the fault, ${Math.round(operator.current.rssMb())} MiB afterwards`);
      assert.ok(during < mostRequests, `${during} requests`);
      assert.ok(operator.current.rssMb() < mostMemoryMb, `${operator.current.rssMb()} MiB`);
    });
  }

  test('killed at random moments', { skip: few && 'in npm run test:faults' }, async () => {
    await using world = await World.create('killed');
    // Without a Lease: a new process would wait for that of the dead one, and little would be under way at the next kill.
    const flags = ['--no-leader-elect'];
    await using operator = new Kept(() => new OperatorProcess({ adminPort: 8090, kubeconfig: throughProxy, flags }));
    const rounds = 25;
    for (let round = 0; round < rounds; round++) {
      await operator.current.says('leading');
      for (let i = 0; i < 20; i++) await world.add(`app-${round}-${i}`, i % 4 === 0 ? scaling : {});
      await delay(Math.random() * 500);
      await operator.current.end('SIGKILL');
    }
    await world.becomesRight(90_000);
  });

  test(
    'two operators at once, neither of which asks who leads',
    { skip: few && 'in npm run test:faults' },
    async () => {
      await using world = await World.create('two');
      const start = (adminPort: number): OperatorProcess =>
        new OperatorProcess({ adminPort, kubeconfig: throughProxy, flags: ['--no-leader-elect'] });
      await using first = start(8090);
      await using second = start(8091);
      await Promise.all([first.says('leading'), second.says('leading')]);
      for (let i = 0; i < apps; i++) await world.add(`app-${i}`, i === 5 ? scaling : {});
      await world.becomesRight(30_000);
      await stir(world, 0);
      await world.becomesRight(30_000);
      await becomesQuiet(proxy);
    },
  );

  test('another controller that keeps changing a field back', { skip: few && 'in npm run test:faults' }, async () => {
    await using world = await World.create('fought');
    await using operator = proxied({ forMs: 0 });
    await operator.says('leading');
    await world.add('shop');
    await world.becomesRight(30_000);
    const soFar = proxy.requests;
    const fighting = { until: performance.now() + 12_000, changes: 0 };
    while (performance.now() < fighting.until) {
      const [deployment] = await world.list(childTypes.Deployment);
      if (!JSON.stringify(deployment?.['spec']).includes('"minReadySeconds":42')) {
        fighting.changes++;
        await world.edit(childTypes.Deployment, 'shop', { spec: { minReadySeconds: 42 } });
      }
      await delay(20);
    }
    // Five repairs at once, and those after 2, 4 and 8 s; each costs a write, an event and maybe a status.
    assert.ok(fighting.changes <= 9, `${fighting.changes} changes by the other`);
    assert.ok(proxy.requests - soFar < 40, `${proxy.requests - soFar} requests`);
    const contended = (await world.conditions('shop')).find(({ type }) => type === 'FieldConflict');
    assert.match(
      contended?.message ?? '',
      /^Deployment shop \(spec\.minReadySeconds, changed by fighter\) is changed again/,
    );
    await world.becomesRight(30_000);
  });
});
