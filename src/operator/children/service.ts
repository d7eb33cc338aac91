import type { AppServer } from '../../api/index.ts';
import { names } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

export function service(app: AppServer): Child {
  const { type, port, ports = [], annotations, sessionAffinity, trafficDistribution } = app.spec.service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...childMetadata(app, app.metadata.name), ...(annotations && { annotations }) },
    spec: {
      type,
      ...(sessionAffinity && { sessionAffinity }),
      ...(trafficDistribution && { trafficDistribution }),
      selector: names.selectorLabels(app.metadata.name),
      ports: [{ name: 'http', port, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }, ...ports],
    },
  };
}
