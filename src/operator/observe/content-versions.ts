// What is in the ConfigMaps and Secrets that pods use: their metadata is watched, and one is read when it is another than
// it was. Nothing of it is kept but a hash.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ApiError, Cache, path, resourceType, type KubeClient } from '../../kube/index.ts';
import {
  referenceId,
  referenceKinds,
  type Reference,
  type ReferenceId,
  type ReferenceKind,
} from '../model/references.ts';
import type { Content } from '../decide/restart.ts';

export const referenceTypes = {
  ConfigMap: resourceType('v1', 'ConfigMap'),
  Secret: resourceType('v1', 'Secret'),
} as const;

/** Where an object is and which version of it there is. */
export interface VersionView {
  readonly key: string;
  readonly resourceVersion: string;
}

const content = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).optional(),
  binaryData: z.record(z.string(), z.string()).optional(),
});

/** Hash of what pods see of it, in any order. */
function hash({ data = {}, binaryData = {} }: z.output<typeof content>): string {
  const fields = [data, binaryData].map((map) => Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, 16);
}

/** `Secret/web/db`: of one namespace. */
type Place = string;

interface Read {
  readonly resourceVersion: string;
  readonly content: Promise<Content | undefined>;
}

export class Contents {
  /** Filled by watches, for the kinds that are looked at. */
  readonly versions: Readonly<Record<ReferenceKind, Cache<VersionView>>> = {
    ConfigMap: new Cache(() => undefined),
    Secret: new Cache(() => undefined),
  };
  /** Kinds that are looked at; without rights to one, leave it out. */
  readonly kinds: ReadonlySet<ReferenceKind>;
  readonly #client: KubeClient;
  readonly #reads = new Map<Place, Read>();
  /** Keys of the AppServers whose pods use what is at a place, and the other way round. */
  readonly #users = new Map<Place, Set<string>>();
  readonly #places = new Map<string, readonly Place[]>();

  constructor(client: KubeClient, kinds: Iterable<ReferenceKind> = referenceKinds) {
    this.#client = client;
    this.kinds = new Set(kinds);
  }

  /** Keys of the AppServers that a change concerns. */
  usersOf(kind: ReferenceKind, key: string): string[] {
    return [...(this.#users.get(`${kind}/${key}`) ?? [])];
  }

  /**
   * Contents of what exists of `references`.
   * @param app key of the AppServer that they are of; it is told of their changes from now on
   * @param known what was noted of them before, which need not be read again while it is the same version
   */
  async read(
    app: string,
    references: readonly Reference[],
    known: ReadonlyMap<string, Content>,
  ): Promise<Map<ReferenceId, Content>> {
    const [namespace = ''] = app.split('/');
    const watched = references.filter(({ kind }) => this.kinds.has(kind));
    this.#use(
      app,
      watched.map(({ kind, name }) => `${kind}/${namespace}/${name}`),
    );
    const found = await Promise.all(
      watched.map(async (one): Promise<[ReferenceId, Content | undefined]> => {
        const id = referenceId(one);
        return [id, await this.#content(namespace, one, known.get(id))];
      }),
    );
    return new Map(found.flatMap(([id, is]) => (is === undefined ? [] : [[id, is]])));
  }

  /** The AppServer is gone. */
  forget(app: string): void {
    this.#use(app, []);
  }

  async #content(
    namespace: string,
    { kind, name }: Reference,
    known: Content | undefined,
  ): Promise<Content | undefined> {
    const version = this.versions[kind].get(`${namespace}/${name}`)?.resourceVersion;
    if (version === undefined) return undefined;
    if (known?.endsWith(`@${version}`) === true) return known;
    const place = `${kind}/${namespace}/${name}`;
    const last = this.#reads.get(place);
    // Hundreds may use the same one, and it is read once.
    if (last?.resourceVersion === version) return last.content;
    const read: Read = { resourceVersion: version, content: this.#get(kind, namespace, name) };
    this.#reads.set(place, read);
    read.content.catch(() => {
      if (this.#reads.get(place) === read) this.#reads.delete(place);
    });
    return read.content;
  }

  async #get(kind: ReferenceKind, namespace: string, name: string): Promise<Content | undefined> {
    try {
      const answer = await this.#client.json({ method: 'GET', path: path(referenceTypes[kind], namespace, name) });
      const object = content.parse(answer);
      return `${hash(object)}@${object.metadata.resourceVersion}`;
    } catch (error) {
      // Deleted meanwhile, as the watch will tell.
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  #use(app: string, places: readonly Place[]): void {
    const before = this.#places.get(app) ?? [];
    for (const place of places) this.#users.set(place, (this.#users.get(place) ?? new Set()).add(app));
    if (places.length === 0) this.#places.delete(app);
    else this.#places.set(app, places);
    const now = new Set(places);
    for (const place of before) if (!now.has(place)) this.#leave(app, place);
  }

  #leave(app: string, place: Place): void {
    const users = this.#users.get(place);
    users?.delete(app);
    if (users === undefined || users.size > 0) return;
    this.#users.delete(place);
    this.#reads.delete(place);
  }
}
