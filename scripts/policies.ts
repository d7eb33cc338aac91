// The chart's ValidatingAdmissionPolicies, with their bindings, as a template of Helm.
import { dump } from 'js-yaml';
import { operatorPolicies, writersPolicy, type Policy } from '../src/operator/admission/index.ts';
import { installed, operatorBinding } from '../src/operator/admission/policy.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';

const metadata = `  {{- include "appserver-operator.metadata" . | nindent 2 }}`;
/** Without the operator's account nothing can be asked of it, and writes of everybody else go on. */
const operatorParameter = `  paramRef:
    selector:
      matchLabels: {{- include "appserver-operator.accountLabels" . | nindent 8 }}
    parameterNotFoundAction: Allow
`;
const watchedNamespaces = `  {{- with .Values.watchNamespaces }}
  matchResources:
    namespaceSelector:
      matchExpressions:
        - { key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }} }
  {{- end }}
`;

const head = (kind: string, policy: Policy): string =>
  [
    `apiVersion: ${apiVersion}`,
    `kind: ${kind}`,
    'metadata:',
    `  name: ${installed.clusterName(policy.suffix)}`,
    metadata,
    '',
  ].join('\n');

function specOf(policy: Policy): string {
  const { resourceRules, labels: matchLabels, knowsOperator, matchConditions, variables, validations } = policy;
  const spec = {
    failurePolicy: 'Fail',
    ...(knowsOperator && { paramKind: operatorBinding }),
    matchConstraints: { ...(matchLabels && { objectSelector: { matchLabels } }), resourceRules },
    ...(matchConditions.length > 0 && { matchConditions }),
    ...(variables.length > 0 && { variables }),
    validations,
  };
  // Helm's words are not to be broken by the end of a line.
  return dump({ spec }, { noRefs: true, lineWidth: -1 });
}

function bindingOf({ suffix, knowsOperator, where }: Policy): string {
  const spec = { policyName: installed.clusterName(suffix), validationActions: ['Deny'] };
  const parts = [
    dump({ spec }, { lineWidth: -1 }),
    ...(knowsOperator ? [operatorParameter] : []),
    ...(where === 'watched' ? [watchedNamespaces] : []),
  ];
  return parts.join('');
}

function documentsOf(policy: Policy): string {
  return [
    `# ${policy.comment}`,
    head('ValidatingAdmissionPolicy', policy) + specOf(policy) + '---',
    head('ValidatingAdmissionPolicyBinding', policy) + bindingOf(policy),
  ].join('\n');
}

/** @param notice first line, a comment */
export function policyTemplate(notice: string): string {
  const documents = [writersPolicy(), ...operatorPolicies()].map(documentsOf);
  return `{{- if .Values.admissionPolicy.install }}\n${notice}${documents.join('---\n')}{{- end }}\n`;
}
