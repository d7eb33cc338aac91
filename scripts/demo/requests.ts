// Single requests to the API server of the demonstration's cluster, by way of kubectl: it has the user's credentials.
import { CommandFailed, type CommandOptions } from '../../e2e/cluster/command.ts';
import { isKubeObject, path, type KubeObject } from '../../src/kube/index.ts';
import { describe, typeOf, type ObjectReference } from './ledger.ts';

/** Runs a program with its arguments against the cluster and returns its stdout. */
export type RunInCluster = (command: readonly string[], options?: CommandOptions) => Promise<string>;

export interface Requests {
  get(reference: ObjectReference): Promise<KubeObject | undefined>;
  /** Only ever makes a new object. @throws AlreadyThere when there is one of that name */
  create(object: KubeObject): Promise<KubeObject>;
  /** Removes the object of this uid and no other. `conflict`: another has its name, or it is being removed already. */
  remove(
    reference: ObjectReference,
    uid: string,
    options?: { readonly graceSeconds?: number },
  ): Promise<'removing' | 'gone' | 'conflict'>;
  /** Everything in a namespace that a user could make there. */
  listAll(namespace: string): Promise<KubeObject[]>;
  /** All AppServers of all namespaces; none where the kind is not known. */
  listAppServers(): Promise<KubeObject[]>;
  /** Helm releases of this name in any namespace. */
  listReleases(name: string): Promise<{ readonly namespace: string }[]>;
}

export class AlreadyThere extends Error {
  constructor(reference: ObjectReference, options: ErrorOptions) {
    super(
      `${describe(reference)} was made by somebody else in the meantime; run the demo again when nobody else installs the operator`,
      options,
    );
    this.name = 'AlreadyThere';
  }
}

/** Of an answer that says no: kubectl prints `Error from server (NotFound): …`. */
function reasonOf(error: unknown): string | undefined {
  return error instanceof CommandFailed ? /Error from server \((\w+)\)/.exec(error.stderr)?.[1] : undefined;
}

const pathOf = (reference: ObjectReference): string => path(typeOf(reference), reference.namespace, reference.name);

function parseObject(text: string): KubeObject {
  const parsed: unknown = JSON.parse(text);
  if (!isKubeObject(parsed)) throw new Error(`the API server answered with something else than an object: ${text}`);
  return parsed;
}

function parseItems(text: string): KubeObject[] {
  if (text.trim() === '') return [];
  const { items } = JSON.parse(text) as { items?: unknown[] };
  return (items ?? []).filter(isKubeObject);
}

/** A server that does not answer must not hold up the end of the demonstration. */
const timeout = '--request-timeout=20s';

export function kubectlRequests(run: RunInCluster): Requests {
  const orNot = async <T>(reason: string, work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (reasonOf(error) === reason) return undefined;
      throw error;
    }
  };
  return {
    get: async (reference) => {
      const text = await orNot('NotFound', run(['kubectl', timeout, 'get', '--raw', pathOf(reference)]));
      return text === undefined ? undefined : parseObject(text);
    },
    create: async (object) => {
      const { apiVersion, kind, metadata } = object;
      const reference = { apiVersion, kind, name: metadata.name };
      const collection = path(typeOf(reference), metadata.namespace);
      const input = JSON.stringify(object);
      try {
        // To its end: whether the object was made is only known from the answer.
        return parseObject(
          await run(['kubectl', timeout, 'create', '--raw', collection, '-f', '-'], { input, toItsEnd: true }),
        );
      } catch (error) {
        if (reasonOf(error) === 'AlreadyExists') throw new AlreadyThere(reference, { cause: error });
        throw error;
      }
    },
    remove: async (reference, uid, { graceSeconds } = {}) => {
      const input = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        preconditions: { uid },
        ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
      });
      try {
        await run(['kubectl', timeout, 'delete', '--raw', pathOf(reference), '-f', '-'], { input, toItsEnd: true });
        return 'removing';
      } catch (error) {
        if (reasonOf(error) === 'NotFound') return 'gone';
        if (reasonOf(error) === 'Conflict') return 'conflict';
        throw error;
      }
    },
    listAll: async (namespace) => {
      const list = async (): Promise<KubeObject[]> => {
        const kinds = await run(['kubectl', 'api-resources', '--namespaced', '--verbs=list,delete', '--output=name']);
        const names = kinds.trim().split('\n').join(',');
        return parseItems(await run(['kubectl', timeout, 'get', names, '--namespace', namespace, '--output=json']));
      };
      // A kind may go between the two.
      return list().catch(list);
    },
    listAppServers: async () => {
      const all = ['kubectl', timeout, 'get', '--raw', '/apis/appserver.dev/v1alpha1/appservers'];
      return parseItems((await orNot('NotFound', run(all))) ?? '');
    },
    listReleases: async (name) => {
      const selector = `owner=helm,name=${name}`;
      const get = ['kubectl', timeout, 'get', 'secrets,configmaps', '--all-namespaces', '--output=json'];
      const found = parseItems(await run([...get, '--selector', selector]));
      return [...new Set(found.map(({ metadata }) => metadata.namespace ?? ''))].map((namespace) => ({ namespace }));
    },
  };
}
