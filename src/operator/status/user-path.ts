// Fields of a Deployment, as the API server names them, in terms of the AppServer that it is made from.
import type { AppServer } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Child } from '../model/facts.ts';
import { fieldOf, isFields } from '../model/unstructured.ts';
import { fieldsOfOwnContainers } from './container-owner.ts';

type Spec = AppServer['spec'];

/** A field, or an item of a list by its name, or by its place where it has none. */
interface Part {
  readonly kind: 'field' | 'item';
  readonly text: string;
}

const words = /[^.[\]]+|\[[^\]]*\]/g;

/** The item that `0` or `name="app"` stands for. */
function itemAt(list: unknown, inside: string): { readonly item: unknown; readonly text: string } {
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  const [, named] = /^name="?([^"]*)"?$/.exec(inside) ?? [];
  const item =
    named === undefined ? items[Number(inside)] : items.find((one) => isFields(one) && one['name'] === named);
  const name = isFields(item) ? item['name'] : undefined;
  return { item, text: named ?? (typeof name === 'string' ? name : inside) };
}

/** `containers[0]` and `containers[name="app"]` are the same: both become `containers[app]`. */
function partsOf(path: string, object: unknown): Part[] {
  let here = object;
  return (path.match(words) ?? []).map((word) => {
    if (!word.startsWith('[')) {
      here = isFields(here) ? fieldOf(here, word) : undefined;
      return { kind: 'field', text: word };
    }
    const { item, text } = itemAt(here, word.slice(1, -1));
    here = item;
    return { kind: 'item', text };
  });
}

const written = (parts: readonly Part[]): string =>
  parts.reduce((text, { kind, text: word }) => {
    if (kind === 'item') return `${text}[${word}]`;
    return text === '' ? word : `${text}.${word}`;
  }, '');

/** Fields of the pod's spec whose values are those of the AppServer's spec, and where. */
export const fieldsOfPod: ReadonlyMap<string, string> = new Map([
  ['volumes', 'spec.volumes'],
  ['initContainers', 'spec.initContainers'],
  ['imagePullSecrets', 'spec.imagePullSecrets'],
  ['serviceAccountName', 'spec.serviceAccountName'],
  ['automountServiceAccountToken', 'spec.automountServiceAccountToken'],
  ['securityContext.runAsUser', 'spec.security.runAsUser'],
  ['securityContext.runAsGroup', 'spec.security.runAsGroup'],
  ['securityContext.seccompProfile', 'spec.security.seccompProfile'],
]);
/** Fields of the Deployment itself. */
const ofDeployment: Readonly<Record<string, string>> = {
  'spec.strategy.rollingUpdate.maxSurge': 'spec.rollout.maxSurge',
  'spec.strategy.rollingUpdate.maxUnavailable': 'spec.rollout.maxUnavailable',
  'spec.minReadySeconds': 'spec.rollout.minReadySeconds',
  'spec.progressDeadlineSeconds': 'spec.rollout.progressDeadlineSeconds',
  'spec.revisionHistoryLimit': 'spec.rollout.revisionHistoryLimit',
  'spec.paused': 'spec.rollout.paused',
};

/** Whether the spec itself has the item of its field; those of spec.podTemplate are in the same list. */
function isInSpec(spec: Spec, field: string, item: Part | undefined): boolean {
  const [, ...names] = field.split('.');
  const value = names.reduce<unknown>((here, name) => (isFields(here) ? fieldOf(here, name) : undefined), spec);
  if (value === undefined || item?.kind !== 'item' || !Array.isArray(value)) return value !== undefined;
  return /^\d+$/.test(item.text) || value.some((one) => isFields(one) && one['name'] === item.text);
}

/** The AppServer's field that a field of the pod's spec has its value from; undefined where it is from nowhere in the spec. */
function inSpec(spec: Spec, inPod: readonly Part[]): string | undefined {
  // The longest: `initContainers` has those of the user, and `initContainers[proxy].image` is of one that the operator makes.
  for (let length = inPod.length; length > 0; length -= 1) {
    const path = written(inPod.slice(0, length));
    const field = fieldsOfOwnContainers.get(path) ?? fieldsOfPod.get(path);
    const below = inPod.slice(length);
    if (field !== undefined && isInSpec(spec, field, below[0]))
      return written([{ kind: 'field', text: field }, ...below]);
  }
  return undefined;
}

/** The API server names labels and annotations of a template as if they were not below its metadata. */
function inPodTemplate(parts: readonly Part[]): string {
  const [first] = parts;
  const isMetadata = first?.text === 'labels' || first?.text === 'annotations';
  return `spec.podTemplate.${isMetadata ? 'metadata.' : ''}${written(parts)}`;
}

function userPath(spec: Spec, child: KubeObject, path: string): string {
  const literal = path.replace(/^\./, '');
  const parts = partsOf(literal, child);
  if (literal.startsWith('spec.template.')) return inSpec(spec, parts.slice(3)) ?? inPodTemplate(parts.slice(2));
  return ofDeployment[written(parts)] ?? literal;
}

const paths = /\.?\bspec(?:\.[A-Za-z][A-Za-z0-9_-]*|\[[^\]]*\])+/g;

/** Of `[a: wrong, b: wrong]`, each once: what several containers have from one field is wrong in that field. */
function withoutRepetition(text: string): string {
  const [, before = '', list = '', after = ''] = /^(.*?)\[(spec\..*)\](.*)$/s.exec(text) ?? [];
  const errors = list.split(/, (?=spec\.)/);
  const different = [...new Set(errors)];
  if (different.length === errors.length) return text;
  const [only = ''] = different;
  return `${before}${different.length === 1 ? only : `[${different.join(', ')}]`}${after}`;
}

/** The API server's words about a pod, with the AppServer's fields in place of the pod's. */
export const withUserPathsOfPod = (text: string, spec: Spec, deployment: KubeObject): string =>
  withUserPaths(text.replaceAll(/(?<!\w|\w\.)spec(?=[.[])/g, 'spec.template.spec'), spec, deployment);

/** The API server's words about a child, with the AppServer's fields in place of the Deployment's. */
export function withUserPaths(text: string, spec: Spec, child: KubeObject): string {
  if (child.kind !== 'Deployment') return text;
  return withoutRepetition(text.replaceAll(paths, (path) => userPath(spec, child, path)));
}

/** Of a volume of the pods. */
export const volumeField = ({ volumes = [] }: Spec, name: string): string =>
  `${volumes.some((one) => one.name === name) ? 'spec.volumes' : 'spec.podTemplate.spec.volumes'}[${name}]`;

/** Part of the spec that a child of a kind is made from; undefined where it is made from several, or from none. */
export function sectionOf(kind: Child['kind']): string | undefined {
  switch (kind) {
    case 'Service':
      return 'spec.service';
    case 'Ingress':
      return 'spec.ingress';
    case 'HTTPRoute':
      return 'spec.httpRoute';
    case 'PodMonitor':
    case 'ServiceMonitor':
      return 'spec.monitoring';
    case 'NetworkPolicy':
      return 'spec.networkPolicy';
    case 'HorizontalPodAutoscaler':
      return 'spec.autoscaling';
    case 'PodDisruptionBudget':
      return 'spec.disruption';
    case 'ServiceAccount':
      return 'spec.serviceAccount';
    case 'Deployment':
    case 'ConfigMap':
      return undefined;
  }
}
