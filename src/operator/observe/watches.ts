// What is watched, which AppServer a change concerns, and how urgent that is.
import { isDeepStrictEqual } from 'node:util';
import { names } from '../../api/index.ts';
import {
  ApiError,
  type Cache,
  keyOf,
  ListWatch,
  NoAnswer,
  type KubeClient,
  type KubeObject,
  type Priority,
  type ResourceType,
} from '../../kube/index.ts';
import { sameButForStatus, stripManagedFields, type KeptObject } from '../model/kept-object.ts';
import { keyOfPodsApp, type Caches } from './caches.ts';
import { followOptionalKind } from './optional-kinds.ts';
import { referenceTypes, type Contents, type VersionView } from './content-versions.ts';
import { OperatorError } from '../process/errors.ts';
import { alwaysServed, appServerType, childTypes, optionalKinds, podType, type ChildKind } from '../model/kinds.ts';
import { podView } from '../model/pod.ts';

/** Somebody waits for what a change of the spec brings; a new AppServer may be one of thousands. */
export function appPriority(before: KubeObject | undefined, after: KubeObject | undefined): Priority {
  if (before === undefined || after === undefined) return 'normal';
  return before.metadata.generation === after.metadata.generation ? 'normal' : 'urgent';
}

/** A child that was edited or deleted is to be repaired; one that is new, or whose status has changed, is not. */
export function childPriority(before: KubeObject | undefined, after: KubeObject | undefined): Priority {
  if (before === undefined) return 'normal';
  if (after === undefined) return 'urgent';
  const { generation } = after.metadata;
  // Autoscalers have none.
  const isReport =
    generation === undefined ? sameButForStatus(before, after) : generation === before.metadata.generation;
  return isReport ? 'normal' : 'urgent';
}

/** Whether nothing but the status has changed, to what is being reported just now. */
function isOwnReport({ reported }: Caches, before: KeptObject, after: KeptObject): boolean {
  const report = reported.get(keyOf(after));
  return report !== undefined && isDeepStrictEqual(after['status'], report) && sameButForStatus(before, after);
}

const ours = `${names.managedByLabel}=${names.fieldManager}`;
const others = `${names.managedByLabel}!=${names.fieldManager}`;

const atMostOne = (key: string | undefined): string[] => (key === undefined ? [] : [key]);

/** The AppServer that an object belongs to by its labels. */
function keysOfApp(object: KubeObject): string[] {
  const { namespace = '', labels = {} } = object.metadata;
  return atMostOne(keyOfPodsApp({ namespace, labels }));
}

export interface WatchOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly contents: Contents;
  /** Empty for all. */
  readonly namespaces: readonly string[];
  /** Called with the key of an AppServer that something has changed for. */
  readonly onChange: (key: string, priority: Priority) => void;
  readonly onError: (error: OperatorError) => void;
  readonly signal: AbortSignal;
}

interface Watched<T> {
  readonly type: ResourceType;
  readonly cache: Cache<T>;
  readonly keep: (object: KubeObject) => T;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly metadataOnly?: boolean;
  /** Of the AppServers that it concerns. */
  readonly keysFor: (kept: T) => readonly string[];
  readonly priorityOf: (before: T | undefined, after: T | undefined) => Priority;
  /** Whether the change is a write of ours that is under way. */
  readonly isEcho?: (before: T, after: T) => boolean;
  /** Called when a list or watch has failed, which is tried again. */
  readonly onFailure?: () => void;
}

/** @param onFailure called when a list or watch has failed, which is tried again */
function startChildren(
  options: WatchOptions,
  kind: ChildKind,
  until: AbortSignal,
  onFailure?: () => void,
): Promise<void> {
  return startWatch(options, until, {
    type: childTypes[kind],
    cache: options.caches.children[kind],
    keep: stripManagedFields,
    labelSelector: ours,
    keysFor: keysOfApp,
    priorityOf: childPriority,
    ...(onFailure && { onFailure }),
  });
}

