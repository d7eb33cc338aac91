// Admission webhooks as policy engines and registries' mirrors have them, answered by the tests themselves.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { path, resourceType, type KubeObject, type ResourceType } from '../../src/kube/index.ts';
import { client, destroy } from './api.ts';

const mutating = resourceType('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration');
const validating = resourceType('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration');

/** An operation of a JSON patch. */
export interface Operation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

interface Review {
  readonly request: { readonly uid: string; readonly object: KubeObject | null };
}

function certificate(): { key: string; cert: string } {
  const dir = mkdtempSync(join(tmpdir(), 'webhook-'));
  try {
    const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
    const flags = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', [...flags, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

type Mutate = (deployment: KubeObject) => readonly Operation[];

/** What a webhook answers about an object that is about to be stored. */
type Verdict = (object: KubeObject | null) => object;

async function answer(request: IncomingMessage, verdict: Verdict): Promise<object> {
  const { request: asked } = (await json(request)) as Review;
  const response = { uid: asked.uid, ...verdict(asked.object) };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

interface Wanted {
  readonly type: ResourceType;
  readonly name: string;
  readonly namespace: string;
  readonly rule: { readonly apiGroups: readonly string[]; readonly resources: readonly string[] };
}

/** In force until disposed. */
async function serve({ type, name, namespace, rule }: Wanted, verdict: Verdict): Promise<AsyncDisposable> {
  const { key, cert } = certificate();
  const server = createServer({ key, cert }, (request, response) => {
    answer(request, verdict).then(
      (review) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(review)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const body = {
    apiVersion: type.apiVersion,
    kind: type.kind,
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(cert).toString('base64') },
        rules: [{ ...rule, apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        failurePolicy: 'Fail',
        timeoutSeconds: 5,
      },
    ],
  };
  await client.json({ method: 'POST', path: path(type), body });
  return {
    [Symbol.asyncDispose]: async () => {
      await destroy(type, undefined, name);
      server.close();
      server.closeAllConnections();
    },
  };
}

const deployments = { apiGroups: ['apps'], resources: ['deployments'] };

/** @param mutate what is changed in a Deployment of the namespace that is about to be stored */
export async function webhook(name: string, namespace: string, mutate: Mutate): Promise<AsyncDisposable> {
  return serve({ type: mutating, name, namespace, rule: deployments }, (object) => {
    const patch = object === null ? [] : mutate(object);
    return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
  });
}

/**
 * @param status with which Deployments of the namespace are refused for which `test` is true; 500 is a webhook that breaks
 */
export async function denyingWebhook(
  name: string,
  namespace: string,
  status: { readonly code: number; readonly message: string },
  test: (deployment: KubeObject) => boolean,
): Promise<AsyncDisposable> {
  return serve({ type: validating, name, namespace, rule: deployments }, (object) => {
    const isDenied = object !== null && test(object);
    if (isDenied && status.code === 500) throw new Error(status.message);
    return isDenied ? { allowed: false, status } : { allowed: true };
  });
}
