import type { AppServer } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

export function ingress(app: AppServer): Child | undefined {
  const { ingress: wanted } = app.spec;
  if (wanted === undefined) return undefined;
  const { className, hosts, path, tlsSecretName, annotations } = wanted;
  const backend = { service: { name: app.metadata.name, port: { name: 'http' } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { ...childMetadata(app, app.metadata.name), ...(annotations && { annotations }) },
    spec: {
      ...(className !== undefined && { ingressClassName: className }),
      ...(tlsSecretName !== undefined && { tls: [{ hosts, secretName: tlsSecretName }] }),
      rules: hosts.map((host) => ({ host, http: { paths: [{ path, pathType: 'Prefix', backend }] } })),
    },
  };
}
