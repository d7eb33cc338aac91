// Why the Deployment's controllers cannot create the pods, by the Deployment's status, which has the API server's words.
import { reasons } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import { deploymentCondition, deploymentOf } from '../model/rollout.ts';
import { quoted, withoutSubject, type Problem } from './problem.ts';
import { admissionProblem } from './admission-refusals.ts';
import { withUserPathsOfPod } from './user-path.ts';

/** A rejection lists all that is wrong. */
const mostCharacters = 1_000;

/** What may succeed the next time, with nothing changed. */
const passing =
  /status unknown for quota|the object has been modified|Internal error occurred|etcdserver|time(?:d )?out|deadline exceeded|connection refused|too many requests/i;

/** What is done about words that no more is known of. */
function outcome(text: string): Pick<Problem, 'reason' | 'state'> & { readonly remedy: string } {
  if (passing.test(text)) return { reason: reasons.PodCreationFailed, state: 'failing', remedy: '; it is retried' };
  if (/\bis forbidden: /.test(text)) {
    const remedy = "; change the AppServer so that it is allowed, or ask the cluster's administrators";
    return { reason: reasons.PolicyDenied, state: 'stalled', remedy };
  }
  const remedy = /\bis invalid: /.test(text) ? '; correct what it names' : '';
  return { reason: reasons.PodCreationFailed, state: 'stalled', remedy };
}

/** @param message what the API server says of `what`, a pod or a ReplicaSet */
function creationProblem(facts: Facts, what: string, message: string): Problem {
  const byAdmission = admissionProblem(message, { what, app: facts.app });
  if (byAdmission !== undefined) return byAdmission;
  const { remedy, ...problem } = outcome(message);
  const deployment = deploymentOf(facts);
  const said = withoutSubject(message);
  const text = deployment === undefined ? said : withUserPathsOfPod(said, facts.app.spec, deployment);
  const capital = `${what.slice(0, 1).toUpperCase()}${what.slice(1)}`;
  return { ...problem, cause: `${capital} cannot be created: ${quoted(text, mostCharacters)}${remedy}.` };
}

/** The ReplicaSet's events say the same; the Deployment carries their message as a condition. */
export function podCreationFailed(facts: Facts): Problem | undefined {
  const progressing = deploymentCondition(facts, 'Progressing');
  if (progressing?.reason === 'ReplicaSetCreateError') {
    const message = progressing.message.replace(/^Failed to create new replica set "[^"]*": /, '');
    return creationProblem(facts, `the ReplicaSet of Deployment ${facts.app.metadata.name}`, message);
  }
  const failure = deploymentCondition(facts, 'ReplicaFailure');
  if (failure?.status !== 'True') return undefined;
  if (failure.reason === 'FailedDelete') {
    const cause = `Pods cannot be deleted: ${quoted(withoutSubject(failure.message))}; it is retried.`;
    return { reason: reasons.ApplyFailed, cause, state: 'failing' };
  }
  return creationProblem(facts, 'pods', failure.message);
}
