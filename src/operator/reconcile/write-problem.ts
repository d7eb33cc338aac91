// Why an object could not be written or deleted, as a problem that a user can act on. What admission
// rejects, pods included, is worded in status/admission-refusals.ts.
import { names, reasons, type AppServer } from '../../api/index.ts';
import type { ApiError, KubeObject } from '../../kube/index.ts';
import type { Child } from '../model/facts.ts';
import { quoted, withoutSubject, type Problem } from '../status/problem.ts';
import { admissionProblem } from '../status/admission-refusals.ts';
import { sectionOf, withUserPaths } from '../status/user-path.ts';

const described = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;

/** An object of the child's name exists, and is not the AppServer's. */
export function nameConflict(child: Child): Problem {
  const instance = child.metadata.labels?.[names.instanceLabel] ?? '';
  return {
    reason: reasons.NameConflict,
    cause: `${described(child)} exists and is not controlled by this AppServer; delete or rename that ${child.kind}, annotate it with ${names.adoptAnnotation}: ${instance} to hand it over, or give the AppServer another name.`,
    state: 'stalled',
  };
}

/** What waits until an object is gone. */
export function terminatingProblem(object: KubeObject): Problem {
  const { finalizers = [] } = object.metadata;
  const held = finalizers.length === 0 ? '' : `; it waits for its finalizers ${finalizers.slice(0, 3).join(', ')}`;
  return {
    reason: reasons.WaitingForDeletion,
    cause: `${described(object)} is being deleted and is created again once it is gone${held}.`,
    state: 'waiting',
  };
}

/** Why an object that is no longer desired is still there. */
export function pruneProblem(object: KubeObject, { status, message }: ApiError): Problem {
  const what = `${described(object)} is no longer desired and could not be deleted: ${quoted(message)}`;
  if (status !== 403) return { reason: reasons.ApplyFailed, cause: `${what}; it is retried.`, state: 'failing' };
  return {
    reason: reasons.OperatorForbidden,
    cause: `${what}; delete it yourself, or grant the operator's service account the right to.`,
    state: 'stalled',
  };
}

/** What RBAC says, as opposed to admission, which has the same status. */
const isAboutRights = (text: string): boolean =>
  / cannot (?:get|create|patch|update|delete) resource |cannot set (?:blockOwnerDeletion|an ownerRef on) /.test(text);

/** A quota that is new: its controller has not counted yet what it is about. */
const isTransient = (text: string): boolean => text.includes('status unknown for quota');

/** Statuses of what is wrong with the object itself. Some of it comes as 500, which the API server's own code says of itself. */
const isInvalid = (status: number, text: string): boolean =>
  status === 422 ||
  status === 400 ||
  status === 413 ||
  /failed to create typed patch object|failed to (?:create|convert) .*: \.|duplicate entries for key|field not declared in schema|request is too large/.test(
    text,
  );

function remedyFor({ kind }: Child, text: string): string {
  const section = sectionOf(kind);
  if (section !== undefined) return `correct ${section}, which it is made from`;
  // Its own labels and annotations, as those of its pods are called by their path.
  if (kind === 'Deployment' && /^\[?metadata\./.test(text)) return 'correct spec.deployment, which they are from';
  return /\bspec\./.test(text) ? 'correct that field' : "correct the field of the AppServer's spec that it comes from";
}

/** A rejection lists all that is wrong. */
const mostCharacters = 1_000;

/** What the API server has against a child; its words name fields of the AppServer. */
export function writeProblem(app: AppServer, child: Child, { status, message }: ApiError): Problem {
  const what = described(child);
  const byAdmission = admissionProblem(message, { what, app });
  if (byAdmission !== undefined) return byAdmission;
  const text = quoted(withUserPaths(withoutSubject(message), app.spec, child), mostCharacters);
  if (isTransient(text) || (status !== 403 && !isInvalid(status, text))) {
    return {
      reason: reasons.ApplyFailed,
      cause: `${what} could not be written: ${text}; it is retried.`,
      state: 'failing',
    };
  }
  if (isAboutRights(text)) {
    return {
      reason: reasons.OperatorForbidden,
      cause: `The operator may not write ${what}: ${text}; grant its service account this right, as the Helm chart does.`,
      state: 'stalled',
    };
  }
  if (status === 403) {
    return {
      reason: reasons.PolicyDenied,
      cause: `${what} is rejected by an admission plugin of the cluster: ${text}; change the AppServer so that it is allowed, or ask the cluster's administrators.`,
      state: 'stalled',
    };
  }
  if (/field is immutable|may not change once set/.test(text)) {
    const keeping =
      child.kind === 'Deployment'
        ? ', with --cascade=orphan where its pods must keep running until they are replaced'
        : '';
    return {
      reason: reasons.FieldImmutable,
      cause: `${what} is rejected: ${text}; delete that ${child.kind}${keeping}, or undo the change.`,
      state: 'stalled',
    };
  }
  return {
    reason: reasons.ApplyRejected,
    cause: `${what} is rejected: ${text}; ${remedyFor(child, text)}.`,
    state: 'stalled',
  };
}
