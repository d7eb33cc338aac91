import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mergePodTemplate } from '../../../src/operator/children/merge-pod-template.ts';

const ours = {
  metadata: { labels: { app: 'shop' } },
  spec: {
    serviceAccountName: 'shop',
    initContainers: [{ name: 'install-runtime', image: 'runtime' }],
    containers: [{ name: 'app', command: ['serve'], args: [], volumeMounts: [{ mountPath: '/tmp', name: 'tmp' }] }],
    volumes: [{ name: 'tmp', emptyDir: {} }],
    topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' }],
  },
};
const [ourSpread] = ours.spec.topologySpreadConstraints;
const demanded = { topologyKey: 'zone', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' };
const spreads = (...topologySpreadConstraints: object[]): { spec: object } => ({ spec: { topologySpreadConstraints } });
const withSpreads = (...topologySpreadConstraints: object[]): object => ({
  ...ours,
  spec: { ...ours.spec, topologySpreadConstraints },
});

const merged: Record<string, [theirs: object, expected: object]> = {
  nothing: [{}, ours],
  'a field that only they set': [
    { spec: { priorityClassName: 'high' } },
    { ...ours, spec: { ...ours.spec, priorityClassName: 'high' } },
  ],
  'a label beside ours': [
    { metadata: { labels: { team: 'web' } } },
    { ...ours, metadata: { labels: { app: 'shop', team: 'web' } } },
  ],
  'a container beside ours': [
    { spec: { containers: [{ name: 'log-shipper', image: 'x' }] } },
    { ...ours, spec: { ...ours.spec, containers: [...ours.spec.containers, { name: 'log-shipper', image: 'x' }] } },
  ],
  'a field of our container': [
    { spec: { containers: [{ name: 'app', tty: true }] } },
    { ...ours, spec: { ...ours.spec, containers: [{ ...ours.spec.containers[0], tty: true }] } },
  ],
  'a second spread over the same topology, of another kind': [
    spreads(demanded),
    withSpreads({ ...ourSpread }, demanded),
  ],
  'a field of our spread': [
    spreads({ topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 3 }),
    withSpreads({ ...ourSpread, minDomains: 3 }),
  ],
  'a spread that does not say of which kind it is': [
    spreads({ topologyKey: 'zone', minDomains: 3 }),
    withSpreads({ ...ourSpread, minDomains: 3 }),
  ],
  'what both set to the same': [{ spec: { serviceAccountName: 'shop' } }, ours],
};

const conflicts: Record<string, [theirs: object, path: string]> = {
  'a label of ours': [{ metadata: { labels: { app: 'x' } } }, 'metadata.labels.app'],
  'a field of the pod': [{ spec: { serviceAccountName: 'x' } }, 'spec.serviceAccountName'],
  'a field of the pod by its old name': [{ spec: { serviceAccount: 'x' } }, 'spec.serviceAccount'],
  'the command': [{ spec: { containers: [{ name: 'app', command: ['x'] }] } }, 'spec.containers[app].command'],
  'arguments, where ours are none': [
    { spec: { containers: [{ name: 'app', args: ['x'] }] } },
    'spec.containers[app].args',
  ],
  'a volume of ours': [{ spec: { volumes: [{ name: 'tmp', emptyDir: 'x' }] } }, 'spec.volumes[tmp].emptyDir'],
  'a mount of ours': [
    { spec: { containers: [{ name: 'app', volumeMounts: [{ mountPath: '/tmp', name: 'x' }] }] } },
    'spec.containers[app].volumeMounts[/tmp].name',
  ],
  'two of theirs for one of ours': [
    { spec: { volumes: [{ name: 'tmp' }, { name: 'tmp', hostPath: {} }] } },
    'spec.volumes[tmp]',
  ],
  'another shape': [{ spec: { containers: { name: 'app' } } }, 'spec.containers'],
};

describe('pod template', () => {
  for (const [name, [theirs, expected]] of Object.entries(merged)) {
    test(`merges ${name}`, () => {
      assert.deepEqual(mergePodTemplate(ours, { ...theirs }, 3), { kind: 'merged', template: expected });
    });
  }
  for (const [name, [theirs, path]] of Object.entries(conflicts)) {
    test(`names the conflict: ${name}`, () => {
      assert.deepEqual(mergePodTemplate(ours, { ...theirs }, 3), { kind: 'conflict', path });
    });
  }

  test('leaves out in earlier layouts what it has always left out, so that an upgrade replaces no pods', () => {
    const both = spreads({ topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }, demanded);
    assert.deepEqual(mergePodTemplate(ours, both, 2), { kind: 'merged', template: ours });
    assert.deepEqual(mergePodTemplate(ours, both, 3), {
      kind: 'merged',
      template: withSpreads({ ...ourSpread }, demanded),
    });
  });
});
