// Which differences are drift, and so to be undone: those that somebody has made. What the API server, its defaults, feature
// gates or admission policies have made of our own request is how the cluster wants it.
import { names } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Child } from '../model/facts.ts';
import { markOf } from '../children/stamp.ts';
import { differences, type Difference, type Step } from './difference.ts';
import { fieldOwnership, type FieldOwnership } from './field-ownership.ts';

export interface Drift {
  /** What is to be undone. */
  readonly differences: readonly Difference[];
  /** When our entry was last changed, in seconds since 1970; undefined when there is none. */
  readonly appliedAt: number | undefined;
}

const markSteps: readonly Step[] = ['metadata', 'annotations', names.appliedHashAnnotation];

/** Whether the mark that an object bears, whatever it is, was applied by us. */
export const isMarkedByUs = (observed: KubeObject): boolean =>
  fieldOwnership(observed, names.fieldManager).owns(markSteps, markOf(observed));

/** In place of a field, where our entry itself is missing or somebody else's work. */
function unowned(child: Child): Difference {
  return {
    path: 'metadata.managedFields',
    steps: ['metadata', 'managedFields'],
    want: markOf(child),
    added: undefined,
  };
}

/**
 * What somebody has done to a child that we have applied as it is desired now.
 * @param observed with its managedFields
 * @param expectedAt when our entry was changed by our own last write, as far as that is known: another time tells that
 * somebody has applied in our name
 */
export function drift(child: Child, observed: KubeObject, expectedAt: number | undefined): Drift {
  const ownership = fieldOwnership(observed, names.fieldManager);
  const { appliedAt } = ownership;
  const isOurs =
    appliedAt !== undefined &&
    (expectedAt === undefined || expectedAt === appliedAt) &&
    ownership.owns(markSteps, markOf(child));
  const all = differences(child, observed);
  const found = all.filter((one) => isSomebodys(one, ownership, isOurs));
  return { differences: isOurs || found.length > 0 ? found : [unowned(child)], appliedAt };
}

/** What is to be changed of a child that was applied from another spec. What admission has added stays. */
export function changes(child: Child, observed: KubeObject): readonly Difference[] {
  const ownership = fieldOwnership(observed, names.fieldManager);
  return differences(child, observed).filter((one) => isSomebodys(one, ownership, false));
}

function isSomebodys({ steps, want, added }: Difference, ownership: FieldOwnership, isOurs: boolean): boolean {
  if (added !== undefined) return ownership.othersOwn(steps);
  return !isOurs || !ownership.owns(steps, want);
}
