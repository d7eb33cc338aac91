// The supervisor as a function: (state, event, time) → state and effects. No clock, no I/O, no randomness of its own.
//
// An event changes what is known (here); then whatever follows from the state is settled in one place (settle.ts).
import { maxWorkers } from '../shared/shared-memory-layout.ts';
import { Draft, type Instant } from './draft.ts';
import { abort, ended, exited, noteReadiness, retire } from './exits.ts';
import { becameReady, running } from './readiness.ts';
import { giveUp, settle } from './settle.ts';
import {
  beatsInTimeout,
  type Effect,
  type Event,
  type Exit,
  type Order,
  type ReplaceReason,
  type Sample,
  type Settings,
  type State,
  type Worker,
} from './state.ts';

export function step(state: State, event: Event, at: Instant): [State, Effect[]] {
  if (state.phase.kind === 'stopped') return [state, []];
  const draft = new Draft(state, at);
  observe(draft, event);
  settle(draft);
  return [draft.state, draft.effects];
}

function observe(draft: Draft, event: Event): void {
  switch (event.kind) {
    case 'started':
      return started(draft);
    case 'tick':
      return draft.set({ heard: event.heard });
    case 'spawned':
      return spawned(draft, event.id, event.pid);
    case 'spawn-failed':
      return ended(draft, event.id, { code: 'SPAWN_FAILED', cause: event.cause });
    case 'exited':
      return exited(draft, event);
    case 'running':
      return running(draft, event.id);
    case 'ready':
      return becameReady(draft, event.id);
    case 'unready':
      return becameUnready(draft, event.id);
    case 'heartbeat':
      return beat(draft, event.id);
    case 'failing': {
      const worker = draft.find(event.id);
      if (worker?.kind === 'starting') draft.replace({ ...worker, failure: event.failure });
      return;
    }
    case 'terminate':
      return terminate(draft);
    case 'quit':
      if (draft.state.phase.kind !== 'stopping')
        draft.enter({ kind: 'stopping', exit: { code: 0, failure: undefined } });
      for (const worker of draft.state.workers) retire(draft, worker, 'quit');
      return;
    case 'hook-done':
      return drain(draft, { hook: 'done' });
    case 'scale':
      return setWorkers(draft, Math.max(1, draft.state.settings.workers + event.by));
    case 'set-workers':
      return setWorkers(draft, event.workers);
    case 'stop-worker':
      return replaceWorker(draft, draft.find(event.id), 'asked');
    case 'reload':
      return reload(draft);
    case 'configured':
      return setSettings(draft, event.settings);
    case 'sampled':
      for (const sample of event.samples) sampled(draft, sample);
      return;
    case 'request-timeout':
      return draft.set({ requestTimeouts: draft.state.requestTimeouts + 1 });
    case 'withheld':
      return withheld(draft, event.ms);
    case 'starved':
      return starved(draft, event.ids);
    case 'lost':
      if (draft.state.phase.kind !== 'stopping') giveUp(draft, event.failure);
      return;
    case 'traffic':
      return drain(draft, { quiet: event.quiet });
  }
}

/** What a worker was told before its process id was known. */
const pending: Readonly<Partial<Record<Worker['kind'], Order>>> = {
  draining: 'retire',
  aborting: 'abort',
  killed: 'kill',
};

function spawned(draft: Draft, id: number, pid: number): void {
  const worker = draft.find(id);
  if (worker === undefined) return;
  const known: Worker = { ...worker, pid };
  draft.replace(known);
  const order = pending[worker.kind];
  if (order !== undefined) draft.order(known, order);
}

function started(draft: Draft): void {
  if (draft.state.phase.kind !== 'preparing') return;
  // Nobody was missing until now.
  draft.set({ phase: { kind: 'booting' }, noneReadySince: draft.at.now });
}

function beat(draft: Draft, id: number): void {
  const worker = draft.find(id);
  if (worker?.kind === 'ready') draft.replace({ ...worker, lastBeat: draft.at.now });
}

/** It has the time of a start to listen again. */
function becameUnready(draft: Draft, id: number): void {
  const worker = draft.find(id);
  if (worker?.kind !== 'ready') return;
  const { now } = draft.at;
  const { slot, place, pid, generation } = worker;
  const deadline = now + draft.state.settings.bootTimeoutMs;
  const nothing = { failure: undefined, replaces: undefined, readyAt: Infinity };
  draft.replace({ kind: 'starting', id, slot, place, pid, generation, since: now, deadline, ...nothing });
  noteReadiness(draft);
}

