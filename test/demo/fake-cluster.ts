// As much of an API server as the demonstration asks of one, in memory, with mishaps at chosen requests.
import type { KubeObject } from '../../src/kube/index.ts';
import { describe, referenceTo, type ObjectReference } from '../../scripts/demo/ledger.ts';
import { AlreadyThere, type Requests } from '../../scripts/demo/requests.ts';

export class FakeCluster implements Requests {
  readonly objects = new Map<string, KubeObject>();
  /** Called before each request is looked at, with its number from 1 on. May throw, as a network would. */
  before: (request: number) => void = () => undefined;
  /** The same, once the request was carried out. */
  after: (request: number) => void = () => undefined;
  requests = 0;
  #uids = 0;

  /** As anybody would make it. */
  put(object: KubeObject): KubeObject {
    const made = { ...object, metadata: { ...object.metadata, uid: `uid-${++this.#uids}` } };
    this.objects.set(describe(referenceTo(object)), made);
    return made;
  }

  delete(reference: ObjectReference): void {
    this.objects.delete(describe(reference));
    for (const [key, { kind, metadata }] of this.objects) {
      const inNamespace = reference.kind === 'Namespace' && metadata.namespace === reference.name;
      const ofKind = reference.kind === 'CustomResourceDefinition' && kind === 'AppServer';
      if (inNamespace || ofKind) this.objects.delete(key);
    }
  }

  /** Everything there is, by name and uid. */
  listing(): string[] {
    return [...this.objects].map(([key, { metadata }]) => `${key} ${metadata.uid}`).toSorted();
  }

  #request<T>(work: () => T): Promise<T> {
    const number = ++this.requests;
    return Promise.resolve().then(() => {
      this.before(number);
      const result = work();
      this.after(number);
      return result;
    });
  }

  get(reference: ObjectReference): Promise<KubeObject | undefined> {
    return this.#request(() => this.objects.get(describe(reference)));
  }

  create(object: KubeObject): Promise<KubeObject> {
    return this.#request(() => {
      const reference = referenceTo(object);
      if (this.objects.has(describe(reference))) throw new AlreadyThere(reference, {});
      return this.put(object);
    });
  }

  remove(reference: ObjectReference, uid: string): Promise<'removing' | 'gone' | 'conflict'> {
    return this.#request(() => {
      const found = this.objects.get(describe(reference));
      if (found === undefined) return 'gone';
      if (found.metadata.uid !== uid) return 'conflict';
      this.delete(reference);
      return 'removing';
    });
  }

  listAll(namespace: string): Promise<KubeObject[]> {
    return this.#request(() => [...this.objects.values()].filter(({ metadata }) => metadata.namespace === namespace));
  }

  listAppServers(): Promise<KubeObject[]> {
    return this.#request(() => [...this.objects.values()].filter(({ kind }) => kind === 'AppServer'));
  }

  listReleases(name: string): Promise<{ namespace: string }[]> {
    return this.#request(() =>
      [...this.objects.values()]
        .filter(({ metadata }) => metadata.labels?.['owner'] === 'helm' && metadata.labels['name'] === name)
        .map(({ metadata }) => ({ namespace: metadata.namespace ?? '' })),
    );
  }
}
