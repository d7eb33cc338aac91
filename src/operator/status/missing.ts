// ConfigMaps and Secrets that pods need and that do not exist, and where the AppServer names them.
import { reasons, type AppServer } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import type { Reference, ReferenceKind } from '../model/references.ts';
import { podsInQuestion } from '../model/rollout.ts';
import { isFields } from '../model/unstructured.ts';
import { quoted, type Problem } from './problem.ts';

/** How a field names an object of a kind: `{secretRef: {name}}`, or `{secret: {secretName}}` of a volume. */
const fieldsOfKind: Readonly<Record<ReferenceKind, readonly string[]>> = {
  ConfigMap: ['configMapRef', 'configMapKeyRef', 'configMap'],
  Secret: ['secretRef', 'secretKeyRef', 'secret'],
};

/** With `key`, only what uses that key of it. */
interface Sought extends Pick<Reference, 'kind' | 'name'> {
  readonly key?: string;
}

function namesIt(value: unknown, { kind, name, key }: Sought): boolean {
  if (!isFields(value)) return false;
  return fieldsOfKind[kind].some((field) => {
    const reference = value[field];
    if (!isFields(reference) || (key !== undefined && reference['key'] !== key)) return false;
    return reference['name'] === name || reference['secretName'] === name;
  });
}

function find(value: unknown, path: string, reference: Sought): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => {
      const label = isFields(item) && typeof item['name'] === 'string' ? item['name'] : String(index);
      return find(item, `${path}[${label}]`, reference);
    });
  }
  if (!isFields(value)) return [];
  if (namesIt(value, reference)) return [path];
  return Object.entries(value).flatMap(([field, one]) => find(one, `${path}.${field}`, reference));
}

/** `spec.env[PASSWORD].valueFrom`; empty where the AppServer does not name it. */
function usesOf({ spec }: AppServer, reference: Sought): string[] {
  const { env, envFrom, volumes, initContainers, podTemplate } = spec;
  return Object.entries({ env, envFrom, volumes, initContainers, podTemplate }).flatMap(([field, value]) =>
    find(value, `spec.${field}`, reference),
  );
}

const reasonOf = { ConfigMap: reasons.ConfigMapNotFound, Secret: reasons.SecretNotFound } as const;
const mostUses = 2;

function notFound(app: AppServer, reference: Sought): Problem {
  const { kind, name } = reference;
  const uses = usesOf(app, reference).slice(0, mostUses).join(' and ');
  const [used, remedy] = uses === '' ? ['', ''] : [`, which ${uses} needs,`, `, or correct ${uses}`];
  return {
    reason: reasonOf[kind],
    cause: `${kind} ${name}${used} does not exist; create it in namespace ${app.metadata.namespace}${remedy}.`,
    state: 'stalled',
  };
}

/** What pods wait with when a volume of theirs cannot be mounted, or a variable has no source. */
const waiting = new Set(['ContainerCreating', 'PodInitializing', 'CreateContainerConfigError']);

/** An object that pods wait for. */
export function missingReference(facts: Facts): Problem | undefined {
  const { app, missing } = facts;
  const [reference] = missing.references;
  const isWaited = podsInQuestion(facts).some((pod) =>
    pod.containers.some((one) => waiting.has(one.waiting?.reason ?? '')),
  );
  return reference === undefined || !isWaited ? undefined : notFound(app, reference);
}

/** @param text kubelet's, about a container that it cannot create */
export function missingForContainer(text: string, app: AppServer): Problem | undefined {
  const [, word, name] = /\b(secret|configmap) "([^"]+)" not found/i.exec(text) ?? [];
  if (word !== undefined && name !== undefined) {
    return notFound(app, { kind: word.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap', name });
  }
  const [, key, kind, object] = /couldn't find key (\S+) in (Secret|ConfigMap) [^/]*\/(\S+)/.exec(text) ?? [];
  if (key === undefined || object === undefined) return undefined;
  const reference = { kind: kind === 'Secret' ? 'Secret' : 'ConfigMap', name: object, key } as const;
  const [use] = usesOf(app, reference);
  return {
    reason: reasons.KeyNotFound,
    cause: `${reference.kind} ${object} has no key ${quoted(key)}; add it, or correct ${use ?? 'what names it'}.`,
    state: 'stalled',
  };
}
