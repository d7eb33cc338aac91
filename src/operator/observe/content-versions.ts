// What is in the ConfigMaps and Secrets that pods use: their metadata is watched, and one is read when it is another than
// it was. Nothing of it is kept but a hash, with the operator's key.
import { z } from 'zod';
import { ApiError, Cache, inParallel, namespaceOfKey, path, resourceType, type KubeClient } from '../../kube/index.ts';
import {
  referenceId,
  referenceKinds,
  type Reference,
  type ReferenceId,
  type ReferenceKind,
} from '../model/references.ts';
import { look, type Look } from '../decide/restart.ts';
import type { Content, ContentKey, Note, Place } from '../model/content-key.ts';

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

/** What pods see of it, in an order of its own. */
function fieldsOf({ data = {}, binaryData = {} }: z.output<typeof content>): unknown {
  return [data, binaryData].map((map) => Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `Secret/web/db`: of one namespace. */
type PlaceId = string;

const idOf = ({ kind, namespace, name }: Place): PlaceId => `${kind}/${namespace}/${name}`;

/** At a time for one AppServer: however many it names, others need the connections, too. */
const mostReads = 8;

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
  readonly #reads = new Map<PlaceId, Read>();
  /** Keys of the AppServers whose pods use what is at a place, and the other way round. */
  readonly #users = new Map<PlaceId, Set<string>>();
  readonly #places = new Map<string, readonly PlaceId[]>();
  #key: ContentKey | undefined;

  constructor(client: KubeClient, kinds: Iterable<ReferenceKind> = referenceKinds) {
    this.#client = client;
    this.kinds = new Set(kinds);
  }

  /** Contents are looked at from now on. Whoever has been looked at before has to be again. */
  useKey(key: ContentKey): void {
    this.#key = key;
    this.#reads.clear();
  }

  /** Keys of the AppServers that a change concerns. */
  usersOf(kind: ReferenceKind, key: string): string[] {
    return [...(this.#users.get(`${kind}/${key}`) ?? [])];
  }

  /**
   * Looks at what exists of `references`; at nothing as long as there is no key.
   * @param app key of the AppServer that they are of; it is told of their changes from now on
   * @param noted what was noted of them before, which need not be read again while it is the same version
   */
  async read(
    app: string,
    references: readonly Reference[],
    noted: ReadonlyMap<string, Note>,
  ): Promise<Map<ReferenceId, Look>> {
    const namespace = namespaceOfKey(app);
    const watched = references.filter(({ kind }) => this.kinds.has(kind));
    this.#use(
      app,
      watched.map(({ kind, name }) => idOf({ kind, namespace, name })),
    );
    const key = this.#key;
    if (key === undefined) return new Map();
    const lookAt = async ({ kind, name, optional }: Reference): Promise<[ReferenceId, Look | undefined]> => {
      const place = { kind, namespace, name };
      const id = referenceId({ kind, name, optional });
      const found = await this.#content(key, place, noted.get(id));
      return [id, look(key, place, noted.get(id), { found, optional })];
    };
    const looks = await inParallel(mostReads, watched, lookAt);
    return new Map(looks.flatMap(([id, is]) => (is === undefined ? [] : [[id, is]])));
  }

  /** Those of `references` that do not exist, as far as their kinds are watched. @param app key of the AppServer */
  missing(app: string, references: readonly Reference[]): Reference[] {
    const namespace = namespaceOfKey(app);
    return references.filter(
      ({ kind, name, optional }) =>
        !optional && this.kinds.has(kind) && this.versions[kind].get(`${namespace}/${name}`) === undefined,
    );
  }

  /** The AppServer is gone. */
  forget(app: string): void {
    this.#use(app, []);
  }

  async #content(key: ContentKey, place: Place, noted: Note | undefined): Promise<Content | undefined> {
    const { kind, namespace, name } = place;
    const version = this.versions[kind].get(`${namespace}/${name}`)?.resourceVersion;
    if (version === undefined) return undefined;
    const known = noted === undefined ? undefined : key.read(place, noted);
    if (known?.resourceVersion === version) return known;
    const id = idOf(place);
    const last = this.#reads.get(id);
    // Hundreds may use the same one, and it is read once.
    if (last?.resourceVersion === version) return last.content;
    const read: Read = { resourceVersion: version, content: this.#get(key, place) };
    this.#reads.set(id, read);
    read.content.catch(() => {
      if (this.#reads.get(id) === read) this.#reads.delete(id);
    });
    return read.content;
  }

  async #get(key: ContentKey, place: Place): Promise<Content | undefined> {
    const { kind, namespace, name } = place;
    try {
      const answer = await this.#client.json({ method: 'GET', path: path(referenceTypes[kind], namespace, name) });
      const object = content.parse(answer);
      return { hash: key.hash(place, fieldsOf(object)), resourceVersion: object.metadata.resourceVersion };
    } catch (error) {
      // Deleted meanwhile, as the watch will tell.
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  #use(app: string, places: readonly PlaceId[]): void {
    const before = this.#places.get(app) ?? [];
    for (const place of places) this.#users.set(place, (this.#users.get(place) ?? new Set()).add(app));
    if (places.length === 0) this.#places.delete(app);
    else this.#places.set(app, places);
    const now = new Set(places);
    for (const place of before) if (!now.has(place)) this.#leave(app, place);
  }

  #leave(app: string, place: PlaceId): void {
    const users = this.#users.get(place);
    users?.delete(app);
    if (users === undefined || users.size > 0) return;
    this.#users.delete(place);
    this.#reads.delete(place);
  }
}
