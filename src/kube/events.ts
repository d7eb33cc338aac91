// Records events about objects, sparingly: the same event again within a while is not sent, and each object has a small
// budget, refilled slowly, as client-go's spam filter has it. An event that comes again after that is counted on the first one.
import { randomBytes } from 'node:crypto';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';
import { path, resourceType, type KubeObject } from './objects.ts';

/**
 * Of the core group, as `kubectl describe` sorts events by fields that objects of events.k8s.io/v1 must not have.
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/events.go
 */
const eventType = resourceType('v1', 'Event');
const repeatAfterMs = 10 * 60_000;
/** The API server deletes events after an hour: one that is older is not there to be counted on. */
const forgetAfterMs = 60 * 60_000;
const budget = 25;
const refillMs = 30_000;
const manyObjects = 1_000;
/** The API server takes no longer ones. */
const mostCharacters = 1_024;

export interface EventToRecord {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** What was done, a word in CamelCase. */
  readonly action: string;
  readonly note: string;
  /** By which an event is the same as an earlier one. Default: the note */
  readonly key?: string;
}

interface Sent {
  readonly at: number;
  /** Of the object in the API server. */
  readonly name: string;
  readonly count: number;
}

interface History {
  tokens: number;
  refilledAt: number;
  readonly sent: Map<string, Sent>;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'json'>;
  readonly controller: string;
  readonly instance: string;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** What events say. */
  readonly date: () => Date;
  readonly onError: (error: unknown) => void;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #histories = new Map<string, History>();
  /** Number of objects above which those without recent events are forgotten. */
  #many = manyObjects;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Sends the event in the background. */
  record(regarding: KubeObject, event: EventToRecord): void {
    const history = this.#historyOf(regarding);
    const id = `${event.reason} ${event.key ?? event.note}`;
    const before = history.sent.get(id);
    const now = this.#options.now();
    if (history.tokens === 0 || (before !== undefined && now - before.at < repeatAfterMs)) return;
    history.tokens--;
    // As client-go names events: after the object, with a random suffix.
    const name = before?.name ?? `${regarding.metadata.name}.${randomBytes(8).toString('hex')}`;
    const sent = { at: now, name, count: (before?.count ?? 0) + 1 };
    history.sent.set(id, sent);
    this.#send(regarding, event, sent).catch(this.#options.onError);
  }

  async #send(regarding: KubeObject, event: EventToRecord, { name, count }: Sent): Promise<void> {
    const { client, date } = this.#options;
    const { namespace = 'default' } = regarding.metadata;
    const at = date().toISOString();
    const lastTimestamp = at.replace(/\.\d+Z$/, 'Z');
    const message = event.note.slice(0, mostCharacters);
    if (count > 1) {
      const body = { count, lastTimestamp, message };
      const contentType = 'application/merge-patch+json';
      try {
        await client.json({ method: 'PATCH', path: path(eventType, namespace, name), body, contentType });
        return;
      } catch (error) {
        // Somebody has deleted it, or the API server keeps events for less than an hour.
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      }
    }
    const body = this.#event(regarding, event, { name, at, lastTimestamp, message });
    await client.json({ method: 'POST', path: path(eventType, namespace), body });
  }

  #event(
    { apiVersion, kind, metadata }: KubeObject,
    { type, reason, action }: EventToRecord,
    { name, at, ...rest }: { name: string; at: string; lastTimestamp: string; message: string },
  ): object {
    const { controller, instance } = this.#options;
    const { namespace = 'default' } = metadata;
    return {
      apiVersion: eventType.apiVersion,
      kind: eventType.kind,
      metadata: { name, namespace },
      type,
      reason,
      ...rest,
      firstTimestamp: rest.lastTimestamp,
      count: 1,
      source: { component: controller },
      involvedObject: { apiVersion, kind, namespace, name: metadata.name, uid: metadata.uid },
      // For readers of events.k8s.io, which has the time to the microsecond.
      eventTime: at.replace('Z', '000Z'),
      action,
      reportingComponent: controller,
      reportingInstance: instance,
    };
  }

  #historyOf({ metadata: { uid = '' } }: KubeObject): History {
    const now = this.#options.now();
    const history = this.#histories.get(uid) ?? { tokens: budget, refilledAt: now, sent: new Map<string, Sent>() };
    this.#remember(uid, history, now);
    const refill = Math.floor((now - history.refilledAt) / refillMs);
    history.tokens = Math.min(budget, history.tokens + refill);
    history.refilledAt += refill * refillMs;
    for (const [id, { at }] of history.sent) if (now - at >= forgetAfterMs) history.sent.delete(id);
    return history;
  }

  /** Objects come and go: those of which nothing was sent for a while are forgotten when there are many. */
  #remember(uid: string, history: History, now: number): void {
    if (!this.#histories.has(uid) && this.#histories.size >= this.#many) {
      for (const [id, { sent }] of this.#histories) {
        if ([...sent.values()].every(({ at }) => now - at >= forgetAfterMs)) this.#histories.delete(id);
      }
      // Not with each one more, when none can be forgotten yet.
      this.#many = Math.max(manyObjects, 2 * this.#histories.size);
    }
    this.#histories.set(uid, history);
  }
}
