// AppServers on an API server without controllers: what is there, and whether it is as it should be.
import { KubeConfig } from '@kubernetes/client-node';
import { setTimeout as delay } from 'node:timers/promises';
import { appServerSchema, names, type AppServer, type Condition } from '../../src/api/index.ts';
import { ApiError, KubeClient, path, resourceType, type KubeObject, type ResourceType } from '../../src/kube/index.ts';
import { podsOf } from '../../src/operator/children/pinned-release.ts';
import { differences } from '../../src/operator/decide/difference.ts';
import { alwaysServed, appServerType, childTypes } from '../../src/operator/model/kinds.ts';
import { observedMark } from '../../src/operator/decide/restart.ts';
import { stamped } from '../../src/operator/children/stamp.ts';
import { childrenIn, facts } from '../../test/builders.ts';
import { release } from '../harness/operator-process.ts';

interface List {
  readonly items: readonly KubeObject[];
}

/** A namespace with AppServers in it, as its administrator sees it. */
export class World implements AsyncDisposable {
  readonly namespace: string;
  readonly #client: KubeClient;

  private constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.namespace = namespace;
  }

  static async create(namespace: string): Promise<World> {
    const config = new KubeConfig();
    config.loadFromDefault();
    const world = new World(new KubeClient(config), namespace);
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await world.#client.json({ method: 'POST', path: path(resourceType('v1', 'Namespace')), body });
    return world;
  }

  async add(name: string, spec: object = {}): Promise<void> {
    const body = {
      apiVersion: appServerType.apiVersion,
      kind: appServerType.kind,
      metadata: { name, namespace: this.namespace },
      spec: { image: 'registry.example.com/shop:1', app: { wsgi: 'shop:app' }, ...spec },
    };
    await this.#client.json({ method: 'POST', path: path(appServerType, this.namespace), body });
  }

  async change(name: string, spec: object): Promise<void> {
    await this.edit(appServerType, name, { spec });
  }

  async put(type: ResourceType, name: string, rest: object): Promise<void> {
    const { apiVersion, kind } = type;
    const body = { apiVersion, kind, ...rest, metadata: { ...metadataIn(rest), name, namespace: this.namespace } };
    await this.#client.json({ method: 'POST', path: path(type, this.namespace), body });
  }

  async edit(type: ResourceType, name: string, body: object, subresource?: string): Promise<void> {
    const contentType = `application/${type === appServerType ? 'merge' : 'strategic-merge'}-patch+json`;
    const query = { fieldManager: 'fighter' };
    const of = `${path(type, this.namespace, name)}${subresource === undefined ? '' : `/${subresource}`}`;
    await this.#client.json({ method: 'PATCH', path: of, query, body, contentType });
  }

  /** What the API server has against an object; undefined when it would take it. Nothing is stored. */
  async rejection(type: ResourceType, name: string, rest: object): Promise<string | undefined> {
    const { apiVersion, kind } = type;
    const body = { apiVersion, kind, ...rest, metadata: { ...metadataIn(rest), name, namespace: this.namespace } };
    try {
      await this.#client.json({ method: 'POST', path: path(type, this.namespace), query: { dryRun: 'All' }, body });
      return undefined;
    } catch (error) {
      if (error instanceof ApiError) return error.message;
      throw error;
    }
  }

  async destroy(type: ResourceType, name: string): Promise<void> {
    try {
      await this.#client.json({ method: 'DELETE', path: path(type, this.namespace, name) });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }

  async list(type: ResourceType): Promise<readonly KubeObject[]> {
    const { items } = (await this.#client.json({ method: 'GET', path: path(type, this.namespace) })) as List;
    return items.map((item) => Object.assign(item, { apiVersion: type.apiVersion, kind: type.kind }));
  }

  async conditions(name: string): Promise<readonly Condition[]> {
    const found = (await this.list(appServerType)).find(({ metadata }) => metadata.name === name);
    return appServerSchema.parse(found).status?.conditions ?? [];
  }

  /** What is not as it should be, a line each: children that differ, are missing or too many, statuses that are behind. */
  async wrongs(): Promise<string[]> {
    const { orphans, byApp } = await this.#look();
    return [...orphans, ...[...byApp.values()].flatMap(({ wrongs }) => wrongs)];
  }

  async #look(): Promise<{ orphans: string[]; byApp: Map<string, { app: AppServer; wrongs: string[] }> }> {
    const apps = (await this.list(appServerType)).map((one) => appServerSchema.parse(one));
    const children = (await Promise.all([...alwaysServed].map((kind) => this.list(childTypes[kind])))).flat();
    const byOwner = Map.groupBy(children, ({ metadata }) => metadata.ownerReferences?.[0]?.uid);
    const uids = new Set(apps.map(({ metadata }) => metadata.uid));
    const orphans = [...byOwner].flatMap(([uid, all]) =>
      uid === undefined || uids.has(uid)
        ? []
        : all.map(({ kind, metadata }) => `${kind} ${metadata.name} has no AppServer`),
    );
    const byApp = new Map(
      apps.map((app) => [app.metadata.name, { app, wrongs: wrongsOf(app, byOwner.get(app.metadata.uid) ?? []) }]),
    );
    return { orphans, byApp };
  }

  /** @throws when something is still wrong after `timeoutMs` */
  async becomesRight(timeoutMs: number): Promise<void> {
    await until(timeoutMs, () => this.wrongs());
  }

  /**
   * The same, but an AppServer of which the API server refuses a child may say so instead. Returns the names of those.
   * @throws when something is still wrong, without a word about it, after `timeoutMs`
   */
  async becomesRightOrSaysWhy(timeoutMs: number): Promise<Set<string>> {
    const excused = new Set<string>();
    await until(timeoutMs, async () => {
      const { orphans, byApp } = await this.#look();
      excused.clear();
      for (const [name, { app, wrongs }] of byApp) {
        const degraded = app.status?.conditions?.find(({ type, status }) => type === 'Degraded' && status === 'True');
        if (
          wrongs.length > 0 &&
          /; (correct|set|raise|choose|grant|change|delete|remove|install|it is)/.test(degraded?.message ?? '')
        )
          excused.add(name);
      }
      return [...orphans, ...[...byApp].flatMap(([name, { wrongs }]) => (excused.has(name) ? [] : wrongs))];
    });
    return excused;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const type of [appServerType, ...[...alwaysServed].map((kind) => childTypes[kind])]) {
      for (const { metadata } of await this.list(type)) await this.destroy(type, metadata.name);
    }
    this.#client.close();
  }
}

