// Makes the demonstration's objects on a cluster, and removes these and no others.
import { setTimeout as delay } from 'node:timers/promises';
import { throwIfInterrupted } from '../../e2e/cluster/interruption.ts';
import type { KubeObject } from '../../src/kube/index.ts';
import { descendantsOf } from './descendants.ts';
import {
  describe,
  isOf,
  labelled,
  Ledger,
  referenceTo,
  runLabel,
  type Entry,
  type MadeEntry,
  type ObjectReference,
} from './ledger.ts';
import { othersIn } from './others.ts';
import type { Conflict } from './refusal.ts';
import type { Requests } from './requests.ts';

export interface Left {
  readonly reference: ObjectReference;
  readonly why: string;
}

export interface InstallationOptions {
  /** Id of this run, a label value. */
  readonly run: string;
  /** Name of the release whose objects are made. */
  readonly release: string;
  /** Milliseconds until what is still being deleted is reported as left. */
  readonly patienceMs?: number;
  readonly pause?: () => Promise<void>;
}

export class Installation {
  readonly #requests: Requests;
  readonly #options: Required<InstallationOptions>;
  readonly #ledger = new Ledger();
  /** Of all that the run made, and of what was made because of it; kept when it is gone. */
  readonly #uids = new Set<string>();

  constructor(requests: Requests, options: InstallationOptions) {
    this.#requests = requests;
    this.#options = { patienceMs: 90_000, pause: () => delay(250), ...options };
  }

