// Whether pods are to be replaced because a ConfigMap or Secret that they use has changed. What they were started with is
// noted on the Deployment, where it touches no pod; the pod template is marked only once something has changed, so that
// neither a first look nor another release of the operator replaces anything.
import { z } from 'zod';
import { names } from '../../api/index.ts';
import { contentHash } from '../model/content-hash.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { referenceId, type Reference, type ReferenceId } from '../model/references.ts';

/** What an object of this content is known by, `hash@resourceVersion`; `absent` where there is none. */
export type Content = string;

const absent = 'absent';

/** The part up to the version, which changes with the content alone. */
const hashOf = (content: Content | undefined): string | undefined => content?.split('@')[0];

export interface RestartMark {
  /** For the Deployment: contents that pods were started with, as JSON; undefined for none. */
  readonly contents: string | undefined;
  /** For the pod template; undefined as long as nothing has changed. */
  readonly mark: string | undefined;
}

export interface Restart {
  /** What is to be written when pods are to be replaced now. */
  readonly now: RestartMark;
  /** The same when that has to wait. */
  readonly later: RestartMark;
  /** What has changed since pods were started. */
  readonly changed: readonly ReferenceId[];
}

const recordedContents = z.record(z.string(), z.string());

const deploymentView = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).optional() }).optional(),
    }),
  }),
});

function annotation(deployment: KubeObject | undefined, name: string): string | undefined {
  return deployment?.metadata.annotations?.[name];
}

/** What a Deployment bears, to be left as it is. */
export function observedMark(deployment: KubeObject | undefined): RestartMark {
  const parsed = deploymentView.safeParse(deployment);
  return {
    contents: annotation(deployment, names.contentsAnnotation),
    mark: parsed.data?.spec.template.metadata?.annotations?.[names.contentsHashAnnotation],
  };
}

/** Contents as they were noted on the Deployment; none when somebody has spoiled the note. */
export function recorded(contents: string | undefined): ReadonlyMap<string, Content> {
  if (contents === undefined) return new Map();
  try {
    return new Map(Object.entries(recordedContents.parse(JSON.parse(contents))));
  } catch {
    return new Map();
  }
}

const written = (contents: ReadonlyMap<string, Content>): string | undefined =>
  contents.size === 0 ? undefined : JSON.stringify(Object.fromEntries(contents));

/**
 * @param references what the pods use
 * @param found contents of those of them that exist
 */
export function restart(
  observed: RestartMark,
  references: readonly Reference[],
  found: ReadonlyMap<ReferenceId, Content>,
): Restart {
  const before = recorded(observed.contents);
  const now = new Map<string, Content>();
  const later = new Map<string, Content>();
  const changed: ReferenceId[] = [];
  for (const reference of references) {
    const id = referenceId(reference);
    const was = before.get(id);
    // Pods that run do not need what is gone, and new ones would not start without it.
    const is = found.get(id) ?? was ?? (reference.optional ? absent : undefined);
    if (is === undefined) continue;
    const same = hashOf(is) === hashOf(was);
    now.set(id, same && was !== undefined ? was : is);
    later.set(id, was ?? is);
    if (was !== undefined && !same) changed.push(id);
  }
  const { mark } = observed;
  return {
    now: {
      contents: written(now),
      mark: changed.length === 0 ? mark : contentHash([...now].map(([id, is]) => [id, hashOf(is)])),
    },
    later: { contents: written(later), mark },
    changed,
  };
}
