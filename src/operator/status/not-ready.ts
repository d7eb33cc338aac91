// What pods that run are not ready for, once they take longer than most do. It is said and not judged: whatever takes its time is
// no failure.
import { names, type AppServer } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import type { ContainerView, PodView } from '../model/pod.ts';
import { podsInQuestion } from '../model/rollout.ts';
import { isLacking, type WorkerView } from '../model/worker-status.ts';

/** Since its start, until a container that is not ready is worth a word. */
const unusualMs = 20_000;

interface NotReady {
  readonly pod: PodView;
  readonly container: ContainerView;
  /** 0 or less where it is worth a word. */
  readonly tellInMs: number;
}

/** Of each pod, the container that it waits for. */
function notReady(facts: Facts): NotReady[] {
  return podsInQuestion(facts)
    .filter((pod) => !pod.ready)
    .flatMap((pod) => {
      const container = pod.containers.find((one) => one.runningSince !== undefined && !one.ready);
      if (container?.runningSince === undefined) return [];
      return [{ pod, container, tellInMs: container.runningSince + unusualMs - facts.now.getTime() }];
    });
}

const plural = (count: number): string => `${count} ${count === 1 ? 'worker' : 'workers'}`;

/** @param view what the pod's runtime has said, if it has been asked already */
function ofApplication({ spec }: AppServer, view: WorkerView | undefined): string {
  const { path, readyWorkers } = spec.probes;
  if (view !== undefined && isLacking(view) && view.ready < readyWorkers) {
    const last = view.lastFailure === undefined ? '' : `; the last failure is ${view.lastFailure}`;
    return `${view.ready} of ${plural(view.desired)} ready${last}`;
  }
  return view !== undefined && path !== undefined
    ? `enough workers are ready, but GET ${path} (spec.probes.path) has not been answered with a status below 400`
    : `container ${names.containerName} is running, but its probes have not succeeded`;
}

function ofContainer({ name, runsFirst }: ContainerView, app: AppServer, view: WorkerView | undefined): string {
  if (runsFirst) return `init container ${name} is still running`;
  if (name === names.containerName) return ofApplication(app, view);
  return `container ${name} is running, but its probes have not succeeded`;
}

/** ` Pod shop-5d9f: 0 of 4 workers ready.`; empty where there is nothing to tell. */
export function whyNotReady(facts: Facts): string {
  const found = notReady(facts).find(({ tellInMs }) => tellInMs <= 0);
  if (found === undefined) return '';
  const { pod, container } = found;
  return ` Pod ${pod.name}: ${ofContainer(container, facts.app, facts.workers.get(pod.name))}.`;
}

/** In so many milliseconds there is something to tell, though nothing has changed; undefined where there is not. */
export function notReadyTellsIn(facts: Facts): number | undefined {
  const waits = notReady(facts)
    .map(({ tellInMs }) => tellInMs)
    .filter((ms) => ms > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
