// Writes the status of an AppServer, when it is another than the one that is stored.
import { isDeepStrictEqual } from 'node:util';
import { names } from '../../api/index.ts';
import {
  ApiError,
  applyStatus,
  keyOf,
  type EventRecorder,
  type KubeClient,
  type KubeObject,
} from '../../kube/index.ts';
import { sameButForStatus, stripManagedFields } from '../model/kept-object.ts';
import { appServerType } from '../model/kinds.ts';
import type { Caches } from '../observe/caches.ts';
import type { Report } from '../status/conditions.ts';

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly events: EventRecorder;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  async write(object: KubeObject, { status, warnings }: Report): Promise<void> {
    const { client, caches, events } = this.#options;
    if (isDeepStrictEqual(status, object['status'])) return;
    for (const warning of warnings) events.record(object, { type: 'Warning', action: 'Reconcile', ...warning });
    const { name, namespace = '' } = object.metadata;
    const key = keyOf(object);
    caches.reported.set(key, status);
    try {
      const target = { namespace, name, status };
      const answer = stripManagedFields(await applyStatus(client, appServerType, target, names.fieldManager));
      // A change of somebody else's in it is news that the watch is still to bring: it must not count as known.
      if (sameButForStatus(object, answer)) caches.apps.set(key, answer, answer.metadata.resourceVersion);
    } catch (error) {
      // Deleted meanwhile.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    } finally {
      caches.reported.delete(key);
    }
  }
}
