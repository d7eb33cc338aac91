// Which release of the runtime, and which nginx, an AppServer's pods have. A new operator brings a new one, and that alone must not replace
// anybody's pods: they keep theirs until they are replaced for a reason of their own.
import { names } from '../../api/index.ts';
import { deployment } from './deployment.ts';
import { differences } from '../decide/difference.ts';
import type { Facts, Release } from '../model/facts.ts';
import { stamped } from './stamp.ts';

/** The same image under another tag. */
function tagged(image: string, tag: string): string {
  const [name = ''] = image.split('@');
  return `${name.replace(/:[^/:]*$/, '')}:${tag}`;
}

/** The operator's own, or what the AppServer asks for. */
function wantedRelease({ app, release }: Facts): Release {
  const { version } = app.spec.runtime;
  return version === undefined ? release : { ...release, runtimeImage: tagged(release.runtimeImage, version) };
}

/** The release that the Deployment is to have: the one that it has, while nothing else would replace its pods. */
export function pinnedRelease(facts: Facts): Release {
  const { app, children } = facts;
  const release = wantedRelease(facts);
  const observed = children.find(({ kind }) => kind === 'Deployment');
  const {
    [names.runtimeImageAnnotation]: runtimeImage,
    [names.proxyImageAnnotation]: proxyImage = release.proxyImage,
    [names.appliedHashAnnotation]: hash,
  } = observed?.metadata.annotations ?? {};
  const asked = app.spec.runtime.upgrade === 'now' || app.spec.runtime.version !== undefined;
  if (asked || observed === undefined || runtimeImage === undefined) return release;
  const pinned = { ...release, runtimeImage, proxyImage };
  const child = stamped(deployment({ ...facts, release: pinned }));
  // As it was applied, whatever somebody has made of it since.
  if (child.metadata.annotations?.[names.appliedHashAnnotation] === hash) return pinned;
  const { apiVersion, kind, metadata, spec } = child;
  if (typeof spec !== 'object' || spec === null || !('template' in spec)) return release;
  const pods = { apiVersion, kind, metadata: { name: metadata.name }, spec: { template: spec.template } };
  return differences(pods, observed).length === 0 ? pinned : release;
}
