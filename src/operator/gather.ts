import { appServerSchema } from '../api/index.ts';
import { keyOf, type KubeObject } from '../kube/index.ts';
import type { Caches } from './caches.ts';
import type { Facts, Release } from './facts.ts';
import { childKinds } from './kinds.ts';
import { observedMark } from './restart.ts';

export type Gathered =
  | { readonly kind: 'facts'; readonly facts: Facts }
  /** What is stored does not match the schema of this operator. */
  | { readonly kind: 'invalid'; readonly why: string };

type Parsed = ReturnType<typeof appServerSchema.safeParse>;

/** An object from the cache is not changed, and is looked at many times. */
const parsedBefore = new WeakMap<KubeObject, Parsed>();

function parse(object: KubeObject): Parsed {
  const known = parsedBefore.get(object);
  if (known !== undefined) return known;
  const parsed = appServerSchema.safeParse(object);
  parsedBefore.set(object, parsed);
  return parsed;
}

/** Everything that is known about the AppServer, from the caches alone. */
export function gather(object: KubeObject, caches: Caches, release: Release, now: Date): Gathered {
  const parsed = parse(object);
  if (!parsed.success) {
    const why = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    return { kind: 'invalid', why };
  }
  const app = parsed.data;
  const children = childKinds.flatMap((kind) => caches.children[kind].byIndex(app.metadata.uid));
  const pods = caches.pods.byIndex(keyOf(object));
  const workers = new Map(
    pods.flatMap(({ namespace, name }) => {
      const view = caches.workers.get(`${namespace}/${name}`);
      return view === undefined ? [] : [[name, view]];
    }),
  );
  // Nothing is to be replaced, as far as can be told without looking into what pods use.
  const restart = observedMark(children.find(({ kind }) => kind === 'Deployment'));
  return { kind: 'facts', facts: { app, release, children, pods, workers, served: caches.served, restart, now } };
}
