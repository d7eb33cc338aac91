// What the operator itself brings into pods, and which of that it may find there again.
import type { Layout } from './layout.ts';

/** Version of this operator and the two before, whose runtimes its pods may still have. The newest first. */
export const versions = ['0.4.0', '0.3.0', '0.2.0'] as const;

/** Undefined for what the cluster does by itself. */
export const pullPolicies = ['Always', 'IfNotPresent', 'Never', undefined] as const;

export interface Release {
  /** Image that the init container installs the runtime from. */
  readonly runtimeImage: string;
  readonly runtimeImagePullPolicy: (typeof pullPolicies)[number];
  /** Image of nginx, where the spec names none. */
  readonly proxyImage: string;
  /** Form of the pod template. */
  readonly layout: Layout;
}

/** The operator's own release. */
export interface OwnRelease extends Release {
  /** Images of earlier releases that no version tells, digests for one: named by whoever installs the operator. */
  readonly earlierImages: ReadonlySet<string>;
}

/** Without tag and digest. */
const repositoryOf = (image: string): string => (image.split('@')[0] ?? '').replace(/:[^/:]*$/, '');

/** The same image under another tag. */
export function tagged(image: string, tag: string): string {
  return `${repositoryOf(image)}:${tag}`;
}

/**
 * Whether this operator could have written the image of nginx into pods. Its tags are nginx's own and no version of the operator
 * tells them, so the repository has to do: it is the one that whoever installs the operator trusts for it.
 * @param own the image that this operator has
 */
export function couldHaveWrittenProxy(image: string, own: string, earlierImages: ReadonlySet<string>): boolean {
  return earlierImages.has(image) || (image !== '' && repositoryOf(image) === repositoryOf(own));
}

/**
 * Whether this operator could have written the image of the runtime into pods. What stands on a Deployment can be written by others, and
 * must not decide what pods run: neither a foreign image nor an old one with faults that are known.
 * @param own the image that this operator has for the purpose
 */
export function couldHaveWritten(image: string, own: string, earlierImages: ReadonlySet<string>): boolean {
  return image === own || earlierImages.has(image) || versions.some((version) => image === tagged(own, version));
}
