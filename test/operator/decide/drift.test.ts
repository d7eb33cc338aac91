// What is somebody's doing and what is the cluster's own. The field managers are as a real API server (1.35) writes them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ManagedFieldsEntry } from '../../../src/kube/objects.ts';
import { changes, drift } from '../../../src/operator/decide/drift.ts';
import type { Child } from '../../../src/operator/model/facts.ts';

const mark = 'appserver.dev/applied-hash';
const app = {
  name: 'app',
  image: 'img:1',
  args: ['a'],
  env: [],
  envFrom: [],
  ports: [{ containerPort: 80, name: 'http' }],
  resources: { limits: { cpu: '0.7' } },
  lifecycle: { stopSignal: 'SIGINT' },
};
const child: Child = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'n', annotations: { [mark]: 'h1' } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { a: 'b' } },
    template: { spec: { containers: [app], volumes: [{ name: 't', emptyDir: {} }] } },
  },
};

const appFields = {
  '.': {},
  'f:args': {},
  'f:envFrom': {},
  'f:image': {},
  'f:name': {},
  'f:ports': {
    'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:name': {} },
  },
  'f:resources': { 'f:limits': { 'f:cpu': {} } },
  'f:lifecycle': { 'f:stopSignal': {} },
};
const volumes = { 'k:{"name":"t"}': { '.': {}, 'f:emptyDir': {}, 'f:name': {} } };

type Fields = Readonly<Record<string, unknown>>;

/** Our entry, or with other fields of the container. */
function ours(container: Fields = appFields, top: Fields = { 'f:replicas': {} }): ManagedFieldsEntry {
  return {
    manager: 'appserver-operator',
    operation: 'Apply',
    time: '2026-01-01T00:00:00Z',
    fieldsV1: {
      'f:metadata': { 'f:annotations': { [`f:${mark}`]: {} } },
      'f:spec': {
        ...top,
        'f:selector': {},
        'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"app"}': container }, 'f:volumes': volumes } },
      },
    },
  };
}

const by = (manager: string, spec: Fields, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  fieldsV1: { 'f:spec': spec },
  ...more,
});
const inContainers = (fields: Fields): Fields => ({ 'f:template': { 'f:spec': { 'f:containers': fields } } });
const inApp = (fields: Fields): Fields => inContainers({ 'k:{"name":"app"}': fields });
const without = (field: string): Fields =>
  Object.fromEntries(Object.entries(appFields).filter(([key]) => key !== field));

/** As it is stored, with these fields of the container and of the spec. */
function stored(
  container: object,
  managedFields: readonly ManagedFieldsEntry[],
  spec: object = {},
  more: object[] = [],
): Child {
  const containers = [{ ...app, ports: [{ ...app.ports[0], protocol: 'TCP' }], ...container }, ...more];
  return {
    ...child,
    metadata: { ...child.metadata, managedFields },
    spec: {
      ...(child['spec'] as object),
      template: { spec: { containers, volumes: [{ name: 't', emptyDir: {} }] } },
      ...spec,
    },
  };
}

const sidecar = { name: 'side', image: 'side:1' };
const image = 'spec.template.spec.containers[app].image';

