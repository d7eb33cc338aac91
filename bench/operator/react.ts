// How soon what is done to a child is undone, and how soon a change is taken over while many others are being created.
import { names } from '../../src/api/index.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { Cache, inParallel, ListWatch, type KubeObject } from '../../src/kube/index.ts';
import { appServerType, childKinds, childTypes, type ChildKind } from '../../src/operator/model/kinds.ts';
import { percentiles, type Figure } from '../figure.ts';
import { client, destroy } from '../../e2e/harness/api.ts';
import { count, destroyAll, namespace, patch } from './api.ts';
import { converge, createAppServers, nameOf, StatusWatch } from './population.ts';
import { installDefinitions, removeDefinitions } from '../../e2e/harness/definitions.ts';
import { OperatorProcess } from '../../e2e/harness/operator-process.ts';

const total = 1_000;
const samples = 200;

/** Sees objects of one kind as soon as anybody could. */
class Observer implements Disposable {
  readonly #stop = new AbortController();
  readonly #waiting = new Set<{ isIt: (object: KubeObject) => boolean; resolve: (at: number) => void }>();
  readonly synced: Promise<void>;

  constructor(kind: ChildKind) {
    const watch = new ListWatch({
      client,
      type: childTypes[kind],
      namespace,
      cache: new Cache<KubeObject>(() => undefined),
      keep: (object) => object,
      onChange: (_, after) => {
        if (after === undefined) return;
        for (const waiting of this.#waiting) {
          if (!waiting.isIt(after)) continue;
          this.#waiting.delete(waiting);
          waiting.resolve(performance.now());
        }
      },
      onError: (error) => process.stderr.write(`${String(error)}\n`),
      signal: this.#stop.signal,
    });
    this.synced = watch.synced;
    void watch.run();
  }

  /** When there is such an object, by performance.now(). */
  sees(isIt: (object: KubeObject) => boolean): Promise<number> {
    return new Promise((resolve) => this.#waiting.add({ isIt, resolve }));
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

const byHand = 'by-hand';

/** Something that an AppServer says, changed by hand. */
const edits: Readonly<Record<ChildKind, object>> = {
  ServiceAccount: { automountServiceAccountToken: true },
  ConfigMap: { data: { 'live.json': byHand } },
  Deployment: { spec: { template: { spec: { containers: [{ name: 'app', image: 'registry.example.com/other' }] } } } },
  Service: { spec: { ports: [{ port: 80, targetPort: 'admin' }] } },
  Ingress: { spec: { rules: [{ host: 'other.example.com' }] } },
  NetworkPolicy: { spec: { policyTypes: ['Ingress', 'Egress'] } },
  HTTPRoute: { spec: { hostnames: ['other.example.com'] } },
  PodMonitor: { spec: { podMetricsEndpoints: [] } },
  ServiceMonitor: { spec: { endpoints: [] } },
  HorizontalPodAutoscaler: { spec: { maxReplicas: 99 } },
  PodDisruptionBudget: { spec: { maxUnavailable: 9 } },
};

/** AppServers of which children are edited and deleted. */
const sampled = (i: number): string => nameOf((i * 7) % total);

/** What has an AppServer have children of the kinds that not everybody wants. */
const wishes: Readonly<Partial<Record<ChildKind, object>>> = {
  Ingress: { ingress: { hosts: ['shop.example.com'] } },
  NetworkPolicy: { networkPolicy: { from: [{ podSelector: {} }] } },
  HTTPRoute: { httpRoute: { parentRefs: [{ name: 'public' }], hostnames: ['shop.example.com'] } },
  PodMonitor: { monitoring: { kind: 'PodMonitor' } },
  ServiceMonitor: { monitoring: { kind: 'ServiceMonitor' } },
};

async function widen(kind: ChildKind): Promise<void> {
  const spec = wishes[kind];
  if (spec === undefined) return;
  const all = Array.from({ length: samples }, (_, i) => sampled(i));
  await inParallel(8, all, (name) => patch(appServerType, name, { spec }));
  while ((await count(childTypes[kind])) < samples) await delay(100);
  await delay(2_000);
}

function childName(kind: ChildKind, i: number): string {
  if (kind === 'ServiceAccount') return `${sampled(i)}${names.ownAccountSuffix}`;
  return kind === 'ConfigMap' ? `${sampled(i)}-live` : sampled(i);
}

/** Milliseconds from the answer to an edit or a deletion until the repair can be seen. */
async function drift(kind: ChildKind): Promise<number[]> {
  using observer = new Observer(kind);
  await observer.synced;
  const times: number[] = [];
  for (let i = 0; i < samples; i++) {
    const name = childName(kind, i);
    const isOurs = (object: KubeObject): boolean => object.metadata.name === name;
    // The first sight is of the edit itself.
    let sights = 0;
    if (i % 2 === 0) {
      const repaired = observer.sees((object) => isOurs(object));
      await destroy(childTypes[kind], namespace, name);
      const done = performance.now();
      times.push(Math.max(0, (await repaired) - done));
    } else {
      const repaired = observer.sees((object) => isOurs(object) && ++sights === 2);
      await patch(childTypes[kind], name, edits[kind]);
      const done = performance.now();
      times.push(Math.max(0, (await repaired) - done));
    }
    await delay(5);
  }
  return times;
}

/** Milliseconds from the answer to a change of an AppServer until its Deployment shows it. */
async function fairness(): Promise<number[]> {
  using observer = new Observer('Deployment');
  using statuses = new StatusWatch();
  await Promise.all([observer.synced, statuses.synced]);
  const creating = createAppServers(total, 2 * total);
  const times: number[] = [];
  for (let i = 0; i < samples; i++) {
    const name = nameOf((i * 7) % total);
    const image = `registry.example.com/shop:2.${i}`;
    const shown = observer.sees((object) => object.metadata.name === name && JSON.stringify(object).includes(image));
    await patch(appServerType, name, { spec: { image } });
    const done = performance.now();
    times.push(Math.max(0, (await shown) - done));
    await delay(20);
  }
  await creating;
  await statuses.reaches(2 * total);
  return times;
}

export async function react(): Promise<Figure[]> {
  await using operator = new OperatorProcess({ adminPort: 8090 });
  await operator.says('leading');
  await converge(0, total);
  await installDefinitions();
  const figures: Figure[] = [];
  for (const kind of childKinds) {
    await widen(kind);
    figures.push(...percentiles({ figure: `drift_ms_${kind}`, unit: 'ms' }, await drift(kind)));
  }
  figures.push(...percentiles({ figure: 'fairness_ms', unit: 'ms' }, await fairness()));
  await operator.end('SIGTERM');
  await destroyAll();
  await removeDefinitions();
  return figures;
}
