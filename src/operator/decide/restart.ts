// Whether pods are to be replaced because a ConfigMap or Secret that they use has changed. What they were started with is
// noted on the Deployment, where it touches no pod; the pod template is marked only once something has changed, so that
// neither a first look nor another release or key of the operator replaces anything.
import { z } from 'zod';
import { names } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { absent, hashOfNote, type Content, type ContentKey, type Note, type Place } from '../model/content-key.ts';
import { contentHash } from '../model/content-hash.ts';
import { referenceId, type Reference, type ReferenceId } from '../model/references.ts';

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

/** What is at a place, beside what was noted of it. */
export type Look =
  /** Nothing was noted, or nothing that this operator can have noted with its key. */
  | { readonly kind: 'first'; readonly note: Note }
  | { readonly kind: 'same'; readonly note: Note }
  | { readonly kind: 'changed'; readonly before: Note; readonly note: Note };

/** More than this is no note of ours: whoever has written it, nothing is read of it. */
const mostCharacters = 128 * 1_024;
const mostOfNote = 256;

const recordedContents = z.record(z.string(), z.string().max(mostOfNote));

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

/** Contents as they were noted on the Deployment, by whomever; none when somebody has spoiled the note. */
export function recorded(contents: string | undefined): ReadonlyMap<string, Note> {
  if (contents === undefined || contents.length > mostCharacters) return new Map();
  try {
    return new Map(Object.entries(recordedContents.parse(JSON.parse(contents))));
  } catch {
    return new Map();
  }
}

const written = (contents: ReadonlyMap<string, Note>): string | undefined =>
  contents.size === 0 ? undefined : JSON.stringify(Object.fromEntries(contents));

/**
 * @param noted what the Deployment says of the place
 * @param found undefined when there is nothing
 * @param optional whether pods start without it
 * @returns undefined when there is nothing to note yet: pods wait for it
 */
export function look(
  key: ContentKey,
  place: Place,
  noted: Note | undefined,
  { found, optional }: { readonly found: Content | undefined; readonly optional: boolean },
): Look | undefined {
  const before = noted === undefined ? undefined : key.read(place, noted);
  const known = noted !== undefined && before !== undefined;
  // Pods that run do not need what is gone, and new ones would not start without it.
  if (found === undefined && known) return { kind: 'same', note: noted };
  if (found === undefined) return optional ? { kind: 'first', note: key.note(place, absent) } : undefined;
  if (!known) return { kind: 'first', note: key.note(place, found) };
  if (before.hash === found.hash) return { kind: 'same', note: noted };
  return { kind: 'changed', before: noted, note: key.note(place, found) };
}

/**
 * @param references what the pods use
 * @param looks at those of them that are looked at; what was noted of others stays
 */
export function restart(
  observed: RestartMark,
  references: readonly Reference[],
  looks: ReadonlyMap<ReferenceId, Look>,
): Restart {
  const before = recorded(observed.contents);
  const now = new Map<string, Note>();
  const later = new Map<string, Note>();
  const changed: ReferenceId[] = [];
  for (const reference of references) {
    const id = referenceId(reference);
    const is = looks.get(id);
    const note = is?.note ?? before.get(id);
    if (note === undefined) continue;
    now.set(id, note);
    later.set(id, is?.kind === 'changed' ? is.before : note);
    if (is?.kind === 'changed') changed.push(id);
  }
  const { mark } = observed;
  return {
    now: {
      contents: written(now),
      mark: changed.length === 0 ? mark : contentHash([...now].map(([id, note]) => [id, hashOfNote(note)])),
    },
    later: { contents: written(later), mark },
    changed,
  };
}