const cases: Record<string, { observed: Child; found: readonly string[] }> = {
  'nothing differs': { observed: stored({}, [ours()]), found: [] },
  'a quantity is in its canonical form': {
    observed: stored({ resources: { limits: { cpu: '700m' } } }, [ours()]),
    found: [],
  },
  'a field is dropped behind a feature gate': { observed: stored({ lifecycle: {} }, [ours()]), found: [] },
  'a map is dropped with all that is in it': { observed: stored({ lifecycle: undefined }, [ours()]), found: [] },
  'admission rewrites the image': { observed: stored({ image: 'mirror/img:1' }, [ours()]), found: [] },
  'admission adds a container': { observed: stored({}, [ours()], {}, [sidecar]), found: [] },
  'admission rewrites arguments': { observed: stored({ args: ['a', 'b'] }, [ours()]), found: [] },
  'somebody sets the image': {
    observed: stored({ image: 'x' }, [ours(without('f:image')), by('kubectl-set', inApp({ 'f:image': {} }))]),
    found: [image],
  },
  'somebody sets the image, and admission rewrites what was set': {
    observed: stored({ image: 'mirror/x' }, [ours(without('f:image')), by('kubectl-set', inApp({ 'f:image': {} }))]),
    found: [image],
  },
  'somebody sets a label, and admission rewrites the image in the same request': {
    observed: stored({ image: 'mirror/img:1' }, [
      ours(),
      { manager: 'kubectl-label', operation: 'Update', fieldsV1: { 'f:metadata': { 'f:labels': { 'f:x': {} } } } },
    ]),
    found: [],
  },
  'somebody removes a field': {
    observed: stored({ lifecycle: undefined }, [ours(without('f:lifecycle'))]),
    found: ['spec.template.spec.containers[app].lifecycle'],
  },
  'somebody adds a container': {
    observed: stored(
      {},
      [ours(), by('kubectl-edit', inContainers({ 'k:{"name":"side"}': { '.': {}, 'f:image': {} } }))],
      {},
      [sidecar],
    ),
    found: ['spec.template.spec.containers[side]'],
  },
  'somebody changes a container that admission has added': {
    observed: stored({}, [ours(), by('kubectl-set', inContainers({ 'k:{"name":"side"}': { 'f:image': {} } }))], {}, [
      sidecar,
    ]),
    found: ['spec.template.spec.containers[side]'],
  },
  'somebody adds a variable where there is none': {
    observed: stored({ env: [{ name: 'A', value: '1' }] }, [
      ours(),
      by('kubectl-edit', inApp({ 'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } } })),
    ]),
    found: ['spec.template.spec.containers[app].env[A]'],
  },
  'somebody adds a source of variables to a list that is one value': {
    observed: stored({ envFrom: [{ secretRef: { name: 's' } }] }, [
      ours(without('f:envFrom')),
      by('kubectl-edit', inApp({ 'f:envFrom': {} })),
    ]),
    found: ['spec.template.spec.containers[app].envFrom'],
  },
  'somebody scales by the subresource': {
    observed: stored({}, [ours(appFields, {}), by('kubectl', { 'f:replicas': {} }, { subresource: 'scale' })], {
      replicas: 5,
    }),
    found: ['spec.replicas'],
  },
  'somebody applies in our name without forgetting anything': {
    observed: stored({ image: 'x' }, [{ ...ours(), time: '2026-01-01T00:00:07Z' }]),
    found: [image],
  },
  'somebody applies in our name, and only what is wanted': {
    observed: stored({ image: 'x' }, [
      {
        ...ours({ '.': {}, 'f:image': {}, 'f:name': {} }, {}),
        fieldsV1: { 'f:spec': inApp({ '.': {}, 'f:image': {} }) },
      },
    ]),
    found: [image],
  },
  'somebody updates in our name': {
    observed: stored({ image: 'x' }, [ours(without('f:image')), by('appserver-operator', inApp({ 'f:image': {} }))]),
    found: [image],
  },
  'the field managers are emptied': { observed: stored({ image: 'mirror/img:1' }, []), found: [image] },
  'the field managers are emptied, and there is a container of nobody': {
    observed: stored({}, [], {}, [sidecar]),
    found: ['metadata.managedFields'],
  },
  'the field managers are spoiled': {
    observed: stored({ image: 'x' }, [{ ...ours(), fieldsV1: { 'f:spec': { 'k:{': {}, 'v:': {}, 'f:template': 7 } } }]),
    found: [image],
  },
};

const ourWrite = Date.parse('2026-01-01T00:00:00Z') / 1_000;

describe('drift when', () => {
  for (const [name, { observed, found }] of Object.entries(cases)) {
    test(`${name}: ${found.length === 0 ? 'none' : found.join(', ')}`, () => {
      assert.deepEqual(
        drift(child, observed, ourWrite).differences.map(({ path }) => path),
        found,
      );
    });
  }

  test('it is not known when we wrote: what is ours is ours', () => {
    assert.deepEqual(drift(child, stored({ image: 'x' }, [{ ...ours(), time: 'never' }]), undefined).differences, []);
  });
});

describe('an update', () => {
  test('sets what differs, removes what somebody has added and leaves what admission has', () => {
    const added = by('kubectl-edit', inContainers({ 'k:{"name":"side"}': { '.': {} } }));
    const observed = stored({ image: 'img:0' }, [ours(), added], {}, [sidecar, { name: 'mesh', image: 'mesh:1' }]);
    assert.deepEqual(
      changes(child, observed).map(({ path, added: pointer }) => [path, pointer]),
      [
        [image, undefined],
        ['spec.template.spec.containers[side]', '/spec/template/spec/containers/1'],
      ],
    );
  });
});
