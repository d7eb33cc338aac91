import type { AppServer } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';
import { applicationPortName } from './service.ts';

type Wanted = NonNullable<AppServer['spec']['ingress']>;

function pathsOf(app: AppServer, { path, pathType, paths = [{ path, pathType }] }: Wanted): object[] {
  return paths.map((one) => {
    const port = one.port ?? { name: applicationPortName(app.spec) };
    const backend = { service: { name: app.metadata.name, port } };
    return { path: one.path, pathType: one.pathType ?? 'Prefix', backend };
  });
}

function tlsOf({ tls, tlsSecretName, hosts }: Wanted): object[] | undefined {
  if (tlsSecretName === undefined) return tls;
  return [{ ...(hosts && { hosts }), secretName: tlsSecretName }];
}

export function ingress(app: AppServer): Child | undefined {
  const { ingress: wanted } = app.spec;
  if (wanted === undefined) return undefined;
  const { className, hosts } = wanted;
  const tls = tlsOf(wanted);
  const http = { paths: pathsOf(app, wanted) };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: childMetadata(app, app.metadata.name, wanted),
    spec: {
      ...(className !== undefined && { ingressClassName: className }),
      ...(tls && { tls }),
      rules: hosts === undefined ? [{ http }] : hosts.map((host) => ({ host, http })),
    },
  };
}
