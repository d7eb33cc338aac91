// Two tenants: one that attacks, in a namespace of its own, and one that is attacked. Names of namespaces sort either way, since
// whoever comes first in a cache or a list must not matter.
import assert from 'node:assert/strict';
import { ApiError, path, type KubeClient, type KubeObject, type ResourceType } from '../../src/kube/index.ts';
import { applyAs, client, clientAs, eventually, types } from '../harness/api.ts';
import { appServer } from '../harness/appserver.ts';
import { operatorNamespace, release } from '../harness/operator.ts';

const rbac = 'rbac.authorization.k8s.io';

/** Rules of an RBAC role. */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export const writesAppServers: Rule = {
  apiGroups: ['appserver.dev'],
  resources: ['appservers', 'appservers/scale'],
  verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'],
};

/** May write AppServers, read pods and their logs, and nothing else. */
const authorRules: readonly Rule[] = [
  writesAppServers,
  { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
];

/** Options of a write as somebody, of which nothing stays. */
export const dry = (as: KubeClient): { as: KubeClient; dryRun: true } => ({ as, dryRun: true });

export const order = { 'sorts before the victim': ['a', 'z'], 'sorts after the victim': ['z', 'a'] } as const;

let count = 0;

async function bind(namespace: string, user: string, role: { kind: string; name: string }): Promise<void> {
  await applyAs(types.RoleBinding, {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name: `${user}-${role.name}`, namespace },
    roleRef: { apiGroup: rbac, ...role },
    subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
  });
}

/** Gives a user rights in a namespace. */
export async function grant(namespace: string, user: string, rules: readonly Rule[]): Promise<void> {
  const metadata = { name: user, namespace };
  await applyAs(types.Role, { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules });
  await bind(namespace, user, { kind: 'Role', name: user });
}

export interface Tenant extends AsyncDisposable {
  readonly namespace: string;
  /** See authorRules. */
  readonly author: KubeClient;
  /** Has the ClusterRole `edit`. */
  readonly editor: KubeClient;
  /** Has the ClusterRole `view`. */
  readonly viewer: KubeClient;
}

/** A namespace and its people, who have no rights elsewhere. */
export async function tenant(letter: string): Promise<Tenant> {
  const namespace = `team-${letter}-${process.pid}-${++count}`;
  await applyAs(types.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const user = (role: string): string => `${role}-of-${namespace}`;
  await grant(namespace, user('author'), authorRules);
  for (const name of ['edit', 'view']) await bind(namespace, user(name), { kind: 'ClusterRole', name });
  return {
    namespace,
    author: clientAs(user('author')),
    editor: clientAs(user('edit')),
    viewer: clientAs(user('view')),
    [Symbol.asyncDispose]: async () => {
      await client.json({ method: 'DELETE', path: path(types.Namespace, undefined, namespace) });
    },
  };
}

/** The account of the operator itself: whoever has its token. */
export const operatorsAccount = `system:serviceaccount:${operatorNamespace}:${release}`;

export interface Write {
  readonly as: KubeClient;
  readonly dryRun?: boolean;
  /** Default: e2e */
  readonly fieldManager?: string;
}

const queryOf = ({ dryRun = false, fieldManager = 'e2e' }: Write): Record<string, string> => ({
  fieldManager,
  ...(dryRun && { dryRun: 'All' }),
});

export async function create(type: ResourceType, object: KubeObject, write: Write): Promise<KubeObject> {
  const { namespace } = object.metadata;
  const query = queryOf(write);
  return (await write.as.json({ method: 'POST', path: path(type, namespace), query, body: object })) as KubeObject;
}

export async function patch(type: ResourceType, object: KubeObject, body: object, write: Write): Promise<void> {
  const { namespace, name } = object.metadata;
  const contentType = 'application/merge-patch+json';
  await write.as.json({
    method: 'PATCH',
    path: path(type, namespace, name),
    query: queryOf(write),
    body,
    contentType,
  });
}

/** As `kubectl apply --server-side --force-conflicts` would. */
export async function apply(type: ResourceType, object: KubeObject, write: Write): Promise<void> {
  const { namespace, name } = object.metadata;
  await write.as.json({
    method: 'PATCH',
    path: path(type, namespace, name),
    query: { ...queryOf(write), force: 'true' },
    body: { ...object, apiVersion: type.apiVersion, kind: type.kind },
    contentType: 'application/apply-patch+yaml',
  });
}

/** @param says what a user is to read; the status is that of a refusal by rights */
export async function forbidden(attempt: Promise<unknown>, says: RegExp): Promise<void> {
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof ApiError, String(error));
    assert.match(error.message, says);
    assert.equal(error.status, 403, error.message);
    return true;
  });
}

/** Policies are in force a moment after they are installed. @param attempt of something that they refuse */
export async function untilForbidden(attempt: () => Promise<unknown>, says: RegExp): Promise<void> {
  await eventually(`refused with ${String(says)}`, async () => {
    await forbidden(attempt(), says);
    return true;
  });
}

/** Rights are seen by the API server a moment after they are given. */
export async function untilAllowed(attempt: () => Promise<unknown>): Promise<void> {
  await eventually('allowed', async () => {
    await attempt();
    return true;
  });
}

/** Waits until a tenant's author is held to the policies. */
export async function untilPoliciesHold({ namespace, author }: Tenant): Promise<void> {
  const exposed = appServer(namespace, { replicas: 0, service: { type: 'NodePort' } }, 'probe');
  await untilForbidden(() => create(types.AppServer, exposed, { as: author, dryRun: true }), /spec\.service makes/);
}
