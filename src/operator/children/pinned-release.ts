// Which release of the runtime, which nginx and which layout an AppServer's pods have. A new operator brings new ones, and
// that alone must not replace anybody's pods: they keep theirs until they are replaced for a reason of their own.
import { names } from '../../api/index.ts';
import { differences } from '../decide/difference.ts';
import { observedMark } from '../decide/restart.ts';
import type { Child, Facts } from '../model/facts.ts';
import type { OwnedChild } from '../model/identity.ts';
import { layoutOf } from '../model/layout.ts';
import { couldHaveWritten, pullPolicies, tagged, type Release } from '../model/release.ts';
import { fieldOf, isFields } from '../model/unstructured.ts';
import { deployment } from './deployment.ts';
import { stamped } from './stamp.ts';

/** The operator's own, with the runtime that the AppServer asks for. */
function wantedRelease({ app, release }: Pick<Facts, 'app' | 'release'>): Release {
  const { version } = app.spec.runtime;
  return version === undefined ? release : { ...release, runtimeImage: tagged(release.runtimeImage, version) };
}

/** What the Deployment tells of its release, as far as this operator could have written it; undefined where it could not. */
function observedRelease({ app, release }: Facts, { metadata }: OwnedChild): Release | undefined {
  const { earlierImages } = release;
  const {
    [names.runtimeImageAnnotation]: runtimeImage,
    [names.proxyImageAnnotation]: proxyImage = release.proxyImage,
    [names.layoutAnnotation]: annotation,
  } = metadata.annotations ?? {};
  const layout = layoutOf(annotation);
  if (layout === undefined || !couldHaveWritten(proxyImage, release.proxyImage, earlierImages)) return undefined;
  const pinned = { ...wantedRelease({ app, release }), proxyImage, layout };
  // The one that the AppServer asks for is no business of the Deployment.
  if (app.spec.runtime.version !== undefined) return pinned;
  if (runtimeImage === undefined || !couldHaveWritten(runtimeImage, release.runtimeImage, earlierImages)) {
    return undefined;
  }
  return { ...pinned, runtimeImage };
}

/** `shape` with the values of `observed` in its fields, in the order of its own. */
function withValuesOf(shape: unknown, observed: unknown): unknown {
  if (!isFields(shape) || !isFields(observed)) return observed ?? shape;
  return Object.fromEntries(
    Object.entries(shape).map(([key, value]) => [key, withValuesOf(value, fieldOf(observed, key))]),
  );
}

/**
 * Whether the Deployment was applied with the template of `child`, by the mark that covers the whole of it: what else it was
 * applied with is taken from what it has. So a template is known that has no hash of its own, whatever somebody or the
 * cluster's admission has made of it since.
 */
function wasAppliedWith(child: Child, observed: OwnedChild): boolean {
  const { [names.appliedHashAnnotation]: mark, ...annotations } = observed.metadata.annotations ?? {};
  if (!isFields(child['spec']) || !isFields(observed['spec'])) return false;
  const own = Object.keys(child.metadata.annotations ?? {});
  const before: Child = {
    ...child,
    metadata: { ...child.metadata, annotations: Object.fromEntries(own.map((key) => [key, annotations[key] ?? ''])) },
    spec: withValuesOf(child['spec'], { ...observed['spec'], template: child['spec']['template'] }),
  };
  return stamped(before).metadata.annotations?.[names.appliedHashAnnotation] === mark;
}

/** Whether the pods would stay as they are with this release. */
function keepsPods(facts: Facts, pinned: Release, observed: OwnedChild): boolean {
  const restart = observedMark(observed);
  if (facts.restart.mark !== restart.mark) return false;
  const child = deployment({ ...facts, release: pinned, restart });
  const hash = observed.metadata.annotations?.[names.templateHashAnnotation];
  if (hash !== undefined && hash === child.metadata.annotations?.[names.templateHashAnnotation]) return true;
  if (wasAppliedWith(child, observed)) return true;
  const { apiVersion, kind, metadata, spec } = child;
  if (hash !== undefined || !isFields(spec)) return false;
  const pods = { apiVersion, kind, metadata: { name: metadata.name }, spec: { template: spec['template'] } };
  return differences(pods, observed).length === 0;
}

/** The release that the Deployment is to have: the one that it has, while nothing else would replace its pods. */
export function pinnedRelease(facts: Facts): Release {
  const own = wantedRelease(facts);
  const observed = facts.children.find(({ kind }) => kind === 'Deployment');
  if (observed === undefined || facts.app.spec.runtime.upgrade === 'now') return own;
  const found = observedRelease(facts, observed);
  if (found === undefined) return own;
  // The policy that pods have is told nowhere but in their template, which admission may have changed.
  for (const runtimeImagePullPolicy of new Set([own.runtimeImagePullPolicy, ...pullPolicies])) {
    const pinned = { ...found, runtimeImagePullPolicy };
    if (keepsPods(facts, pinned, observed)) return pinned;
  }
  return own;
}