  /** What of `planned` there is already, whoever made it, and what else shows that an operator is installed. */
  async conflicts(planned: readonly KubeObject[]): Promise<Conflict[]> {
    const found: Conflict[] = [];
    const name = this.#options.release;
    for (const { namespace } of await this.#requests.listReleases(name))
      found.push({ kind: 'release', name, namespace });
    for (const reference of planned.map(referenceTo)) {
      const object = await this.#requests.get(reference);
      if (object === undefined) continue;
      const { deletionTimestamp, labels } = object.metadata;
      const maker = labels?.[runLabel] === undefined ? 'others' : 'a demo';
      found.push({ kind: 'object', reference, from: deletionTimestamp === undefined ? maker : 'on its way' });
    }
    for (const { metadata } of await this.#requests.listAppServers()) {
      found.push({ kind: 'appserver', name: metadata.name, namespace: metadata.namespace ?? '' });
    }
    return found;
  }

  /** @throws AlreadyThere when somebody else was faster */
  async create(object: KubeObject): Promise<void> {
    throwIfInterrupted();
    const reference = referenceTo(object);
    this.#ledger.sent(reference);
    const { uid } = (await this.#requests.create(labelled(object, this.#options.run))).metadata;
    if (uid === undefined) throw new Error(`the API server told no uid of ${describe(reference)}`);
    this.#ledger.made(reference, uid);
    this.#uids.add(uid);
    throwIfInterrupted();
  }

  /** What the run has made and not removed yet. */
  left(): ObjectReference[] {
    return this.#ledger.left().map(({ reference }) => reference);
  }

  /**
   * Removes whatever this run has made, newest first but for what takes others along, and waits until it is gone. Returns
   * what stays, and why.
   */
  async remove(): Promise<Left[]> {
    const made = this.#ledger.left();
    const namespaces = made.filter(({ reference }) => reference.kind === 'Namespace');
    const definitions = made.filter(({ reference }) => reference.kind === 'CustomResourceDefinition');
    const others = made.filter((entry) => !namespaces.includes(entry) && !definitions.includes(entry));
    const staying = await this.#removeAll(others);
    for (const { reference } of namespaces) await this.#removeDescendants(reference.name);
    staying.push(...(await this.#removeAll(namespaces)), ...(await this.#removeAll(definitions)));
    const stays = new Set(staying.map(({ reference }) => reference));
    const going = this.#ledger.left().filter(({ reference }) => !stays.has(reference));
    return [...staying, ...(await this.#untilGone(going))];
  }

  /** Asks for the removal of each. Returns what must stay, and why. */
  async #removeAll(entries: readonly Entry[]): Promise<Left[]> {
    const staying: Left[] = [];
    for (const entry of entries) {
      try {
        const why = await this.#removeOne(entry);
        if (why !== undefined) staying.push({ reference: entry.reference, why });
      } catch (error) {
        staying.push({ reference: entry.reference, why: error instanceof Error ? error.message : String(error) });
      }
    }
    return staying;
  }

  /**
   * Removes what is there because of the run's objects, and waits for it; not for ever. The garbage collector would, but
   * for half a minute after a definition came or went it may know nothing of its objects.
   */
  async #removeDescendants(namespace: string): Promise<void> {
    const deadline = performance.now() + this.#options.patienceMs;
    const asked = new Set<string>();
    do {
      try {
        const descendants = descendantsOf(await this.#requests.listAll(namespace), this.#uids);
        if (descendants.length === 0) return;
        await Promise.all(descendants.map((object) => this.#removeDescendant(object, asked)));
        // What they own themselves may outlive them.
        for (const { metadata } of descendants) if (metadata.uid !== undefined) this.#uids.add(metadata.uid);
      } catch {
        return; // the removal of the namespace tells what is wrong
      }
      await this.#options.pause();
    } while (performance.now() < deadline);
  }

  /** Without the time that a pod may take: nobody asks it for anything, and one that has just started does not even hear. */
  async #removeDescendant(object: KubeObject, asked: Set<string>): Promise<void> {
    const { uid } = object.metadata;
    if (uid === undefined || asked.has(uid)) return;
    asked.add(uid);
    await this.#requests.remove(referenceTo(object), uid, object.kind === 'Pod' ? { graceSeconds: 1 } : {});
  }

  /** The uid under which the run made it; undefined when it did not, or it is gone. */
  async #uidOf(entry: Entry): Promise<string | undefined> {
    if (entry.state === 'made') return entry.uid;
    const found = await this.#requests.get(entry.reference);
    return found !== undefined && isOf(found, this.#options.run) ? found.metadata.uid : undefined;
  }

  /** Returns why it must stay, if it must. */
  async #removeOne(entry: Entry): Promise<string | undefined> {
    const { reference } = entry;
    const uid = await this.#uidOf(entry);
    if (uid === undefined) {
      this.#ledger.forget(reference);
      return undefined;
    }
    this.#ledger.made(reference, uid);
    this.#uids.add(uid);
    const others = await this.#othersThatGoWith(reference);
    if (others.length > 0) {
      const named = others.slice(0, 3).map((object) => describe(referenceTo(object)));
      return `it would take with it what the demo did not make: ${named.join(', ')}${others.length > 3 ? ', …' : ''}`;
    }
    const outcome = await this.#requests.remove(reference, uid);
    // A namespace that is on its way already conflicts as well, and is ours still.
    const going = outcome === 'removing' || (outcome === 'conflict' && (await this.#exists(reference, uid)));
    if (!going) this.#ledger.forget(reference);
    return undefined;
  }

  /** Objects of others that would be deleted together with it. */
  async #othersThatGoWith({ kind, name }: ObjectReference): Promise<KubeObject[]> {
    const { run, release } = this.#options;
    if (kind === 'CustomResourceDefinition') {
      return (await this.#requests.listAppServers()).filter((object) => !isOf(object, run));
    }
    if (kind !== 'Namespace') return [];
    const [objects, elsewhere] = [await this.#requests.listAll(name), await this.#requests.listAll('default')];
    return othersIn({ objects, elsewhere, run, operator: release });
  }

  async #untilGone(entries: readonly Entry[]): Promise<Left[]> {
    const deadline = performance.now() + this.#options.patienceMs;
    const left: Left[] = [];
    for (const entry of entries) {
      if (entry.state === 'sent') continue;
      const { reference } = entry;
      const why = await this.#whyItStays(entry, deadline);
      if (why === undefined) this.#ledger.forget(reference);
      else left.push({ reference, why });
    }
    return left;
  }

  /** Whether the object is there and has not been replaced by another of its name. */
  async #exists(reference: ObjectReference, uid: string): Promise<boolean> {
    return (await this.#requests.get(reference))?.metadata.uid === uid;
  }

  async #whyItStays({ reference, uid }: MadeEntry, deadline: number): Promise<string | undefined> {
    for (;;) {
      try {
        if (!(await this.#exists(reference, uid))) return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
      if (performance.now() > deadline) return `it is still being deleted after ${this.#options.patienceMs / 1000} s`;
      await this.#options.pause();
    }
  }
}
