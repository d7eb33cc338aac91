import type { AppServer, ServiceSpec } from '../../api/index.ts';
import { names } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

/** Fields that a Service has under the same names, beside its type. */
const sameFields = [
  'sessionAffinity',
  'trafficDistribution',
  'clusterIP',
  'clusterIPs',
  'ipFamilies',
  'ipFamilyPolicy',
  'publishNotReadyAddresses',
  'sessionAffinityConfig',
  'internalTrafficPolicy',
  'externalTrafficPolicy',
  'externalIPs',
  'healthCheckNodePort',
  'loadBalancerClass',
  'loadBalancerIP',
  'loadBalancerSourceRanges',
  'allocateLoadBalancerNodePorts',
] as const satisfies (keyof ServiceSpec)[];

/** Name of the Service's port for the application. */
export const applicationPortName = ({ service: { portName = 'http' } }: AppServer['spec']): string => portName;

export function service(app: AppServer): Child {
  const { type, port, ports = [], appProtocol = 'http', nodePort } = app.spec.service;
  const same = sameFields.filter((field) => app.spec.service[field] !== undefined);
  const main = { name: applicationPortName(app.spec), port, targetPort: 'http', protocol: 'TCP', appProtocol };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(app, app.metadata.name, app.spec.service),
    spec: {
      type,
      ...Object.fromEntries(same.map((field) => [field, app.spec.service[field]])),
      selector: names.selectorLabels(app.metadata.name),
      ports: [{ ...main, ...(nodePort !== undefined && { nodePort }) }, ...ports],
    },
  };
}