function terminate(draft: Draft): void {
  const { phase, settings } = draft.state;
  const clean: Exit = { code: 0, failure: undefined };
  switch (phase.kind) {
    case 'preparing':
    case 'booting':
      // Never ready, so no endpoint ever led here: there is nothing to wait for.
      return draft.enter({ kind: 'stopping', exit: clean });
    case 'serving': {
      const hook = settings.kind.hookBeforeStop ? 'running' : 'done';
      draft.enter({ kind: 'draining', since: draft.at.now, quiet: false, hook });
      draft.effects.push({ kind: 'announce-drain' });
      if (hook === 'running') draft.effects.push({ kind: 'run-stop-hook' });
      return;
    }
    case 'draining':
    case 'stopping':
    case 'stopped':
      return;
  }
}

function drain(draft: Draft, known: { readonly quiet: boolean } | { readonly hook: 'done' }): void {
  const { phase } = draft.state;
  if (phase.kind === 'draining') draft.enter({ ...phase, ...known });
}

function setWorkers(draft: Draft, wanted: number): void {
  const workers = Math.max(0, Math.min(maxWorkers, wanted));
  setSettings(draft, { ...draft.state.settings, workers });
}

function setSettings(draft: Draft, settings: Settings): void {
  // Nobody was missing while it was paused.
  const resumed = draft.state.settings.workers === 0 && draft.state.noneReadySince !== undefined;
  draft.set({ settings, ...(resumed && { noneReadySince: draft.at.now }) });
}

/** Another worker is to take its place; one that does not serve yet just goes. */
function replaceWorker(draft: Draft, worker: Worker | undefined, reason: ReplaceReason): void {
  if (worker?.kind === 'ready') draft.replace({ ...worker, replace: worker.replace ?? reason });
  if (worker?.kind === 'starting') retire(draft, worker, 'retire');
}

function reload(draft: Draft): void {
  const { phase, generation, workers, settings } = draft.state;
  if (phase.kind !== 'booting' && phase.kind !== 'serving') return;
  draft.set({ generation: generation + 1, reload: { kind: 'running' } });
  // What failed before says nothing of what has been corrected since.
  if (settings.afterFailedStart === 'wait-for-reload') draft.set({ failures: 0, startNotBefore: draft.at.now });
  draft.effects.push({ kind: 'reload-begun', generation: generation + 1 });
  // They may have loaded what was there before, and nobody is served by them yet.
  for (const worker of workers) if (worker.kind === 'starting') retire(draft, worker, 'retire');
}

function sampled(draft: Draft, { id, requests, memoryBytes, oldest }: Sample): void {
  const worker = draft.find(id);
  if (worker?.kind !== 'ready') return;
  const { kind, recycle, requestTimeoutMs } = draft.state.settings;
  if (oldest !== undefined && kind.heartbeat === 'between-requests') {
    draft.replace({ ...worker, lastBeat: draft.at.now });
  }
  if (oldest !== undefined && requestTimeoutMs > 0 && oldest.ageMs >= requestTimeoutMs) {
    return overdue(draft, id, oldest.text);
  }
  const limit = recycle.requests + Math.floor(worker.spread * (recycle.jitter + 1));
  if (recycle.requests > 0 && requests >= limit) return replaceWorker(draft, draft.find(id), 'requests');
  if (recycle.memoryBytes !== undefined && memoryBytes >= recycle.memoryBytes) {
    replaceWorker(draft, draft.find(id), 'memory');
  }
}

function overdue(draft: Draft, id: number, request: string): void {
  const worker = draft.find(id);
  const { kind, requestTimeoutMs } = draft.state.settings;
  if (worker?.kind !== 'ready' || worker.replace === 'overdue' || kind.overdue === 'none') return;
  draft.set({ requestTimeouts: draft.state.requestTimeouts + 1 });
  if (kind.overdue === 'abort') {
    return abort(draft, worker, 'REQUEST_TIMEOUT', `${request} took longer than ${requestTimeoutMs / 1000} s`);
  }
  draft.replace({ ...worker, replace: 'overdue' });
  draft.order(worker, 'dump');
}

/** They have the time of a heartbeat from now on at least, to run and to send one. */
function starved(draft: Draft, ids: readonly number[]): void {
  const latest = draft.at.now - draft.state.settings.heartbeatTimeoutMs * (1 - 1 / beatsInTimeout);
  for (const id of ids) {
    const worker = draft.find(id);
    if (worker?.kind === 'ready' && worker.lastBeat < latest) draft.replace({ ...worker, lastBeat: latest });
  }
}

/** Deadlines that measure a worker's work move on by what it could not have used. Those of the pod's end do not. */
function withheld(draft: Draft, ms: number): void {
  const { now } = draft.at;
  const { bootTimeoutMs } = draft.state.settings;
  for (const worker of draft.state.workers) {
    if (worker.kind === 'starting') {
      draft.replace({ ...worker, deadline: Math.min(worker.deadline + ms, now + bootTimeoutMs) });
    }
    if (worker.kind === 'ready' && worker.lastBeat < now) {
      draft.replace({ ...worker, lastBeat: Math.min(worker.lastBeat + ms, now) });
    }
  }
}
