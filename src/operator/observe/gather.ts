import { appServerSchema, statusSchema, type AppServer } from '../../api/index.ts';
import { keyOf, type KubeObject } from '../../kube/index.ts';
import type { Caches } from './caches.ts';
import type { Facts, Release } from '../model/facts.ts';
import { childKinds } from '../model/kinds.ts';
import { observedMark } from '../decide/restart.ts';

export type Parsed =
  | { readonly kind: 'app'; readonly app: AppServer }
  /** What is stored does not match the schema of this operator. */
  | { readonly kind: 'invalid'; readonly why: string };

/** All that decides. */
const withoutStatus = appServerSchema.omit({ status: true });

/**
 * The stored resource with its defaults. Its status decides nothing: one that somebody has spoiled is none, and is written
 * anew.
 */
export function parseApp(object: KubeObject): Parsed {
  const parsed = withoutStatus.safeParse(object);
  if (parsed.success) {
    const status = statusSchema.safeParse(object['status']).data;
    return { kind: 'app', app: { ...parsed.data, ...(status !== undefined && { status }) } };
  }
  const why = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  return { kind: 'invalid', why };
}

/** Everything that is known about the AppServer, from the caches alone. */
export function gather(app: AppServer, caches: Caches, release: Release, now: Date): Facts {
  const children = childKinds.flatMap((kind) => caches.children[kind].byIndex(app.metadata.uid));
  const pods = caches.pods.byIndex(keyOf(app));
  const workers = new Map(
    pods.flatMap(({ namespace, name }) => {
      const view = caches.workers.get(`${namespace}/${name}`);
      return view === undefined ? [] : [[name, view]];
    }),
  );
  // Nothing is to be replaced, as far as can be told without looking into what pods use.
  const restart = observedMark(children.find(({ kind }) => kind === 'Deployment'));
  return { app, release, children, pods, workers, served: caches.served, restart, now };
}