/** Resolves when it is known whether the kind is served, and what there is of it. */
function startOptional(options: WatchOptions, kind: ChildKind, definition: string): Promise<void> {
  const { client, caches, signal } = options;
  const fill = async (until: AbortSignal, onFailure: () => void): Promise<void> => {
    await startChildren(options, kind, until, onFailure);
    caches.served.add(kind);
    for (const key of caches.apps.keys()) options.onChange(key, 'normal');
  };
  const onServed = async (until: AbortSignal): Promise<void> => {
    // One that cannot be listed, for whatever reason, is none: AppServers that do not use it must not wait for it.
    const failed = Promise.withResolvers<void>();
    await Promise.race([fill(until, failed.resolve), failed.promise]);
  };
  const onGone = (): void => {
    caches.served.delete(kind);
    for (const key of caches.children[kind].keys()) caches.children[kind].delete(key);
  };
  const onError = (error: unknown): void => options.onError(watchFailure(childTypes[kind], error));
  return followOptionalKind({ client, type: childTypes[kind], definition, signal, onError, onServed, onGone });
}

/** Starts all watches. Resolves when every cache has its first list. */
export async function startWatches(options: WatchOptions): Promise<void> {
  const { caches, contents, signal } = options;
  const optional = [...optionalKinds].map(([kind, definition]) => startOptional(options, kind, definition));
  await Promise.all([
    startWatch(options, signal, {
      type: appServerType,
      cache: caches.apps,
      keep: stripManagedFields,
      keysFor: (object) => [keyOf(object)],
      priorityOf: appPriority,
      isEcho: (before, after) => isOwnReport(caches, before, after),
    }),
    ...[...alwaysServed].map((kind) => startChildren(options, kind, signal)),
    startWatch(options, signal, {
      type: podType,
      cache: caches.pods,
      keep: podView,
      labelSelector: ours,
      keysFor: (pod) => atMostOne(keyOfPodsApp(pod)),
      priorityOf: () => 'normal',
    }),
    ...[...contents.kinds].map((kind) =>
      startWatch<VersionView>(options, signal, {
        type: referenceTypes[kind],
        cache: contents.versions[kind],
        keep: (object) => ({ key: keyOf(object), resourceVersion: object.metadata.resourceVersion ?? '' }),
        labelSelector: others,
        // There may be thousands of them, which no pod uses.
        ...(kind === 'Secret' && { fieldSelector: 'type!=helm.sh/release.v1' }),
        metadataOnly: true,
        keysFor: ({ key }) => contents.usersOf(kind, key),
        priorityOf: () => 'normal',
      }),
    ),
    ...optional,
  ]);
}

/** Watches one kind in all namespaces that are named. Resolves when the first lists are in its cache. */
async function startWatch<T>(
  { client, namespaces, onChange, onError }: WatchOptions,
  signal: AbortSignal,
  { type, keep, keysFor, priorityOf, isEcho, onFailure, ...how }: Watched<T>,
): Promise<void> {
  const watches = (namespaces.length === 0 ? [undefined] : namespaces).map((namespace) => {
    const watch = new ListWatch({
      client,
      type,
      ...how,
      // Lists of built-in kinds leave kind and apiVersion out of their items.
      keep: (object) => keep({ ...object, apiVersion: type.apiVersion, kind: type.kind }),
      signal,
      ...(namespace !== undefined && { namespace }),
      onChange: (before, after) => {
        if (before !== undefined && after !== undefined && isEcho?.(before, after) === true) return;
        // Both: an edit of its labels takes an object from one AppServer to another.
        const keys = [before, after].flatMap((kept) => (kept === undefined ? [] : keysFor(kept)));
        for (const key of new Set(keys)) onChange(key, priorityOf(before, after));
      },
      onError: (error) => {
        onError(watchFailure(type, error));
        onFailure?.();
      },
    });
    void watch.run();
    return watch.synced;
  });
  await Promise.all(watches);
}

/** Why a watch does not come about, for the log. */
export function watchFailure(type: ResourceType, error: unknown): OperatorError {
  if (error instanceof ApiError && error.status === 404 && type === appServerType) {
    return new OperatorError('CRD_MISSING', `the API server knows no ${type.plural} of ${type.apiVersion}`, {
      cause: error,
    });
  }
  if (error instanceof ApiError && error.status === 403) {
    return new OperatorError('WATCH_FORBIDDEN', `the operator may not watch ${type.plural}: ${error.message}`, {
      cause: error,
    });
  }
  if (error instanceof NoAnswer) {
    return new OperatorError('API_SERVER_UNREACHABLE', `watching ${type.plural}: ${error.message}`, { cause: error });
  }
  return new OperatorError('WATCH_FAILED', `watching ${type.plural}: ${String(error)}`, { cause: error });
}
