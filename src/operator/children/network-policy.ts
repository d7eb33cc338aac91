import type { AppServer } from '../../api/index.ts';
import { names } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

/**
 * Connections to the application from those who are named. The admin port is open to all: whoever scrapes it or asks for
 * readiness must not be cut off, and what it tells is numbers and codes.
 */
export function networkPolicy(app: AppServer): Child | undefined {
  const { networkPolicy: wanted, proxy } = app.spec;
  const { port } = proxy ?? app.spec;
  if (wanted === undefined) return undefined;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: childMetadata(app, app.metadata.name),
    spec: {
      podSelector: { matchLabels: names.selectorLabels(app.metadata.name) },
      policyTypes: ['Ingress'],
      ingress: [
        { from: wanted.from, ports: [{ protocol: 'TCP', port }] },
        { ports: [{ protocol: 'TCP', port: names.adminPort }] },
      ],
    },
  };
}
