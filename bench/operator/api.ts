// The API server under the operator, and what has been asked of it.
import { client, destroy, edit, list, merge } from '../../e2e/harness/api.ts';
import { alwaysServed, appServerType, childTypes, isChildKind, optionalKinds } from '../../src/operator/model/kinds.ts';
import {
  inParallel,
  isKubeObject,
  path,
  resourceType,
  type KubeObject,
  type ResourceType,
} from '../../src/kube/index.ts';

export const namespace = 'bench';

export async function createNamespace(): Promise<void> {
  const type = resourceType('v1', 'Namespace');
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await client.json({ method: 'POST', path: path(type), body });
}

export async function create(type: ResourceType, object: KubeObject): Promise<KubeObject> {
  const created = await client.json({ method: 'POST', path: path(type, namespace), body: object });
  if (!isKubeObject(created)) throw new TypeError('what was created is no object');
  return created;
}

/** As `kubectl edit` would. */
export async function patch(type: ResourceType, name: string, body: object): Promise<void> {
  const isBuiltIn = isChildKind(type.kind) && !optionalKinds.has(type.kind);
  await (isBuiltIn ? edit : merge)(type, namespace, name, body);
}

/** How many objects of the kind there are, without fetching them. */
export async function count(type: ResourceType): Promise<number> {
  const page: unknown = await client.json({ method: 'GET', path: path(type, namespace), query: { limit: '1' } });
  const metadata = typeof page === 'object' && page !== null && 'metadata' in page ? page.metadata : undefined;
  const items = typeof page === 'object' && page !== null && 'items' in page ? page.items : [];
  const more = typeof metadata === 'object' && metadata !== null && 'remainingItemCount' in metadata;
  return (Array.isArray(items) ? items.length : 0) + (more ? Number(metadata.remainingItemCount) : 0);
}

/** No garbage collector runs: children are deleted as their AppServers are. */
export async function destroyAll(): Promise<void> {
  for (const type of [appServerType, ...[...alwaysServed].map((kind) => childTypes[kind])]) {
    if (type.kind === 'Service') {
      // Services have no deletion of a collection before Kubernetes 1.37.
      await inParallel(8, await list(type, namespace), ({ metadata }) => destroy(type, namespace, metadata.name));
      continue;
    }
    await client.json({ method: 'DELETE', path: path(type, namespace), timeoutMs: 300_000 });
  }
}

const watched = new Set([
  appServerType.plural,
  'pods',
  'secrets',
  'events',
  ...Object.values(childTypes).map((type) => type.plural),
]);

/** Requests for what an operator deals with that the API server has answered, watches left out; writes apart. */
export async function answered(): Promise<{ all: number; writes: number }> {
  const response = await client.stream({ method: 'GET', path: '/metrics', accept: 'text/plain' });
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
  let all = 0;
  let writes = 0;
  for (const [, labels = '', value] of body.matchAll(/^apiserver_request_total\{(.*)\} (\S+)$/gm)) {
    const label = (name: string): string => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    if (!watched.has(label('resource')) || label('verb') === 'WATCH') continue;
    all += Number(value);
    if (!['GET', 'LIST'].includes(label('verb'))) writes += Number(value);
  }
  return { all, writes };
}
