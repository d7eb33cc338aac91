// Records events about objects, sparingly: the same event again within a while is not sent, and each object has a small
// budget, refilled slowly, as client-go's spam filter has it.
import { randomBytes } from 'node:crypto';
import type { KubeClient } from './client.ts';
import { path, resourceType, type KubeObject } from './objects.ts';

const eventType = resourceType('events.k8s.io/v1', 'Event');
const repeatAfterMs = 10 * 60_000;
const budget = 25;
const refillMs = 30_000;
const manyObjects = 1_000;

export interface EventToRecord {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** What was done, a word in CamelCase. */
  readonly action: string;
  readonly note: string;
}

interface History {
  tokens: number;
  refilledAt: number;
  readonly sent: Map<string, number>;
}

export class EventRecorder {
  readonly #client: KubeClient;
  readonly #controller: string;
  readonly #instance: string;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #histories = new Map<string, History>();
  /** Above so many it is worth looking which can be forgotten. */
  #many = manyObjects;

  constructor(options: {
    client: KubeClient;
    controller: string;
    instance: string;
    now: () => number;
    onError: (error: unknown) => void;
  }) {
    this.#client = options.client;
    this.#controller = options.controller;
    this.#instance = options.instance;
    this.#now = options.now;
    this.#onError = options.onError;
  }

  /** Sends the event in the background. */
  record(regarding: KubeObject, event: EventToRecord): void {
    if (!this.#admit(regarding, event)) return;
    const { namespace = 'default', name, uid } = regarding.metadata;
    const body = {
      apiVersion: eventType.apiVersion,
      kind: eventType.kind,
      // The name that client-go gives: of the object, and what tells its events apart.
      metadata: { name: `${name}.${randomBytes(8).toString('hex')}`, namespace },
      eventTime: new Date().toISOString().replace('Z', '000Z'),
      reportingController: this.#controller,
      reportingInstance: this.#instance,
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: event.note.slice(0, 1024),
      regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, namespace, name, uid },
    };
    this.#client.json({ method: 'POST', path: path(eventType, namespace), body }).catch(this.#onError);
  }

  #admit(regarding: KubeObject, event: EventToRecord): boolean {
    const uid = regarding.metadata.uid ?? '';
    const now = this.#now();
    const history = this.#histories.get(uid) ?? { tokens: budget, refilledAt: now, sent: new Map<string, number>() };
    this.#remember(uid, history, now);
    const refill = Math.floor((now - history.refilledAt) / refillMs);
    history.tokens = Math.min(budget, history.tokens + refill);
    history.refilledAt += refill * refillMs;
    for (const [id, at] of history.sent) if (now - at >= repeatAfterMs) history.sent.delete(id);
    const id = `${event.reason} ${event.note}`;
    if (history.sent.has(id) || history.tokens === 0) return false;
    history.sent.set(id, now);
    history.tokens--;
    return true;
  }

  /** Objects come and go: those of which nothing was sent for a while are forgotten when there are many. */
  #remember(uid: string, history: History, now: number): void {
    if (!this.#histories.has(uid) && this.#histories.size >= this.#many) {
      for (const [id, { sent }] of this.#histories) {
        if ([...sent.values()].every((at) => now - at >= repeatAfterMs)) this.#histories.delete(id);
      }
      // Not with each one more, when none can be forgotten yet.
      this.#many = Math.max(manyObjects, 2 * this.#histories.size);
    }
    this.#histories.set(uid, history);
  }
}
