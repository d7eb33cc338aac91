// Lists one kind, then watches it from there on, for ever: bookmarks move the place to resume from, a place that is too
// old leads to a new list whose difference to the cache is told as changes, and every failure backs off.
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
import type { Cache } from './cache.ts';
import { ApiError, type KubeClient } from './client.ts';
import { isKubeObject, keyOf, path, type KubeObject, type ResourceType } from './objects.ts';

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
}

/** The API server ends the watch by itself then; what takes longer than the margin beyond is a dead connection. */
const watchSeconds = 300;
const silenceMs = 90_000;
const pageSize = '500';
const retry = { baseMs: 200, capMs: 30_000 };

interface ListPage {
  /** Null for none, as Go writes an empty list of metadata. */
  readonly items: readonly unknown[] | null;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

function isListPage(value: unknown): value is ListPage {
  if (typeof value !== 'object' || value === null || !('items' in value) || !('metadata' in value)) return false;
  return value.items === null || Array.isArray(value.items);
}

export class ListWatch<T> {
  readonly #options: ListWatchOptions<T>;
  readonly #synced = Promise.withResolvers<void>();
  /** Where to watch from: the last event or bookmark that was understood. */
  #resume: string | undefined;

  constructor(options: ListWatchOptions<T>) {
    this.#options = options;
  }

  /** Resolves when the first list is in the cache. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Runs until the signal; never throws. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        this.#resume ??= await this.#list();
        this.#synced.resolve();
        await this.#watch(this.#resume);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        // 410: the place to resume from is gone. Anything else may pass, and the place stays.
        if (error instanceof ApiError && error.status === 410) this.#resume = undefined;
        else this.#options.onError(error);
        const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
        await pause(Math.max(asked, backoffMs(failures++, retry, Math.random())), signal);
      }
    }
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
    const seen = new Set<string>();
    let next: string | undefined;
    for (;;) {
      const query = { limit: pageSize, ...this.#selectors(), ...(next && { continue: next }) };
      const page = await client.json({
        method: 'GET',
        path: path(type, namespace),
        query,
        signal,
        ...this.#accept('PartialObjectMetadataList'),
      });
      if (!isListPage(page)) throw new TypeError(`the list of ${type.plural} is no list`);
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

  /** Follows changes until the connection ends. */
  async #watch(from: string): Promise<void> {
    const { client, type, namespace, signal } = this.#options;
    const silence = new AbortController();
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
      signal: AbortSignal.any([signal, silence.signal]),
      ...this.#accept('PartialObjectMetadata'),
    });
    for await (const line of linesUntilSilent(stream, silence)) {
      this.#resume = this.#handle(line) ?? this.#resume;
    }
  }

  /** Returns the place that the event moves on to. @throws ApiError for an event that reports an error */
  #handle(line: string): string | undefined {
    const event: unknown = JSON.parse(line);
    if (typeof event !== 'object' || event === null || !('type' in event) || !('object' in event)) return undefined;
    const { type, object } = event;
    if (type === 'ERROR') throw watchError(object);
    if (!isKubeObject(object) && type !== 'BOOKMARK') return undefined;
    if (isKubeObject(object)) {
      if (type === 'DELETED') this.#delete(keyOf(object), object.metadata.resourceVersion);
      else if (type === 'ADDED' || type === 'MODIFIED') this.#set(object);
    }
    return resourceVersionOf(object);
  }

  #set(object: KubeObject): void {
    const { cache, onChange } = this.#options;
    const key = keyOf(object);
    const before = cache.get(key);
    const after = this.#keep(object);
    if (after === undefined) return;
    if (cache.set(key, after, object.metadata.resourceVersion)) onChange(before, after);
  }

  /** What is kept, undefined when that cannot be made: one object that is not understood must not be in the others' way. */
  #keep(object: KubeObject): T | undefined {
    try {
      return this.#options.keep(object);
    } catch (error) {
      this.#options.onError(error);
      return undefined;
    }
  }

  #delete(key: string, resourceVersion?: string): void {
    const before = this.#options.cache.delete(key, resourceVersion);
    if (before !== undefined) this.#options.onChange(before, undefined);
  }
}

/** Bookmarks come about once a minute, so a connection that says nothing for longer is dead without knowing it. */
async function* linesUntilSilent(stream: IncomingMessage, silence: AbortController): AsyncGenerator<string> {
  const alarm = setTimeout(() => silence.abort(), silenceMs);
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      alarm.refresh();
      yield line;
    }
  } finally {
    clearTimeout(alarm);
    stream.destroy();
  }
}

function resourceVersionOf(object: unknown): string | undefined {
  if (typeof object !== 'object' || object === null || !('metadata' in object)) return undefined;
  const { metadata } = object;
  if (typeof metadata !== 'object' || metadata === null || !('resourceVersion' in metadata)) return undefined;
  return String(metadata.resourceVersion);
}

function watchError(status: unknown): ApiError {
  const fields = typeof status === 'object' && status !== null ? status : {};
  const code = 'code' in fields && typeof fields.code === 'number' ? fields.code : 500;
  return new ApiError(
    code,
    'reason' in fields ? String(fields.reason) : '',
    'message' in fields ? String(fields.message) : 'the watch failed',
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    /* asked to stop */
  }
}
