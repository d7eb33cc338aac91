// Lists one kind, then watches it from there on, for ever: bookmarks move the place to resume from, a place that is too
// old leads to a new list whose difference to the cache is told as changes, and every failure backs off.
import type { Readable } from 'node:stream';
import { backoffMs } from './backoff.ts';
import { LineSplitter, LineTooLong } from './body.ts';
import type { Cache } from './cache.ts';
import type { KubeClient } from './client.ts';
import { ApiError, messageOf, NoAnswer, UnreadableAnswer } from './errors.ts';
import { isKubeObject, keyOf, path, type KubeObject, type ResourceType } from './objects.ts';
import { realTimers, sleep, type Timers } from './timers.ts';

export interface ListWatchOptions<T> {
  readonly client: KubeClient;
  readonly type: ResourceType;
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only the objects' metadata is sent and kept. */
  readonly metadataOnly?: boolean;
  readonly cache: Cache<T>;
  /** What of the object is kept. */
  readonly keep: (object: KubeObject) => T;
  /** Called after the cache has changed; `before` is absent for a new object, `after` for one that is gone. */
  readonly onChange: (before: T | undefined, after: T | undefined) => void;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
  /** Default: the process's own clock */
  readonly timers?: Timers;
}

/** The API server ends the watch by itself then; what takes longer than the margin beyond is a dead connection. */
const watchSeconds = 300;
/** Bookmarks come about once a minute, so a connection that says nothing for longer is dead without knowing it. */
const silenceMs = 90_000;
/** An object has some 3 MiB at most. */
const mostLineBytes = 16 * 1024 * 1024;
const largestPage = 500;
const retry = { baseMs: 200, capMs: 30_000 };
/** A server may ask for patience, and not for blindness. */
const longestAskedMs = 60_000;
/** What has lasted so long worked, even if there was nothing to tell: trying again at once is no burden. */
const workedAfterMs = retry.capMs;

interface ListPage {
  /** Null for none, as Go writes an empty list of metadata. */
  readonly items: readonly unknown[] | null;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

/** A line of a watch that is no event: something on the way has cut or changed it. */
class NoEvent extends Error {
  constructor(line: string, cause: unknown) {
    super(`not an event: ${line.slice(0, 200)}`, { cause });
    this.name = 'NoEvent';
  }
}

function isListPage(value: unknown): value is ListPage {
  if (typeof value !== 'object' || value === null || !('items' in value) || !('metadata' in value)) return false;
  const { items, metadata } = value;
  if (typeof metadata !== 'object' || metadata === null || !('resourceVersion' in metadata)) return false;
  return typeof metadata.resourceVersion === 'string' && (items === null || Array.isArray(items));
}

export class ListWatch<T> {
  readonly #options: ListWatchOptions<T>;
  readonly #timers: Timers;
  readonly #synced = Promise.withResolvers<void>();
  /** Where to watch from: the last event or bookmark that was understood. */
  #resume: string | undefined;
  /** Objects a page. */
  #pageSize = largestPage;
  /** In a row; a watch that worked ends the row, however it ended itself. */
  #failures = 0;
  /** Where something was read that is no event. */
  #garbledAt: string | undefined;

  constructor(options: ListWatchOptions<T>) {
    this.#options = options;
    this.#timers = options.timers ?? realTimers;
  }

  /** Resolves when the first list is in the cache. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Runs until the signal; never throws. */
  async run(): Promise<void> {
    const { signal, onError } = this.#options;
    while (!signal.aborted) {
      let askedMs = 0;
      try {
        this.#resume ??= await this.#list();
        this.#synced.resolve();
        await this.#watch(this.#resume);
      } catch (error) {
        if (signal.aborted) return;
        askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
        const gone = this.#isGone(error);
        if (gone) this.#resume = undefined;
        // That a place is too old is in the order of things.
        if (!(gone && error instanceof ApiError && error.status === 410)) onError(error);
        if (error instanceof UnreadableAnswer && error.kind === 'too large') {
          this.#pageSize = Math.max(1, Math.floor(this.#pageSize / 4));
        }
      }
      // After a watch that ended as it should, too: one that is ended at once, again and again, must not become a storm.
      const ms = backoffMs(this.#failures++, retry, Math.random());
      await sleep(this.#timers, Math.max(Math.min(askedMs, longestAskedMs), ms), signal);
    }
  }

  /** Whether watching from the place again would fail again; anything else may pass, and the place stays. */
  #isGone(error: unknown): boolean {
    if (error instanceof ApiError) {
      // Too old; not understood; of a time that etcd has been set back from.
      return error.status === 410 || error.status === 400 || (error.status === 504 && /too large/i.test(error.message));
    }
    if (!(error instanceof NoEvent) && !(error instanceof LineTooLong)) return false;
    // Once it may be the connection. Twice it is what stands there.
    const again = this.#garbledAt !== undefined && this.#garbledAt === this.#resume;
    this.#garbledAt = again ? undefined : this.#resume;
    return again;
  }

  #accept(kind: 'PartialObjectMetadata' | 'PartialObjectMetadataList'): { accept?: string } {
    return this.#options.metadataOnly === true ? { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` } : {};
  }

  #selectors(): Record<string, string> {
    const { labelSelector, fieldSelector } = this.#options;
    return { ...(labelSelector && { labelSelector }), ...(fieldSelector && { fieldSelector }) };
  }

