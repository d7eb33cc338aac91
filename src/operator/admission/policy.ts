// What a ValidatingAdmissionPolicy of the chart consists of, and how Helm fills it in.
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
  readonly matchConditions: readonly Named[];
  readonly variables: readonly Named[];
  readonly validations: readonly Validation[];
}

/** What is known when the chart is installed, in Helm's words. */
export const installed = {
  fullName: '{{ include "appserver-operator.fullname" . }}',
  namespace: '{{ .Release.Namespace }}',
  account: '{{ include "appserver-operator.serviceAccountName" . }}',
  // With defaults, as `helm upgrade --reuse-values` knows only the values of the chart before.
  allowedAnnotations: '{{ toJson (default list .Values.admissionPolicy.allowedAnnotations) }}',
  secretsAreAsked: '{{ default false .Values.admissionPolicy.secrets }}',
} as const;

const operatorsName = `system:serviceaccount:${installed.namespace}:${installed.account}`;

export const byTheOperator: Named = {
  name: 'by-the-operator',
  expression: `request.userInfo.username == '${operatorsName}'`,
};

export const byOthers: Named = {
  name: 'by-others',
  expression: `request.userInfo.username != '${operatorsName}'`,
};

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
