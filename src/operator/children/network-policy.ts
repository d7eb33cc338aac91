import type { AppServer } from '../../api/index.ts';
import { names } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

/**
 * The connections that the AppServer allows, of a direction of which it says something. The admin port is open to all: whoever scrapes it or asks for
 * readiness must not be cut off, and what it tells is numbers and codes.
 */
export function networkPolicy(app: AppServer): Child | undefined {
  const { networkPolicy: wanted, proxy } = app.spec;
  const { port } = proxy ?? app.spec;
  if (wanted === undefined) return undefined;
  const { from, ingress = [], egress } = wanted;
  const isBound = from !== undefined || wanted.ingress !== undefined;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: childMetadata(app, app.metadata.name, wanted),
    spec: {
      podSelector: { matchLabels: names.selectorLabels(app.metadata.name) },
      policyTypes: [...(isBound ? ['Ingress'] : []), ...(egress ? ['Egress'] : [])],
      ...(isBound && {
        ingress: [
          ...(from ? [{ from, ports: [{ protocol: 'TCP', port }] }] : []),
          { ports: [{ protocol: 'TCP', port: names.adminPort }] },
          ...ingress,
        ],
      }),
      ...(egress && { egress }),
    },
  };
}
