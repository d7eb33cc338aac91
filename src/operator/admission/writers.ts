// What somebody who writes an AppServer must be allowed to do without it, because the AppServer has it done. Each question is a
// validation of its own: CEL allows some two checks of the authorizer in an expression.
import { names } from '../../api/index.ts';
import { groupOf } from '../../kube/objects.ts';
import { appServerType, childTypes, type AskedKind } from '../model/kinds.ts';
import { fieldsOfPods } from './fields-of-pods.ts';
import { celList, installed, rulesFor, type Policy, type Validation } from './policy.ts';

/** One field that asks for the right to create objects of a kind. */
interface Question {
  readonly field: string;
  /** What the field makes: "an Ingress". */
  readonly makes: string;
  /** Whether it does, and whether that is new, in CEL. */
  readonly when: string;
  /** What to do without the right. */
  readonly otherwise: string;
}

const changed = (field: string): string => `variables.spec[?'${field}'] != variables.before[?'${field}']`;
const made = (field: string, makes: string): Question => ({
  field: `spec.${field}`,
  makes,
  when: `has(variables.spec.${field}) && ${changed(field)}`,
  otherwise: 'remove the field',
});
const monitor = (kind: 'PodMonitor' | 'ServiceMonitor'): Question => ({
  ...made('monitoring', `a ${kind}`),
  when: `variables.spec.?monitoring.?kind.orValue('') == '${kind}' && ${changed('monitoring')}`,
});

/** Fields of spec.service that a ClusterIP Service has; any other, and any other type, exposes it. */
const inTheCluster = [
  ...['type', 'port', 'portName', 'appProtocol', 'ports', 'labels', 'annotations'],
  ...['sessionAffinity', 'sessionAffinityConfig', 'trafficDistribution', 'internalTrafficPolicy'],
  ...['publishNotReadyAddresses', 'ipFamilies', 'ipFamilyPolicy'],
];

const listed =
  'variables.allowed.exists(one, one == key || (one.endsWith("*") && key.startsWith(one.replace("*", ""))))';

/** Annotations that are new and not on the list: they have a meaning to some program of the cluster. */
const annotated = (field: string, makes: string, when?: string): Question => ({
  field: `spec.${field}.annotations`,
  makes: `${makes} with annotations that are not on the chart's list admissionPolicy.allowedAnnotations`,
  when: `variables.spec.?${field}.?annotations.orValue({}).exists(key, !${listed} && ${when ?? `variables.before.?${field}.?annotations[?key] != variables.spec.${field}.annotations[?key]`})`,
  otherwise: 'remove the annotations',
});

/** All questions of the policy but those for the use of an account and for Secrets. */
export const questions: Record<AskedKind, readonly Question[]> = {
  // With all that runs under them: such an annotation may give rights outside of the cluster to the program in the pods.
  ServiceAccount: [
    annotated('serviceAccount', 'a ServiceAccount', `(variables.podsChange || ${changed('serviceAccount')})`),
  ],
  Deployment: [
    {
      field: 'spec.podTemplate.metadata.annotations',
      makes: "pods with annotations that are not on the chart's list admissionPolicy.allowedAnnotations",
      // With all that runs under them: what an annotation hands to a pod is for the program in it.
      when: `variables.podsChange && variables.spec.?podTemplate.?metadata.?annotations.orValue({}).exists(key, !${listed})`,
      otherwise: 'remove the annotations',
    },
    annotated('deployment', 'a Deployment'),
  ],
  Service: [
    {
      field: 'spec.service',
      makes: 'a Service that is reached from outside of the cluster',
      when: `(variables.service.?type.orValue('ClusterIP') != 'ClusterIP' || variables.service.exists(key, !(key in ${celList(inTheCluster)}))) && ${changed('service')}`,
      otherwise: 'set type ClusterIP',
    },
    annotated('service', 'a Service'),
  ],
  Ingress: [made('ingress', 'an Ingress')],
  HTTPRoute: [made('httpRoute', 'an HTTPRoute')],
  PodMonitor: [monitor('PodMonitor')],
  ServiceMonitor: [monitor('ServiceMonitor')],
  NetworkPolicy: [made('networkPolicy', 'a NetworkPolicy')],
  HorizontalPodAutoscaler: [annotated('autoscaling', 'a HorizontalPodAutoscaler')],
  PodDisruptionBudget: [annotated('disruption', 'a PodDisruptionBudget')],
};

const check = (group: string, resource: string, verb: string, name = ''): string =>
  `authorizer.group('${group}').resource('${resource}').namespace(request.namespace)${name === '' ? '' : `.name(${name})`}.check('${verb}').allowed()`;

function askForKind(kind: keyof typeof questions): Validation[] {
  const type = childTypes[kind];
  const group = groupOf(type);
  const resource = group === '' ? type.plural : `${type.plural}.${group}`;
  return questions[kind].map(({ field, makes, when, otherwise }) => ({
    expression: `!(${when}) || ${check(group, type.plural, 'create')}`,
    messageExpression: `"${field} makes ${makes}, which you may not create yourself; ask for the verb create on ${resource} in namespace " + request.namespace + ", or ${otherwise}"`,
    reason: 'Forbidden',
  }));
}

