import type { AppServer } from '../../api/index.ts';
import { names } from '../../api/index.ts';
import type { Child } from '../facts.ts';
import { childMetadata } from './metadata.ts';

export function service(app: AppServer): Child {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(app, app.metadata.name),
    spec: {
      type: app.spec.service.type,
      selector: names.selectorLabels(app.metadata.name),
      ports: [{ name: 'http', port: app.spec.service.port, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
    },
  };
}
