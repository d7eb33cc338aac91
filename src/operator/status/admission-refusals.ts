// Why the API server does not take an object, by its own words: quotas, LimitRanges and policies reject children and pods
// alike, and a pod's rejection is in the Deployment's status. Status codes do not say which it was: a policy chooses its own.
import { reasons } from '../../api/index.ts';
import type { AppServer } from '../../api/index.ts';
import { containerFields } from './containers.ts';
import { quoted, withoutSubject, type Problem } from './problem.ts';
import { volumeField } from './user-path.ts';

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

/** A cluster may demand that what uses a resource or a priority is within some quota. */
const quotaMissing: Refusal = (text, { what }) =>
  /insufficient quota to (?:match these scopes|consume): /.test(text)
    ? {
        reason: reasons.QuotaExceeded,
        cause: `${capital(what)} ${verb(what)} rejected, as no ResourceQuota of the namespace covers ${what === 'pods' ? 'them' : 'it'}: ${quoted(withoutSubject(text))}; create one that does, or change what it is about, such as spec.podTemplate.spec.priorityClassName.`,
        state: 'stalled',
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

/** The default of a LimitRange, which pods get and their template has not. */
const limitBelowRequest: Refusal = (text, { what }) => {
  const [, resource] = what === 'pods' ? (/must be less than or equal to (\S+) limit/.exec(text) ?? []) : [];
  if (resource === undefined) return undefined;
  return {
    reason: reasons.LimitRangeViolated,
    cause: `Pods are rejected, as a LimitRange of the namespace gives a container a lower limit than it requests: ${quoted(withoutSubject(text))}; set the limit of ${resource} beside the request, in spec.resources or where the container is from, or change the LimitRange.`,
    key: `limit ${resource}`,
    state: 'stalled',
  };
};

/** `containers "app", "log" must set ...` and `volume "data" uses ...` */
const namedParts = /\b(container|volume)s? ("[^"]+"(?:, "[^"]+")*)/g;

/** Where the AppServer says what is named in a violation of a Pod Security level. */
function violatingParts(text: string, { spec }: AppServer): string {
  const places = text.matchAll(namedParts).flatMap(([, kind, list = '']) =>
    list
      .split(', ')
      .map((name) => name.slice(1, -1))
      .map((name) => (kind === 'volume' ? volumeField(spec, name) : containerFields(spec, name).security)),
  );
  const different = [...new Set(places)];
  return different.length === 0 ? 'spec.podTemplate' : different.join(', ');
}

/** All of a restricted level, for a few containers. */
const mostOfViolations = 1_000;

const podSecurityViolated: Refusal = (text, { what, app }) =>
  text.includes('violates PodSecurity')
    ? {
        reason: reasons.PodSecurityViolated,
        cause: `${capital(what)} ${verb(what)} rejected by the namespace's Pod Security level: ${quoted(withoutSubject(text), mostOfViolations)}; correct what it names in ${violatingParts(text, app)}, or change the level of the namespace.`,
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

const serviceAccountNotFound: Refusal = (text, { app }) => {
  const [, name] = /serviceaccount "([^"]+)" not found/.exec(text) ?? [];
  if (name === undefined) return undefined;
  if (app.spec.serviceAccountName === undefined) {
    return {
      reason: reasons.ServiceAccountNotFound,
      cause: `ServiceAccount ${name} was not there when pods were created; the operator creates it again, and pods are created then.`,
      state: 'failing',
    };
  }
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
  quotaMissing,
  resourcesRequired,
  limitRangeViolated,
  limitBelowRequest,
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
