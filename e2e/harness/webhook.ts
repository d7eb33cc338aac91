// Mutating admission webhooks as policy engines and registries' mirrors have them, answered by the tests themselves.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { path, resourceType, type KubeObject } from '../../src/kube/index.ts';
import { client, destroy } from './api.ts';

const configurations = resourceType('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration');

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

async function answer(request: IncomingMessage, mutate: Mutate): Promise<object> {
  const { request: asked } = (await json(request)) as Review;
  const patch = asked.object === null ? [] : mutate(asked.object);
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: asked.uid,
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    },
  };
}

/** In force until disposed. @param mutate what is changed in a Deployment of the namespace that is about to be stored */
export async function webhook(name: string, namespace: string, mutate: Mutate): Promise<AsyncDisposable> {
  const { key, cert } = certificate();
  const server = createServer({ key, cert }, (request, response) => {
    answer(request, mutate).then(
      (review) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(review)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const body = {
    apiVersion: configurations.apiVersion,
    kind: configurations.kind,
    metadata: { name },
    webhooks: [
      {
        name: 'deployments.example.com',
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(cert).toString('base64') },
        rules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        failurePolicy: 'Fail',
        timeoutSeconds: 5,
      },
    ],
  };
  await client.json({ method: 'POST', path: path(configurations), body });
  return {
    [Symbol.asyncDispose]: async () => {
      await destroy(configurations, undefined, name);
      server.close();
      server.closeAllConnections();
    },
  };
}
