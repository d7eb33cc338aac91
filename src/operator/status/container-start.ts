// What keeps kubelet from starting a container, by its own words, as a cause and what helps.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go, and kuberuntime/kuberuntime_container.go
import { names, reasons, type AppServer } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import type { ContainerView } from '../model/pod.ts';
import { containerFields } from './containers.ts';
import { pullRemedy, type Correct } from './image-pull.ts';
import { missingForContainer } from './missing.ts';
import { quoted, type Problem } from './problem.ts';

interface Waiting {
  readonly reason: string;
  readonly message: string;
}

/** With these it says in turns that it pulls in vain and that it waits before it tries again. */
const pulling = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable']);
const neverPulled = 'ErrImageNeverPull';
const imageReasons = new Set([
  ...pulling,
  ...[neverPulled, 'InvalidImageName', 'ImageInspectError', 'SignatureValidationFailed'],
]);

function pullFailure({ reason, message }: Waiting): string {
  const cause = quoted(message.replace(/^Back-off pulling image "[^"]*"(: ErrImagePull)?:? ?/, ''));
  return [...(pulling.has(reason) ? [] : [reason]), ...(cause === '' ? [] : [cause])].join(': ');
}

export const lacksImage = ({ waiting }: ContainerView): boolean => imageReasons.has(waiting?.reason ?? '');

interface Image {
  /** `image shop:1 of container app` */
  readonly what: string;
  readonly correct: Correct;
  readonly pullPolicy: string;
}

/** The image that is meant: a volume's is pulled for the container that mounts it. */
function imageOf({ name, image, waiting }: ContainerView, spec: AppServer['spec']): Image {
  const said = waiting?.message ?? '';
  const isSaid = (text: string | null | undefined): boolean =>
    text !== undefined && text !== null && text !== '' && said.includes(text);
  const volume = isSaid(image) ? undefined : spec.volumes?.find((one) => isSaid(one.image?.reference));
  if (volume === undefined) {
    const { image: correct, pullPolicy } = containerFields(spec, name);
    return { what: `image ${image} of container ${name}`, correct, pullPolicy };
  }
  const path = `spec.volumes[${volume.name}].image`;
  return {
    what: `image ${volume.image?.reference ?? ''} of volume ${volume.name}`,
    correct: `correct ${path}.reference`,
    pullPolicy: `change ${path}.pullPolicy`,
  };
}

/** @param container one that lacks its image */
export function imageProblem(container: ContainerView, { app, missing }: Facts): Problem {
  const { waiting } = container;
  const { what, correct, pullPolicy } = imageOf(container, app.spec);
  const problem = { reason: reasons.ImagePullFailed, key: what } as const;
  if (waiting?.reason === neverPulled) {
    return {
      ...problem,
      cause: `${what} is not on the node and is never pulled; load it there, or ${pullPolicy}.`,
      state: 'stalled',
    };
  }
  const [first] = missing.pullSecrets;
  const secret =
    first === undefined ? '' : `; Secret ${first}, which spec.imagePullSecrets names, does not exist: create it`;
  const cause = waiting === undefined ? '' : pullFailure(waiting);
  const { remedy, state } = pullRemedy(`${waiting?.reason ?? ''}: ${waiting?.message ?? ''}`, correct);
  return {
    ...problem,
    cause: `${what} cannot be pulled${cause === '' ? '' : `: ${cause}`}${secret}; ${remedy}.`,
    state,
  };
}

const hookFailed = 'PostStartHookError';
/** And what kubelet says that it cannot do then. */
const startReasons: ReadonlyMap<string, string> = new Map([
  ['CreateContainerConfigError', 'created'],
  ['CreateContainerError', 'created'],
  ['PreCreateHookError', 'created'],
  ['PreStartHookError', 'started'],
  ['RunContainerError', 'started'],
]);
/** Of one that has ended before its program ran: what is said of it is the container runtime's. */
const notStarted = new Set(['StartError', 'ContainerCannotRun']);

const neverRan = ({ ended }: ContainerView): boolean => notStarted.has(ended?.reason ?? '');

export const cannotStart = (container: ContainerView): boolean => {
  const { waiting, down } = container;
  const reason = waiting?.reason ?? '';
  return startReasons.has(reason) || reason === hookFailed || (down && neverRan(container));
};

/** What is wrong with the node for a moment, and with no field. */
const passing =
  /context deadline exceeded|is reserved for "|failed to sync (?:configmap|secret) cache|have not yet been read at least once|failed to get sandbox|connection refused|transport is closing/;

/** @param container one that cannot start */
export function startProblem({ name, waiting, ended }: ContainerView, facts: Facts): Problem {
  const reason = waiting?.reason ?? '';
  const cannot = startReasons.get(reason);
  // kubelet says both in turns: why it cannot start the container, and that it waits before it tries again.
  const text = (cannot === undefined && reason !== hookFailed ? ended?.message : waiting?.message) ?? '';
  const fields = containerFields(facts.app.spec, name);
  const because = text === '' ? '' : `: ${quoted(text)}`;
  if (reason === hookFailed) {
    return {
      reason: reasons.PodsCrashing,
      cause: `container ${name} is ended again and again, as its postStart hook fails${because}; ${fields.hook}.`,
      state: 'failing',
    };
  }
  if (/OOM-killed/.test(text)) {
    return {
      reason: reasons.OOMKilled,
      cause: `container ${name} was killed at its memory limit before its program ran; ${fields.memory}.`,
      state: 'failing',
    };
  }
  const missing = missingForContainer(text, facts);
  if (missing !== undefined) return missing;
  const what = `container ${name} cannot be ${cannot ?? 'started'}${because}`;
  return passing.test(text)
    ? { reason: reasons.ContainerConfigInvalid, cause: `${what}; it is retried.`, state: 'failing' }
    : { reason: reasons.ContainerConfigInvalid, cause: `${what}; see ${fields.config}.`, state: 'stalled' };
}

/** Containers whose termination message is a sentence of the runtime's, remedy included. */
export const hasOwnWords = (container: ContainerView): boolean =>
  (container.name === names.containerName || container.name === names.initContainerName) && !neverRan(container);
