import type { AppServer } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

export function httpRoute(app: AppServer): Child | undefined {
  const { httpRoute: wanted, service } = app.spec;
  if (wanted === undefined) return undefined;
  const { parentRefs, hostnames, path, annotations } = wanted;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { ...childMetadata(app, app.metadata.name), ...(annotations && { annotations }) },
    spec: {
      parentRefs,
      ...(hostnames && { hostnames }),
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: path } }],
          backendRefs: [{ name: app.metadata.name, port: service.port }],
        },
      ],
    },
  };
}
