// Labels and annotations of children: which are inherited, which are given, and that nothing overrides the operator's.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFields } from '../../../src/operator/model/unstructured.ts';
import { childrenIn, appServer, facts } from '../../builders.ts';

/** Every child that has fields for its metadata, with the field of the spec that has them. */
const fields: Record<string, string> = {
  ServiceAccount: 'serviceAccount',
  Deployment: 'deployment',
  Service: 'service',
  Ingress: 'ingress',
  HTTPRoute: 'httpRoute',
  PodMonitor: 'monitoring',
  NetworkPolicy: 'networkPolicy',
  HorizontalPodAutoscaler: 'autoscaling',
  PodDisruptionBudget: 'disruption',
};

/** With every child. */
const everything: Record<string, object> = {
  ingress: {},
  httpRoute: { parentRefs: [{ name: 'public' }] },
  monitoring: {},
  networkPolicy: { egress: [] },
  autoscaling: { maxReplicas: 9 },
};

function childrenWith(given: object, labels?: Record<string, string>): ReturnType<typeof childrenIn> {
  const spec = { ...everything };
  for (const field of Object.values(fields)) spec[field] = { ...spec[field], ...given };
  const { metadata } = appServer();
  return childrenIn(facts({ app: appServer(spec, { metadata: { ...metadata, ...(labels && { labels }) } }) }));
}

const own = {
  'app.kubernetes.io/name': 'appserver',
  'app.kubernetes.io/instance': 'shop',
  'app.kubernetes.io/managed-by': 'appserver-operator',
};

const inherited: Record<string, [key: string, isInherited: boolean]> = {
  'of a team': ['team', true],
  'of a company': ['example.com/cost-centre', true],
  'of the application that this is a part of': ['app.kubernetes.io/part-of', true],
  'of the version': ['app.kubernetes.io/version', true],
  'of the component': ['app.kubernetes.io/component', true],
  'by which Argo CD and Helm know what they have applied': ['app.kubernetes.io/instance', false],
  'by which Helm knows its own': ['app.kubernetes.io/managed-by', false],
  'of a chart': ['helm.sh/chart', false],
  'of Argo CD': ['argocd.argoproj.io/instance', false],
  'of a Flux Kustomization': ['kustomize.toolkit.fluxcd.io/name', false],
  'of a Flux HelmRelease': ['helm.toolkit.fluxcd.io/name', false],
  'of an ApplySet, whose other objects kubectl prunes': ['applyset.kubernetes.io/part-of', false],
  'of kapp': ['kapp.k14s.io/app', false],
  'of Rancher': ['objectset.rio.cattle.io/hash', false],
  'that has a meaning on a Service': ['service.kubernetes.io/headless', false],
  'of the operator': ['appserver.dev/anything', false],
};

describe('labels and annotations of children', () => {
  for (const [name, [key, isInherited]] of Object.entries(inherited)) {
    test(`a label ${name} is ${isInherited ? '' : 'not '}inherited by every child`, () => {
      for (const { kind, metadata } of childrenWith({}, { [key]: 'x' })) {
        assert.deepEqual(metadata.labels, isInherited ? { ...own, [key]: 'x' } : own, kind);
      }
    });
  }

  test('a label of the AppServer replaces no pods', () => {
    const templateOf = (labels: Record<string, string>): unknown => {
      const spec = childrenWith({}, labels).find(({ kind }) => kind === 'Deployment')?.['spec'];
      return isFields(spec) ? spec['template'] : undefined;
    };
    assert.deepEqual(templateOf({ team: 'web' }), templateOf({}));
  });

  test('every child but the ConfigMaps can be given labels and annotations, which go before inherited ones', () => {
    const given = childrenWith({ labels: { team: 'mine' }, annotations: { note: 'x' } }, { team: 'web' });
    for (const { kind, metadata } of given) {
      const isConfigMap = kind === 'ConfigMap';
      assert.equal(metadata.labels?.['team'], isConfigMap ? 'web' : 'mine', kind);
      assert.equal(metadata.annotations?.['note'], isConfigMap ? undefined : 'x', kind);
    }
    assert.deepEqual(new Set(given.map(({ kind }) => kind)), new Set([...Object.keys(fields), 'ConfigMap']));
  });

  test('nothing that is given has a meaning to the operator, or overrides what it sets', () => {
    const plain = childrenWith({});
    const labels = { ...Object.fromEntries(Object.keys(own).map((key) => [key, 'x'])), 'appserver.dev/x': 'x' };
    const annotations = { 'appserver.dev/replicas-at-start': '9', 'appserver.dev/layout': '1', 'appserver.dev/x': 'x' };
    assert.deepEqual(childrenWith({ labels, annotations }), plain);
  });
});