const mayUseAccount: Validation = {
  // Who may create pods may run them as any account of the namespace anyway.
  expression: `!(variables.podsChange && (has(variables.spec.serviceAccountName) || variables.hasToken)) || ${check('', 'serviceaccounts', 'use', 'variables.account')} || ${check('', 'pods', 'create')}`,
  messageExpression:
    `(has(variables.spec.serviceAccountName) ? "spec.serviceAccountName must name a service account that you may use" : ` +
    `"spec.automountServiceAccountToken and volumes with a token need a service account that you may use") + ` +
    `"; ask for the verb use on serviceaccounts/" + variables.account + " in namespace " + request.namespace + ", or remove the field"`,
  reason: 'Forbidden',
};

const accountIsTheSpecs: Validation = {
  expression: `!variables.podsChange || ['serviceAccountName', 'serviceAccount'].all(field, variables.template[?field].orValue(variables.account) == variables.account)`,
  message:
    'spec.podTemplate.spec must not set serviceAccountName or serviceAccount, which spec.serviceAccountName is for; set that one',
  reason: 'Invalid',
};

const maySeeSecrets: Validation = {
  expression: `!(${installed.secretsAreAsked} && variables.podsChange && variables.usesSecrets) || ${check('', 'secrets', 'get')}`,
  messageExpression: `"the spec gives Secrets to its pods (env, envFrom, volumes or podTemplate), which you may not read; ask for the verb get on secrets in namespace " + request.namespace + ", or remove them"`,
  reason: 'Forbidden',
};

/** Sources of a projected volume that are neither a token nor a certificate of the pod's account. */
const plainSources = ['configMap', 'secret', 'downwardAPI', 'clusterTrustBundle'];
/** Volumes that hand no Secret to the pod, nor to whoever mounts them for it. */
const volumesWithoutSecrets = [
  ...['name', 'emptyDir', 'configMap', 'downwardAPI', 'projected', 'persistentVolumeClaim', 'ephemeral', 'hostPath'],
  ...['nfs', 'image', 'gitRepo', 'fc', 'awsElasticBlockStore', 'gcePersistentDisk', 'vsphereVolume'],
];
const valuesWithoutSecrets = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'fileKeyRef'];
const sourcesWithoutSecrets = ['prefix', 'configMapRef'];

/** Those of the lists that are lists: what else stands there is for the API server to refuse when the Deployment is made. */
const lists = (...expressions: readonly string[]): string =>
  `[${expressions.map((one) => `${one}.orValue([])`).join(', ')}].filter(one, type(one) == list)`;
const otherThan = (of: string, known: readonly string[]): string => `${of}.exists(key, !(key in ${celList(known)}))`;

const secretVolume = `volume, ${otherThan('volume', volumesWithoutSecrets)} || volume.?projected.?sources.orValue([]).exists(source, has(source.secret))`;

export function writersPolicy(): Policy {
  return {
    suffix: 'writers',
    comment: 'Whoever writes an AppServer gets nothing by it that their own rights do not allow.',
    where: 'watched',
    resourceRules: rulesFor([appServerType], ['CREATE', 'UPDATE']),
    knowsOperator: false,
    matchConditions: [],
    variables: [
      { name: 'spec', expression: 'dyn(object.spec)' },
      { name: 'before', expression: 'oldObject == null ? dyn({}) : dyn(oldObject.spec)' },
      { name: 'service', expression: 'variables.spec.?service.orValue({})' },
      { name: 'template', expression: 'variables.spec.?podTemplate.?spec.orValue({})' },
      { name: 'allowed', expression: installed.allowedAnnotations },
      {
        name: 'podsChange',
        expression: `oldObject == null || ${celList(fieldsOfPods())}.exists(field, variables.spec[?field] != variables.before[?field])`,
      },
      {
        name: 'account',
        expression: `variables.spec.?serviceAccountName.orValue(object.metadata.name + '${names.ownAccountSuffix}')`,
      },
      { name: 'volumes', expression: lists('variables.spec.?volumes', 'variables.template.?volumes') },
      {
        name: 'hasToken',
        expression: `[variables.spec, variables.template].exists(one, one.?automountServiceAccountToken.orValue(false) == true) || variables.volumes.exists(some, some.exists(volume, volume.?projected.?sources.orValue([]).exists(source, ${otherThan('source', plainSources)})))`,
      },
      {
        name: 'containers',
        expression: `[[variables.spec]] + ${lists('variables.spec.?initContainers', 'variables.template.?containers', 'variables.template.?initContainers')}`,
      },
      {
        name: 'usesSecrets',
        expression: `variables.volumes.exists(some, some.exists(${secretVolume})) || variables.containers.exists(some, some.exists(container, container.?env.orValue([]).exists(one, ${otherThan('one.?valueFrom.orValue({})', valuesWithoutSecrets)}) || container.?envFrom.orValue([]).exists(one, ${otherThan('one', sourcesWithoutSecrets)})))`,
      },
    ],
    validations: [
      accountIsTheSpecs,
      mayUseAccount,
      maySeeSecrets,
      ...askForKind('ServiceAccount'),
      ...askForKind('Deployment'),
      ...askForKind('Service'),
      ...askForKind('Ingress'),
      ...askForKind('HTTPRoute'),
      ...askForKind('PodMonitor'),
      ...askForKind('ServiceMonitor'),
      ...askForKind('NetworkPolicy'),
      ...askForKind('HorizontalPodAutoscaler'),
      ...askForKind('PodDisruptionBudget'),
    ],
  };
}
