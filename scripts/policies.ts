// The chart's ValidatingAdmissionPolicies, with their bindings, as a template of Helm.
import { dump } from 'js-yaml';
import { operatorPolicies, writersPolicy, type Policy } from '../src/operator/admission/index.ts';
import { installed } from '../src/operator/admission/policy.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';

const labels = `  labels: {{- include "appserver-operator.labels" . | nindent 4 }}`;
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
    `  name: ${installed.fullName}-${policy.suffix}`,
    labels,
    '',
  ].join('\n');

function specOf({ resourceRules, labels: matchLabels, matchConditions, variables, validations }: Policy): string {
  const spec = {
    failurePolicy: 'Fail',
    matchConstraints: { ...(matchLabels && { objectSelector: { matchLabels } }), resourceRules },
    ...(matchConditions.length > 0 && { matchConditions }),
    ...(variables.length > 0 && { variables }),
    validations,
  };
  // Helm's words are not to be broken by the end of a line.
  return dump({ spec }, { noRefs: true, lineWidth: -1 });
}

function bindingOf(policy: Policy): string {
  const spec = { policyName: `${installed.fullName}-${policy.suffix}`, validationActions: ['Deny'] };
  return dump({ spec }, { lineWidth: -1 }) + (policy.where === 'watched' ? watchedNamespaces : '');
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
