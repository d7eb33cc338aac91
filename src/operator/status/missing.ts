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

/** With the one that the sentence is about. */
const mostNamed = 3;

/** ` Secret cache, ConfigMap urls and 2 more do not exist either.`; empty where nothing else is missing. */
function alsoMissing({ missing }: Facts, { kind, name }: Sought): string {
  const others = missing.references.filter((one) => one.kind !== kind || one.name !== name);
  if (others.length === 0) return '';
  const named = others.slice(0, mostNamed - 1).map((one) => `${one.kind} ${one.name}`);
  const unnamed = others.length - named.length;
  const last = unnamed > 0 ? `${unnamed} more` : named.length > 1 ? named.pop() : undefined;
  const verb = others.length === 1 ? 'does' : 'do';
  return ` ${named.join(', ')}${last === undefined ? '' : ` and ${last}`} ${verb} not exist either.`;
}

function notFound(facts: Facts, reference: Sought): Problem {
  const { app } = facts;
  const { kind, name } = reference;
  const uses = usesOf(app, reference).slice(0, mostUses).join(' and ');
  const [used, remedy] = uses === '' ? ['', ''] : [`, which ${uses} needs,`, `, or correct ${uses}`];
  const sentence = `${kind} ${name}${used} does not exist; create it in namespace ${app.metadata.namespace}${remedy}.`;
  return {
    reason: reasonOf[kind],
    cause: `${sentence}${alsoMissing(facts, reference)}`,
    key: sentence,
    state: 'stalled',
  };
}

/** What pods wait with when a volume of theirs cannot be mounted, or a variable has no source. */
const waiting = new Set(['ContainerCreating', 'PodInitializing', 'CreateContainerConfigError']);

/** An object that pods wait for. */
export function missingReference(facts: Facts): Problem | undefined {
  const [reference] = facts.missing.references;
  const isWaited = podsInQuestion(facts).some((pod) =>
    pod.containers.some((one) => waiting.has(one.waiting?.reason ?? '')),
  );
  return reference === undefined || !isWaited ? undefined : notFound(facts, reference);
}

/** @param text kubelet's, about a container that it cannot create */
export function missingForContainer(text: string, facts: Facts): Problem | undefined {
  const [, word, name] = /\b(secret|configmap) "([^"]+)" not found/i.exec(text) ?? [];
  if (word !== undefined && name !== undefined) {
    return notFound(facts, { kind: word.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap', name });
  }
  const [, key, kind, object] = /couldn't find key (\S+) in (Secret|ConfigMap) [^/]*\/(\S+)/.exec(text) ?? [];
  if (key === undefined || object === undefined) return undefined;
  const reference = { kind: kind === 'Secret' ? 'Secret' : 'ConfigMap', name: object, key } as const;
  const [use] = usesOf(facts.app, reference);
  return {
    reason: reasons.KeyNotFound,
    cause: `${reference.kind} ${object} has no key ${quoted(key)}; add it, or correct ${use ?? 'what names it'}.`,
    state: 'stalled',
  };
}
