// Many AppServers, and the same made by hand for comparison.
import { appServerSchema, group, kind, version } from '../../src/api/index.ts';
import { applyStatus, apply, Cache, inParallel, keyOf, ListWatch, type KubeObject } from '../../src/kube/index.ts';
import { childrenIn, facts } from '../../test/builders.ts';
import { report } from '../../src/operator/status/conditions.ts';
import { alwaysServed, appServerType, childTypes } from '../../src/operator/model/kinds.ts';
import { stamped } from '../../src/operator/children/stamp.ts';
import { release } from '../../e2e/harness/operator-process.ts';
import { client } from '../../e2e/harness/api.ts';
import { count, create, namespace } from './api.ts';

export const nameOf = (index: number): string => `app-${String(index).padStart(5, '0')}`;

function appServer(index: number): KubeObject {
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name: nameOf(index), namespace },
    spec: {
      image: 'registry.example.com/shop:1.4.2',
      app: { wsgi: 'shop.wsgi:application' },
      autoscaling: { minReplicas: 2, maxReplicas: 10, cpuUtilization: 70 },
      resources: { requests: { cpu: '100m', memory: '128Mi' } },
      env: [{ name: 'INDEX', value: String(index) }],
    },
  };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** In flight at the same time: as many as the operator reconciles by default. */
const width = 8;

export async function createAppServers(from: number, to: number): Promise<KubeObject[]> {
  const created: KubeObject[] = [];
  await inParallel(width, range(from, to), async (index) =>
    created.push(await create(appServerType, appServer(index))),
  );
  return created;
}

/** Tells when so many AppServers have a status for what they ask for. */
export class StatusWatch implements Disposable {
  readonly #stop = new AbortController();
  readonly #done = new Set<string>();
  #waiting: { wanted: number; resolve: () => void } | undefined;
  readonly synced: Promise<void>;

  constructor() {
    const watch = new ListWatch({
      client,
      type: appServerType,
      namespace,
      cache: new Cache<KubeObject>(() => undefined),
      keep: (object) => object,
      onChange: (_, after) => {
        if (after === undefined) return;
        const status = after['status'];
        const observed =
          typeof status === 'object' && status !== null && 'observedGeneration' in status && status.observedGeneration;
        if (observed === after.metadata.generation) this.#done.add(keyOf(after));
        if (this.#waiting !== undefined && this.#done.size >= this.#waiting.wanted) this.#waiting.resolve();
      },
      onError: (error) => process.stderr.write(`${String(error)}\n`),
      signal: this.#stop.signal,
    });
    this.synced = watch.synced;
    void watch.run();
  }

  async reaches(wanted: number): Promise<void> {
    if (this.#done.size >= wanted) return;
    await new Promise<void>((resolve) => (this.#waiting = { wanted, resolve }));
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

/** Creates them and waits until all children exist and all statuses are written. Returns the seconds that took. */
export async function converge(from: number, to: number): Promise<number> {
  using statuses = new StatusWatch();
  await statuses.synced;
  const begun = performance.now();
  await createAppServers(from, to);
  await statuses.reaches(to);
  const seconds = (performance.now() - begun) / 1000;
  for (const type of [childTypes.Deployment, childTypes.Service, childTypes.HorizontalPodAutoscaler]) {
    const there = await count(type);
    if (there !== to) throw new Error(`there are ${there} ${type.plural} for ${to} AppServers`);
  }
  return seconds;
}

/** The very same objects and statuses by bare requests. Returns the seconds of these alone. */
export async function bareApply(total: number): Promise<number> {
  const begun = performance.now();
  const created = await createAppServers(0, total);
  const creating = performance.now() - begun;
  const work = created.map((object) => {
    const given = { app: appServerSchema.parse(object), release, served: alwaysServed, now: new Date() };
    const children = childrenIn(facts(given)).map(stamped);
    const { status } = report(facts({ ...given, children }));
    return { children, name: object.metadata.name, status };
  });
  const applying = performance.now();
  const options = { fieldManager: 'appserver-operator', force: true };
  await inParallel(width, work, async ({ children, name, status }) => {
    for (const child of children) await apply(client, childTypes[child.kind], child, options);
    await applyStatus(client, appServerType, { namespace, name, status }, 'appserver-operator');
  });
  return (creating + performance.now() - applying) / 1000;
}
