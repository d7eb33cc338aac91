// Fields of a Deployment, as the API server names them, in terms of the AppServer that it is made from.
import { names, type AppServer } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Child } from '../model/facts.ts';
import { fieldOf, isFields } from '../model/unstructured.ts';

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

interface Section {
  /** Begins with `spec`. */
  readonly path: string;
  /** Fields that it has under the same name. */
  readonly fields: ReadonlySet<string>;
}

const section = (path: string, ...fields: string[]): Section => ({ path, fields: new Set(fields) });

/** What each container of the operator's is made from. */
const sections: Readonly<Record<string, Section>> = {
  [`containers[${names.containerName}]`]: section(
    'spec',
    ...['image', 'imagePullPolicy', 'resources', 'env', 'envFrom', 'volumeMounts'],
  ),
  [`initContainers[${names.initContainerName}]`]: section('spec', 'resources'),
  [`initContainers[${names.copyFilesContainerName}]`]: section('spec', 'image', 'imagePullPolicy', 'resources'),
  [`initContainers[${names.proxyContainerName}]`]: section('spec.proxy', 'image', 'resources'),
};
/** Fields of the pod that the spec has under the same name. */
const ofPod = new Set([
  ...['volumes', 'initContainers', 'imagePullSecrets', 'serviceAccountName', 'automountServiceAccountToken'],
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

/** Whether the spec itself has the part; items of its lists are beside those of spec.podTemplate. */
function isInSpec(spec: Spec | Spec['proxy'] | Spec['security'], [field, item]: readonly Part[]): boolean {
  const value = field === undefined || spec === undefined ? undefined : fieldOf(spec, field.text);
  if (value === undefined || item?.kind !== 'item' || !Array.isArray(value)) return value !== undefined;
  return /^\d+$/.test(item.text) || value.some((one) => isFields(one) && one['name'] === item.text);
}

/** Below the security context of the pod, or of the application's container. */
function inSecurity(parts: readonly Part[]): readonly Part[] {
  if (parts[3]?.text === 'securityContext') return parts.slice(4);
  return written(parts.slice(3, 6)) === `containers[${names.containerName}].securityContext` ? parts.slice(6) : [];
}

/** The API server names labels and annotations of a template as if they were not below its metadata. */
function inPodTemplate(parts: readonly Part[]): string {
  const [first] = parts;
  const isMetadata = first?.text === 'labels' || first?.text === 'annotations';
  return `spec.podTemplate.${isMetadata ? 'metadata.' : ''}${written(parts)}`;
}

/** @param parts of a path that begins with `spec.template` */
function ofTemplate(spec: Spec, parts: readonly Part[]): string {
  const security = inSecurity(parts);
  if (isInSpec(spec.security, security)) return `spec.security.${written(security)}`;
  const inPod = parts.slice(3);
  const inContainer = parts.slice(5);
  const from = sections[written(parts.slice(3, 5))];
  if (from !== undefined && from.fields.has(inContainer[0]?.text ?? '')) {
    const of = from.path === 'spec' ? spec : spec.proxy;
    if (isInSpec(of, inContainer)) return `${from.path}.${written(inContainer)}`;
  }
  const isOwn = ofPod.has(inPod[0]?.text ?? '') && isInSpec(spec, inPod);
  return isOwn ? `spec.${written(inPod)}` : inPodTemplate(parts.slice(2));
}

function userPath(spec: Spec, child: KubeObject, path: string): string {
  const literal = path.replace(/^\./, '');
  const parts = partsOf(literal, child);
  if (literal.startsWith('spec.template.')) return ofTemplate(spec, parts);
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