function metadataIn(rest: object): object {
  return 'metadata' in rest && typeof rest.metadata === 'object' && rest.metadata !== null ? rest.metadata : {};
}

function wrongsOf(app: AppServer, there: readonly KubeObject[]): string[] {
  const restart = observedMark(there.find(({ kind }) => kind === 'Deployment'));
  const live = there.find(({ metadata }) => metadata.name === names.liveConfigMap(app.metadata.name));
  const claim = live?.metadata.annotations?.[names.operatorAnnotation];
  const given = facts({ app, release, claim, restart, served: alwaysServed, now: new Date() });
  if (podsOf(given).kind === 'conflict') return ['spec.podTemplate is in conflict'];
  const wanted = childrenIn(given).map(stamped);
  const wrongs = wanted.flatMap((child) => {
    const found = there.find(({ kind, metadata }) => kind === child.kind && metadata.name === child.metadata.name);
    const what = `${child.kind} ${child.metadata.name}`;
    return found === undefined
      ? [`${what} is missing`]
      : differences(child, found).map((one) => `${what}: ${one.path}`);
  });
  const behind = app.status?.observedGeneration !== app.metadata.generation;
  return behind ? [...wrongs, `${app.metadata.name}: status is behind`] : wrongs;
}

async function until(timeoutMs: number, look: () => Promise<string[]>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const wrongs = await look();
    if (wrongs.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`still wrong after ${timeoutMs / 1000} s:\n${wrongs.slice(0, 40).join('\n')}`);
    }
    await delay(100);
  }
}