  /** Brings the cache to the state of a fresh list and returns the place to watch from. */
  async #list(): Promise<string> {
    const { client, type, namespace, cache, signal } = this.#options;
    const newest = cache.newest;
    const seen = new Set<string>();
    let next: string | undefined;
    for (;;) {
      const query = { limit: String(this.#pageSize), ...this.#selectors(), ...(next && { continue: next }) };
      const page = await client.json({
        method: 'GET',
        path: path(type, namespace),
        query,
        signal,
        ...this.#accept('PartialObjectMetadataList'),
      });
      if (!isListPage(page)) throw new TypeError(`the list of ${type.plural} is no list`);
      // A list without a version is of the newest one. What was known before it is newer only where etcd has been restored.
      if (next === undefined && BigInt(page.metadata.resourceVersion) < newest) cache.forgetVersions();
      for (const item of page.items ?? []) {
        if (!isKubeObject(item)) continue;
        seen.add(keyOf(item));
        this.#set(item);
      }
      next = page.metadata.continue === '' ? undefined : page.metadata.continue;
      if (next !== undefined) continue;
      // Gone while nobody watched. The cache may hold what other watches brought from other namespaces.
      const mine = namespace === undefined ? '' : `${namespace}/`;
      for (const key of cache.keys()) if (key.startsWith(mine) && !seen.has(key)) this.#delete(key);
      return page.metadata.resourceVersion;
    }
  }

  /** Follows changes until the connection ends. @throws NoAnswer when it breaks off or falls silent */
  async #watch(from: string): Promise<void> {
    const { client, type, namespace, signal } = this.#options;
    const began = this.#timers.now();
    try {
      const stream = await client.stream({
        method: 'GET',
        path: path(type, namespace),
        query: {
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: from,
          timeoutSeconds: String(Math.round(watchSeconds * (1 + Math.random()))),
          ...this.#selectors(),
        },
        signal,
        ...this.#accept('PartialObjectMetadata'),
      });
      for await (const line of linesUntilSilent(stream, this.#timers, type)) {
        this.#resume = this.#handle(line) ?? this.#resume;
        this.#failures = 0;
      }
    } finally {
      if (this.#timers.now() - began >= workedAfterMs) this.#failures = 0;
    }
  }

  /**
   * Returns the place that the event moves on to.
   * @throws ApiError for an event that reports an error
   * @throws NoEvent for what is none
   */
  #handle(line: string): string | undefined {
    const event = parseEvent(line);
    if (event === undefined) return undefined;
    const { type, object } = event;
    if (type === 'ERROR') throw watchError(object);
    if (isKubeObject(object)) {
      if (type === 'DELETED') this.#delete(keyOf(object), object.metadata.resourceVersion);
      else if (type === 'ADDED' || type === 'MODIFIED') this.#set(object);
    } else if (type !== 'BOOKMARK') return undefined;
    return resourceVersionOf(object);
  }

  #set(object: KubeObject): void {
    const { cache, keep } = this.#options;
    const key = keyOf(object);
    this.#guarded(() => {
      const before = cache.get(key);
      const after = keep(object);
      if (cache.set(key, after, object.metadata.resourceVersion)) this.#options.onChange(before, after);
    });
  }

  #delete(key: string, resourceVersion?: string): void {
    this.#guarded(() => {
      const before = this.#options.cache.delete(key, resourceVersion);
      if (before !== undefined) this.#options.onChange(before, undefined);
    });
  }

  /** One object that is not understood must not be in the others' way. */
  #guarded(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

/** @throws NoAnswer when the stream breaks off, or has no line for too long */
async function* linesUntilSilent(stream: Readable, timers: Timers, { plural }: ResourceType): AsyncGenerator<string> {
  const alarm = (): (() => void) =>
    timers.after(silenceMs, () => {
      stream.destroy(new NoAnswer(`the watch of ${plural} was silent for ${silenceMs / 1000} s`));
    });
  let cancel = alarm();
  const splitter = new LineSplitter(mostLineBytes);
  try {
    const chunks: AsyncIterable<Buffer> = stream;
    for await (const chunk of chunks) {
      for (const line of splitter.add(chunk)) {
        cancel();
        cancel = alarm();
        yield line;
      }
    }
  } catch (error) {
    if (error instanceof LineTooLong || error instanceof NoAnswer) throw error;
    throw new NoAnswer(`the watch of ${plural} broke off: ${messageOf(error)}`, { cause: error });
  } finally {
    cancel();
    stream.destroy();
  }
}

/** Undefined for JSON that is no event. @throws NoEvent */
function parseEvent(line: string): { type: unknown; object: unknown } | undefined {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event !== 'object' || event === null || !('type' in event) || !('object' in event)) return undefined;
    return { type: event.type, object: event.object };
  } catch (cause) {
    throw new NoEvent(line, cause);
  }
}

function resourceVersionOf(object: unknown): string | undefined {
  if (typeof object !== 'object' || object === null || !('metadata' in object)) return undefined;
  const { metadata } = object;
  if (typeof metadata !== 'object' || metadata === null || !('resourceVersion' in metadata)) return undefined;
  const { resourceVersion } = metadata;
  return typeof resourceVersion === 'string' && resourceVersion !== '' ? resourceVersion : undefined;
}

function watchError(status: unknown): ApiError {
  const fields = typeof status === 'object' && status !== null ? status : {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const code = 'code' in fields && typeof fields.code === 'number' ? fields.code : 500;
  const message = 'message' in fields ? text(fields.message) : '';
  return new ApiError(code, 'reason' in fields ? text(fields.reason) : '', message || 'the watch failed');
}
