// Which release of the runtime, which nginx and which layout an AppServer's pods have. A new operator brings new ones, and
// that alone must not replace anybody's pods: they keep theirs until they are replaced for a reason of their own.
import { names, type AppServer } from '../../api/index.ts';
import { differences } from '../decide/difference.ts';
import { observedMark } from '../decide/restart.ts';
import type { Child, Facts } from '../model/facts.ts';
import type { OwnedChild } from '../model/identity.ts';
import { layoutOf } from '../model/layout.ts';
import { couldHaveWritten, couldHaveWrittenProxy, pullPolicies, tagged, type Release } from '../model/release.ts';
import { fieldOf, isFields } from '../model/unstructured.ts';
import { deployment } from './deployment.ts';
import { podsWith, type Pods } from './pod.ts';
import type { Conflict } from './merge-pod-template.ts';
import { markOf, stamped } from './stamp.ts';

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
  // An image that the AppServer names leaves the operator's own out.
  const isUsed = app.spec.proxy !== undefined && app.spec.proxy.image === undefined;
  const isOwnProxy = !isUsed || couldHaveWrittenProxy(proxyImage, release.proxyImage, earlierImages);
  if (layout === undefined || !isOwnProxy) return undefined;
  const pinned = { ...wantedRelease({ app, release }), proxyImage, layout };
  const { version } = app.spec.runtime;
  // The version that the AppServer asks for is no business of the Deployment, but where it has moved to another repository.
  if (version !== undefined) {
    const isEarlier = runtimeImage !== undefined && earlierImages.has(runtimeImage);
    return isEarlier && runtimeImage === tagged(runtimeImage, version) ? { ...pinned, runtimeImage } : pinned;
  }
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

/** The AppServer as it was when the Deployment was applied, as far as it has an autoscaler or not. */
function asScaled(app: AppServer, { metadata }: OwnedChild): AppServer {
  const wasScaled = metadata.annotations?.[names.replicasAnnotation] !== undefined;
  return { ...app, spec: { ...app.spec, autoscaling: undefined, scaleTarget: wasScaled ? 'Deployment' : undefined } };
}

type Texts = Readonly<Record<string, string>>;

/** The values that `observed` has of the keys of `own`, in their order. */
function valuesOf(own: Texts = {}, observed: Texts = {}): Texts {
  const keys = Object.keys(own).filter((key) => Object.hasOwn(observed, key));
  return Object.fromEntries(keys.map((key) => [key, observed[key] ?? '']));
}

/**
 * Whether the Deployment was applied with the template of `child`, by the mark that covers the whole of it. What else it was
 * applied with is what it has, where the AppServer has changed since, or what is wanted, where somebody or admission has changed
 * it. So a template is known that has no hash of its own, whatever became of it.
 */
function wasAppliedWith(child: Child, observed: OwnedChild): boolean {
  const { [names.appliedHashAnnotation]: mark, ...annotations } = observed.metadata.annotations ?? {};
  if (!isFields(child['spec']) || !isFields(observed['spec'])) return false;
  const metadata = {
    ...child.metadata,
    labels: valuesOf(child.metadata.labels, observed.metadata.labels),
    annotations: valuesOf(child.metadata.annotations, annotations),
  };
  const asItIs = withValuesOf(child['spec'], { ...observed['spec'], template: child['spec']['template'] });
  return [asItIs, child['spec']].some((spec) => markOf(stamped({ ...child, metadata, spec })) === mark);
}

/** The pods as this release makes them, if they were made with it, by the hashes of what was applied. */
function madeWith({ app }: Facts, pods: Pods, observed: OwnedChild): boolean {
  const { [names.templateHashAnnotation]: hash } = observed.metadata.annotations ?? {};
  if (pods.release.layout > 1 && pods.hash === hash) return true;
  const { contents } = observedMark(observed);
  return wasAppliedWith(deployment({ app: asScaled(app, observed), pods, contents }), observed);
}

/** Whether the pods look as this release makes them. Only for Deployments without a hash, which somebody has taken off. */
function lookLike({ app }: Facts, pods: Pods, observed: OwnedChild): boolean {
  if (observed.metadata.annotations?.[names.templateHashAnnotation] !== undefined) return false;
  const { apiVersion, kind, metadata } = deployment({ app, pods, contents: undefined });
  const made = { apiVersion, kind, metadata: { name: metadata.name }, spec: { template: pods.template } };
  return differences(made, observed).length === 0;
}

/** The pods that the Deployment has, as long as nothing is to replace them; undefined where something is. */
function pinnedPods(facts: Facts): Pods | undefined {
  const observed = facts.children.find(({ kind }) => kind === 'Deployment');
  if (observed === undefined || facts.app.spec.runtime.upgrade === 'now') return undefined;
  const found = observedRelease(facts, observed);
  const { mark } = facts.restart;
  if (found === undefined || mark !== observedMark(observed).mark) return undefined;
  // The policy that pods have is told nowhere but in their template, which admission may have changed.
  const policies = new Set([facts.release.runtimeImagePullPolicy, ...pullPolicies]);
  const candidates: Pods[] = [];
  for (const runtimeImagePullPolicy of policies) {
    const pods = podsWith({ app: facts.app, release: { ...found, runtimeImagePullPolicy }, mark });
    if (pods.kind === 'conflict') continue;
    if (madeWith(facts, pods, observed)) return pods;
    candidates.push(pods);
  }
  return candidates.find((pods) => lookLike(facts, pods, observed));
}

/** The pods that the Deployment is to have: those that it has, while nothing but a new operator would replace them. */
export function podsOf(facts: Facts): Pods | Conflict {
  const { app, restart } = facts;
  return pinnedPods(facts) ?? podsWith({ app, release: wantedRelease(facts), mark: restart.mark });
}
