// Why the API server does not take an object, by its own words: quotas, LimitRanges and policies reject children and pods
// alike, and a pod's rejection is in the Deployment's status. Status codes do not say which it was: a policy chooses its own.
import { reasons } from '../../api/index.ts';
import type { AppServer } from '../../api/index.ts';
import { containerFields } from './containers.ts';
import { quoted, withoutSubject, type Problem } from './problem.ts';

export interface Rejected {
  /** `Service shop`, or `pods`. */
  readonly what: string;
  readonly app: AppServer;
}

type Refusal = (text: string, rejected: Rejected) => Problem | undefined;

/** `is` or `are` */
const verb = (what: string): string => (what === 'pods' ? 'are' : 'is');
const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

const namespaceTerminating: Refusal = (text, { app }) =>
  /because it is being terminated/.test(text)
    ? {
        reason: reasons.NamespaceTerminating,
        cause: `Namespace ${app.metadata.namespace} is being deleted, and nothing can be created in it any more.`,
        state: 'waiting',
      }
    : undefined;

const quotaExceeded: Refusal = (text, { what }) => {
  const [, quota] = /exceeded quota: ([^,]+)/.exec(text) ?? [];
  if (quota === undefined) return undefined;
  const lower = what === 'pods' ? ', or lower spec.replicas or spec.resources' : '';
  return {
    reason: reasons.QuotaExceeded,
    cause: `${capital(what)} ${verb(what)} rejected by the namespace's quota: ${quoted(withoutSubject(text))}; raise ResourceQuota ${quota}${lower}.`,
    key: `${what} ${quota}`,
    state: 'stalled',
  };
};

/** `limits.cpu for: app,log; limits.memory for: app` */
function requiredResources(list: string, app: AppServer): string {
  const remedies = list.split(';').flatMap((one) => {
    const [which = '', containers = ''] = one.split(' for: ');
    const whose = containers === '' ? ['app'] : containers.split(',');
    return whose.map((name) => containerFields(app.spec, name.trim()).resources(which.trim().split(',')[0] ?? ''));
  });
  return [...new Set(remedies)].join('; ');
}

const resourcesRequired: Refusal = (text, { what, app }) => {
  const [, quota, list = ''] = /failed quota: ([^:]+): must specify (.*)$/.exec(text) ?? [];
  if (quota === undefined) return undefined;
  return {
    reason: reasons.ResourcesRequired,
    cause: `ResourceQuota ${quota} rejects ${what} that do not specify ${quoted(list)}; ${requiredResources(list, app)}.`,
    state: 'stalled',
  };
};

const limitRangeViolated: Refusal = (text, { what }) =>
  / per (?:Container|Pod|PersistentVolumeClaim) is |is forbidden: \[?(?:minimum|maximum) /.test(text)
    ? {
        reason: reasons.LimitRangeViolated,
        cause: `${capital(what)} ${verb(what)} rejected by a LimitRange of the namespace: ${quoted(withoutSubject(text))}; set spec.resources (and those of other containers) within it, or change the LimitRange.`,
        state: 'stalled',
      }
    : undefined;

const podSecurityViolated: Refusal = (text, { what }) =>
  text.includes('violates PodSecurity')
    ? {
        reason: reasons.PodSecurityViolated,
        cause: `${capital(what)} ${verb(what)} rejected by the namespace's Pod Security level: ${quoted(withoutSubject(text))}; correct what it names in spec.podTemplate, or change the level of the namespace.`,
        state: 'stalled',
      }
    : undefined;

const policyDenied: Refusal = (text, { what }) => {
  const policy = /ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.*)$/s.exec(text);
  const webhook = /admission webhook "([^"]+)" denied the request(?:: | )(.*)$/s.exec(text);
  const [kind, found] = policy === null ? ['admission webhook', webhook] : ['ValidatingAdmissionPolicy', policy];
  if (found === null) return undefined;
  const [, name = '', why = ''] = found;
  return {
    reason: reasons.PolicyDenied,
    cause: `${capital(what)} ${verb(what)} rejected by ${kind} ${name}: ${quoted(why)}; change the AppServer so that the policy allows it, or ask the cluster's administrators for an exception.`,
    state: 'stalled',
  };
};

const webhookUnavailable: Refusal = (text, { what }) => {
  const [, name] = /failed calling webhook "([^"]+)"/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return {
    reason: reasons.WebhookUnavailable,
    cause: `${capital(what)} cannot be ${what === 'pods' ? 'created' : 'written'}, as admission webhook ${name} does not answer: ${quoted(text)}; it is retried until the webhook works again.`,
    key: name,
    state: 'failing',
  };
};

const serviceAccountNotFound: Refusal = (text) => {
  const [, name] = /serviceaccount "([^"]+)" not found/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return {
    reason: reasons.ServiceAccountNotFound,
    cause: `ServiceAccount ${name} does not exist; create it, or correct spec.serviceAccountName.`,
    state: 'stalled',
  };
};

const classNotFound: Refusal = (text) => {
  const [, priority] = /no PriorityClass with name (\S+) was found/.exec(text) ?? [];
  const [, runtime] = /RuntimeClass "([^"]+)" not found/.exec(text) ?? [];
  const [kind, name, field] =
    priority === undefined
      ? ['RuntimeClass', runtime, 'runtimeClassName']
      : ['PriorityClass', priority, 'priorityClassName'];
  if (name === undefined) return undefined;
  return {
    reason: reasons.ClassNotFound,
    cause: `${kind} ${name} does not exist; create it, or correct spec.podTemplate.spec.${field}.`,
    state: 'stalled',
  };
};

const refusals: readonly Refusal[] = [
  namespaceTerminating,
  quotaExceeded,
  resourcesRequired,
  limitRangeViolated,
  podSecurityViolated,
  policyDenied,
  webhookUnavailable,
  serviceAccountNotFound,
  classNotFound,
];

/**
 * What admission has against an object; undefined where it is not admission that rejects it.
 * @param text the API server's message
 */
export function admissionProblem(text: string, rejected: Rejected): Problem | undefined {
  for (const refusal of refusals) {
    const problem = refusal(text, rejected);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
