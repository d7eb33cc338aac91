// What is in front of the pods: Service, Ingress, HTTPRoute, NetworkPolicy and monitors.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Child } from '../../../src/operator/model/facts.ts';
import { at, child } from './children.ts';

const fields: Record<string, [kind: Child['kind'], spec: object, path: string, value: unknown]> = {
  'connections to it alone in the NetworkPolicy': [
    'NetworkPolicy',
    { proxy: {}, networkPolicy: { from: [{ podSelector: {} }] } },
    'spec.ingress.0.ports.0.port',
    8080,
  ],
  'the port as target of the Service': ['Service', { port: 8123 }, 'spec.ports.0.targetPort', 'http'],
  'more ports of the Service, where they are asked for': [
    'Service',
    { service: { ports: [{ name: 'grpc', port: 9090, targetPort: 'grpc' }] } },
    'spec.ports.1',
    { name: 'grpc', port: 9090, targetPort: 'grpc' },
  ],
  'the port of the Service': ['Service', { service: { port: 8080 } }, 'spec.ports.0.port', 8080],
  'an annotation of the Service': ['Service', { service: { annotations: { a: 'b' } } }, 'metadata.annotations.a', 'b'],
  'clients that stay with a pod': [
    'Service',
    { service: { sessionAffinity: 'ClientIP' } },
    'spec.sessionAffinity',
    'ClientIP',
  ],
  'an Ingress for each host': [
    'Ingress',
    { ingress: { hosts: ['a.example', 'b.example'] } },
    'spec.rules.1.host',
    'b.example',
  ],
  'an Ingress of every name': ['Ingress', { ingress: {} }, 'spec.rules.0.host', undefined],
  'paths of each host': [
    'Ingress',
    {
      ingress: {
        hosts: ['a.example'],
        paths: [{ path: '/a' }, { path: '/b', pathType: 'Exact', port: { number: 9 } }],
      },
    },
    'spec.rules.0.http.paths.1',
    { path: '/b', pathType: 'Exact', backend: { service: { name: 'shop', port: { number: 9 } } } },
  ],
  'the name of the port that the Ingress sends to': [
    'Ingress',
    { service: { portName: 'grpc' }, ingress: {} },
    'spec.rules.0.http.paths.0.backend.service.port',
    { name: 'grpc' },
  ],
  'a certificate for each host': [
    'Ingress',
    {
      ingress: {
        tls: [
          { hosts: ['a.example'], secretName: 'a' },
          { hosts: ['b.example'], secretName: 'b' },
        ],
      },
    },
    'spec.tls.1',
    { hosts: ['b.example'], secretName: 'b' },
  ],
  'rules of a route, which go to the Service': [
    'HTTPRoute',
    { httpRoute: { parentRefs: [{ name: 'public' }], rules: [{ timeouts: { request: '10s' } }] } },
    'spec.rules.0',
    { timeouts: { request: '10s' }, backendRefs: [{ name: 'shop', port: 80 }] },
  ],
  'rules of a route that redirect, which go nowhere': [
    'HTTPRoute',
    { httpRoute: { parentRefs: [{ name: 'public' }], rules: [{ filters: [{ type: 'RequestRedirect' }] }] } },
    'spec.rules.0',
    { filters: [{ type: 'RequestRedirect' }] },
  ],
  'rules of a route that go elsewhere': [
    'HTTPRoute',
    { httpRoute: { parentRefs: [{ name: 'public' }], rules: [{ backendRefs: [{ name: 'other', port: 1 }] }] } },
    'spec.rules.0.backendRefs',
    [{ name: 'other', port: 1 }],
  ],
  'where pods may connect to, and nothing of who may connect': [
    'NetworkPolicy',
    { networkPolicy: { egress: [{}] } },
    'spec',
    {
      podSelector: {
        matchLabels: { 'app.kubernetes.io/name': 'appserver', 'app.kubernetes.io/instance': 'shop' },
      },
      policyTypes: ['Egress'],
      egress: [{}],
    },
  ],
  'how a scrape is changed': [
    'PodMonitor',
    { monitoring: { scrapeTimeout: '5s', relabelings: [{ action: 'drop' }] } },
    'spec.podMetricsEndpoints.0',
    { path: '/metrics', interval: '30s', scrapeTimeout: '5s', relabelings: [{ action: 'drop' }], port: 'admin' },
  ],
  'an Ingress of the Service': [
    'Ingress',
    { ingress: { hosts: ['a.example'] } },
    'spec.rules.0.http.paths.0.backend.service.name',
    'shop',
  ],
  'an Ingress with a certificate': [
    'Ingress',
    { ingress: { hosts: ['a.example'], tlsSecretName: 'cert' } },
    'spec.tls.0.secretName',
    'cert',
  ],
  'who may connect': [
    'NetworkPolicy',
    { networkPolicy: { from: [{ podSelector: {} }] } },
    'spec.ingress.0.from.0',
    { podSelector: {} },
  ],
  'the port to connect to': [
    'NetworkPolicy',
    { port: 8123, networkPolicy: { from: [{ podSelector: {} }] } },
    'spec.ingress.0.ports.0.port',
    8123,
  ],
  'an admin port that is open to all': [
    'NetworkPolicy',
    { networkPolicy: { from: [{ podSelector: {} }] } },
    'spec.ingress.1',
    { ports: [{ protocol: 'TCP', port: 9000 }] },
  ],
  'a route to the Service': [
    'HTTPRoute',
    { service: { port: 81 }, httpRoute: { parentRefs: [{ name: 'public' }] } },
    'spec.rules.0.backendRefs.0',
    { name: 'shop', port: 81 },
  ],
  'a monitor of the pods': ['PodMonitor', { monitoring: {} }, 'spec.podMetricsEndpoints.0.port', 'admin'],
  'a monitor of the Service': [
    'ServiceMonitor',
    { monitoring: { kind: 'ServiceMonitor', interval: '10s' } },
    'spec.endpoints.0',
    { path: '/metrics', interval: '10s', targetPort: 9000 },
  ],
};

describe('what is in front of the pods has', () => {
  for (const [name, [kind, spec, path, value]] of Object.entries(fields)) {
    test(name, () => assert.deepEqual(at(child(kind, spec), path), value));
  }
});
