// AppServers of the tests.
import { eventually, get, list, types, applyAs, client } from './api.ts';
import { path, type KubeObject } from '../../src/kube/index.ts';
import { imageNames } from '../../scripts/images.ts';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

let namespaces = 0;

/** A namespace of its own, deleted in the background when the test is over. */
export async function namespace(labels: Record<string, string> = {}): Promise<{ name: string } & AsyncDisposable> {
  const name = `t${process.pid}-${++namespaces}`;
  await applyAs(types.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await client.json({ method: 'DELETE', path: path(types.Namespace, undefined, name) });
    },
  };
}

export const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

/** The example's application, with changes to the spec. */
export function appServer(inNamespace: string, spec: object = {}, name = 'shop'): KubeObject {
  return {
    apiVersion: types.AppServer.apiVersion,
    kind: 'AppServer',
    metadata: { name, namespace: inNamespace },
    spec: { image: imageNames.flask, app: { wsgi: 'shop:app' }, ...spec },
  };
}

function conditionsOf(object: KubeObject | undefined): Condition[] {
  const status = object?.['status'] as { conditions?: Condition[] } | undefined;
  return status?.conditions ?? [];
}

export function condition(object: KubeObject | undefined, type: string): Condition | undefined {
  return conditionsOf(object).find((one) => one.type === type);
}

function observed(object: KubeObject): boolean {
  const status = object['status'] as { observedGeneration?: number } | undefined;
  return status?.observedGeneration === object.metadata.generation;
}

export async function create(object: KubeObject): Promise<void> {
  await applyAs(types.AppServer, object);
}

export async function untilReady(inNamespace: string, name = 'shop', timeoutMs = 60_000): Promise<KubeObject> {
  const look = async (): Promise<KubeObject | undefined> => {
    const found = await get(types.AppServer, inNamespace, name);
    if (found === undefined || !observed(found)) return undefined;
    const ready = condition(found, 'Ready');
    if (ready?.status === 'True') return found;
    throw new Error(`${ready?.reason ?? 'no condition'}: ${ready?.message ?? ''}`);
  };
  return eventually(`AppServer ${name} Ready`, look, timeoutMs);
}

/** Waits until the Ready condition has this reason, and returns it. */
export async function untilReason(inNamespace: string, reason: string, name = 'shop'): Promise<Condition> {
  return eventually(`AppServer ${name} with reason ${reason}`, async () => {
    const ready = condition(await get(types.AppServer, inNamespace, name), 'Ready');
    if (ready?.reason === reason) return ready;
    throw new Error(`${ready?.reason ?? 'no condition'}: ${ready?.message ?? ''}`);
  });
}

interface Told {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
}

/** Of the events about AppServers in a namespace, oldest first. */
export async function eventsOf(inNamespace: string): Promise<Told[]> {
  const events = await list(types.Event, inNamespace);
  return events
    .map((event) => event as unknown as Told & { regarding: { kind: string }; eventTime: string })
    .filter(({ regarding }) => regarding.kind === 'AppServer')
    .toSorted((a, b) => a.eventTime.localeCompare(b.eventTime));
}

/** Notes of those with this reason, once there is one: an event may come a moment after what it tells of. */
export async function untilNotes(inNamespace: string, reason: string): Promise<string[]> {
  return eventually(`an event ${reason}`, async () => {
    const notes = (await eventsOf(inNamespace)).filter((one) => one.reason === reason).map(({ note }) => note);
    return notes.length > 0 ? notes : undefined;
  });
}

export async function pods(inNamespace: string): Promise<KubeObject[]> {
  const all = await list(types.Pod, inNamespace);
  return all.filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

/** Base URL of the AppServer's Service, once it answers: kube-proxy follows the pods' readiness with a delay. */
export async function serviceUrl(inNamespace: string, name = 'shop'): Promise<string> {
  const service = await get(types.Service, inNamespace, name);
  if (service === undefined) throw new Error(`there is no Service ${name}`);
  const { clusterIP, ports } = service['spec'] as { clusterIP: string; ports: { port: number }[] };
  const url = `http://${clusterIP}:${ports[0]?.port ?? 80}`;
  return eventually(`an answer from ${url}`, async () => ((await fetch(url)).status === 200 ? url : undefined), 10_000);
}

/** In an order of their own. */
export const podUids = async (inNamespace: string): Promise<string[]> =>
  (await pods(inNamespace)).map(({ metadata }) => metadata.uid ?? '').toSorted((a, b) => a.localeCompare(b));

export function podAddress(pod: KubeObject): string {
  return (pod['status'] as { podIP: string }).podIP;
}
