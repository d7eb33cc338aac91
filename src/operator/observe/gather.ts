import { appServerSchema, names, statusSchema, type AppServer } from '../../api/index.ts';
import { keyOf, type KubeObject } from '../../kube/index.ts';
import type { Caches } from './caches.ts';
import type { Facts } from '../model/facts.ts';
import { childrenOf, identityOf, type AppServerIdentity, type OwnedChild } from '../model/identity.ts';
import type { OwnRelease } from '../model/release.ts';
import { childKinds } from '../model/kinds.ts';
import { observedMark } from '../decide/restart.ts';

export type Parsed =
  | { readonly kind: 'app'; readonly app: AppServer }
  /** What is stored does not match the schema of this operator. */
  | { readonly kind: 'invalid'; readonly why: string };

/** Of a spec: a pod template has some fifteen. What is much deeper cannot even be written as JSON. */
const deepest = 100;

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isDeeperThan(one, levels - 1));
}

/** All that decides. */
const withoutStatus = appServerSchema.omit({ status: true });

/**
 * The stored resource with its defaults. Its status decides nothing: one that somebody has spoiled is none, and is written
 * anew.
 */
export function parseApp(object: KubeObject): Parsed {
  if (isDeeperThan(object['spec'], deepest)) {
    return { kind: 'invalid', why: `spec: nested more than ${deepest} levels deep` };
  }
  const parsed = withoutStatus.safeParse(object);
  if (parsed.success) {
    const status = statusSchema.safeParse(object['status']).data;
    return { kind: 'app', app: { ...parsed.data, ...(status !== undefined && { status }) } };
  }
  const why = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  return { kind: 'invalid', why };
}

/** The AppServer's live ConfigMap, which every AppServer has; undefined before it is made and while it goes. */
export function liveConfigMapIn(caches: Caches, app: AppServerIdentity): OwnedChild | undefined {
  const { namespace, name } = app.metadata;
  const key = keyOf({ metadata: { ...(namespace !== undefined && { namespace }), name: names.liveConfigMap(name) } });
  const found = caches.children.ConfigMap.get(key);
  return found && childrenOf([found], app).living[0];
}

/** What the operator says of itself. */
export interface Operator {
  readonly release: OwnRelease;
  /** `namespace/name` of its Lease; undefined where it takes none. */
  readonly claim: string | undefined;
}

/** Until it is looked into what pods use. */
const nothingMissing: Facts['missing'] = { references: [], pullSecrets: [] };

/** Everything that is known about the AppServer, from the caches alone. */
export function gather(app: AppServer, caches: Caches, { release, claim }: Operator, now: Date): Facts {
  const found = childKinds.flatMap((kind) => caches.children[kind].byIndex(identityOf(app)));
  const { living: children, terminating } = childrenOf(found, app);
  const pods = caches.pods.byIndex(keyOf(app));
  const workers = new Map(
    pods.flatMap(({ namespace, name }) => {
      const view = caches.workers.get(`${namespace}/${name}`);
      return view === undefined ? [] : [[name, view]];
    }),
  );
  // Nothing is to be replaced, as far as can be told without looking into what pods use.
  const restart = observedMark(children.find(({ kind }) => kind === 'Deployment'));
  const { served } = caches;
  return { app, release, claim, children, terminating, pods, workers, missing: nothingMissing, served, restart, now };
}
