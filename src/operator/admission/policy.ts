// What a ValidatingAdmissionPolicy of the chart consists of, and how Helm fills it in. scripts/policies.ts writes them as YAML.
import { groupOf, type ResourceType } from '../../kube/objects.ts';

type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** A name and a CEL expression. */
interface Named {
  readonly name: string;
  readonly expression: string;
}

interface Says {
  /** What a user reads when it is refused: the field, the cause, the remedy. */
  readonly message?: string;
  /** The same as a CEL expression. */
  readonly messageExpression?: string;
}

export interface Validation extends Says {
  /** CEL; evaluates to true for what is allowed. */
  readonly expression: string;
  readonly reason: 'Forbidden' | 'Invalid';
}

export interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly Operation[];
  readonly resources: readonly string[];
}

export interface Policy {
  /** Follows the full name of the release. */
  readonly suffix: string;
  /** Why there is such a policy. */
  readonly comment: string;
  /** Where it holds: in the namespaces that the operator watches, or wherever the operator's account writes. */
  readonly where: 'watched' | 'everywhere';
  readonly resourceRules: readonly ResourceRule[];
  /** Of the object as it is or was. Default: all. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether an expression asks for the operator's account, or for the namespace that it runs in. */
  readonly knowsOperator: boolean;
  readonly matchConditions: readonly Named[];
  readonly variables: readonly Named[];
  readonly validations: readonly Validation[];
}

/** What is known when the chart is installed, in Helm's words. */
export const installed = {
  fullName: '{{ include "appserver-operator.fullname" . }}',
  /** Of a cluster-wide object of the release. */
  clusterName: (suffix: string): string =>
    `{{ include "appserver-operator.clusterName" (dict "suffix" "${suffix}" "root" .) }}`,
  // With defaults, as `helm upgrade --reuse-values` knows only the values of the chart before.
  allowedAnnotations: '{{ toJson (default list .Values.admissionPolicy.allowedAnnotations) }}',
  secretsAreAsked: '{{ default false .Values.admissionPolicy.secrets }}',
} as const;

/**
 * The parameter of policies that know the operator: the ClusterRoleBinding whose subject is its account. Tools that move an
 * installation to another namespace or name, such as kustomize, rewrite the subjects of bindings, but no name inside CEL.
 */
export const operatorBinding = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding' } as const;

const accounts = `params.subjects.filter(one, one.kind == 'ServiceAccount')`;
const isOperator = `${accounts}.exists(one, request.userInfo.username == 'system:serviceaccount:' + one.namespace + ':' + one.name)`;

export const byTheOperator: Named = { name: 'by-the-operator', expression: isOperator };

export const byOthers: Named = { name: 'by-others', expression: `!${isOperator}` };

/** Whether the request is for the operator's own namespace, in CEL. */
export const inItsNamespace = `${accounts}.exists(one, one.namespace == request.namespace)`;

/** One rule a group, over all its versions. */
export function rulesFor(types: readonly ResourceType[], operations: readonly Operation[]): ResourceRule[] {
  return [...Map.groupBy(types, groupOf)].map(([group, ofGroup]) => ({
    apiGroups: [group],
    apiVersions: ['*'],
    operations,
    resources: ofGroup.map(({ plural }) => plural),
  }));
}

/** A list of texts, in CEL. */
export const celList = (texts: readonly string[]): string => `[${texts.map((text) => `'${text}'`).join(', ')}]`;
