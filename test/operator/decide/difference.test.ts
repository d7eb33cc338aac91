import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { differences } from '../../../src/operator/decide/difference.ts';

interface Case {
  readonly want: Record<string, unknown>;
  readonly have: Record<string, unknown>;
  /** Paths; what is to be removed with its pointer behind an arrow. */
  readonly found: readonly string[];
}

const container = (fields: object): object => ({ spec: { containers: [{ name: 'app', ...fields }] } });

const cases: Record<string, Case> = {
  'nothing, when all that is wanted is there': {
    want: { a: 1, b: { c: 'x' } },
    have: { a: 1, b: { c: 'x', d: 2 }, e: 3 },
    found: [],
  },
  'a changed value by its path': { want: { spec: { port: 80 } }, have: { spec: { port: 81 } }, found: ['spec.port'] },
  'a missing field': { want: { spec: { port: 80 } }, have: { spec: {} }, found: ['spec.port'] },
  'nothing for what is not wanted at all': { want: { a: undefined }, have: { a: 1 }, found: [] },
  'items of a list by their name, in any order': {
    want: {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    },
    have: {
      env: [
        { name: 'B', value: '3' },
        { name: 'A', value: '1' },
      ],
    },
    found: ['env[B].value'],
  },
  'nothing for items of the same name that are as they are to be': {
    want: {
      volumeMounts: [
        { mountPath: '/a', name: 'x' },
        { mountPath: '/a', name: 'y' },
      ],
    },
    have: {
      volumeMounts: [
        { mountPath: '/a', name: 'x' },
        { mountPath: '/a', name: 'y' },
      ],
    },
    found: [],
  },
  'nothing for a map without entries, which is not stored': {
    want: { resources: { requests: {} }, nodeSelector: {} },
    have: { resources: {} },
    found: [],
  },
  'an empty object that says what a volume is': {
    want: { volumes: [{ name: 'tmp', emptyDir: {} }] },
    have: { volumes: [{ name: 'tmp', hostPath: { path: '/' } }] },
    found: ['volumes[tmp].emptyDir', 'volumes[tmp].hostPath → /volumes/0'],
  },
  'nothing for the source that the API server gives a volume without one': {
    want: { volumes: [{ name: 'tmp' }] },
    have: { volumes: [{ name: 'tmp', emptyDir: {} }] },
    found: [],
  },
  'any other source of a volume without one': {
    want: { volumes: [{ name: 'a' }, { name: 'b' }] },
    have: {
      volumes: [
        { name: 'a', emptyDir: { medium: 'Memory' } },
        { name: 'b', hostPath: { path: '/' } },
      ],
    },
    found: ['volumes[a].emptyDir → /volumes/0', 'volumes[b].hostPath → /volumes/1'],
  },
  'what stands in the place of what is wanted': {
    want: { env: [{ name: 'A', value: '1' }], spec: { maxUnavailable: 1 } },
    have: { env: [{ name: 'A', valueFrom: { fieldRef: {} } }], spec: { minAvailable: 1 } },
    found: [
      'env[A].value',
      'env[A].valueFrom → /env/0/valueFrom',
      'spec.maxUnavailable',
      'spec.minAvailable → /spec/minAvailable',
    ],
  },
  'a probe that asks otherwise, which goes as a whole': {
    want: { livenessProbe: { httpGet: { port: 1 } } },
    have: { livenessProbe: { exec: { command: ['true'] } } },
    found: ['livenessProbe.httpGet', 'livenessProbe.exec → /livenessProbe'],
  },
  'a switch that is on where nothing is said': {
    want: { automountServiceAccountToken: false, paused: false },
    have: {},
    found: ['automountServiceAccountToken'],
  },
  'an item without a name in a list that is merged': {
    want: { ports: [{ name: 'http', containerPort: 80 }] },
    have: { ports: [{ name: 'http', containerPort: 80 }, { containerPort: 81 }] },
    found: ['ports', 'ports[1] → /ports/1'],
  },
  'a key that every object of JavaScript has': {
    want: { selector: { a: 'b' } },
    have: { selector: { a: 'b', constructor: 'x' } },
    found: ['selector.constructor → /selector/constructor'],
  },
  'an item that somebody added, with where it is': {
    want: { env: [{ name: 'A', value: '1' }] },
    have: { env: [{ name: 'X' }, { name: 'A', value: '1' }] },
    found: ['env[X] → /env/0'],
  },
  'an item added to a list that should be empty': {
    want: { spec: { containers: [{ name: 'app', env: [] }] } },
    have: { spec: { containers: [{ name: 'app', env: [{ name: 'X' }] }] } },
    found: ['spec.containers[app].env[X] → /spec/containers/0/env/0'],
  },
  'a mount by its path': {
    want: { volumeMounts: [{ mountPath: '/tmp', readOnly: true }] },
    have: { volumeMounts: [{ mountPath: '/tmp' }] },
    found: ['volumeMounts[/tmp].readOnly'],
  },
  'a plain list by position and length': { want: { args: ['a', 'b'] }, have: { args: ['a', 'c'] }, found: ['args[1]'] },
  'a plain list that is longer': { want: { args: ['a'] }, have: { args: ['a', 'b'] }, found: ['args'] },
  'a key added to a selector': {
    want: { spec: { selector: { app: 'x' } } },
    have: { spec: { selector: { app: 'x', 'example.com/tier': 'y' } } },
    found: ['spec.selector.example.com/tier → /spec/selector/example.com~1tier'],
  },
  "a key added to labels is somebody else's business": {
    want: { labels: { a: '1' } },
    have: { labels: { a: '1', b: '2' } },
    found: [],
  },
  'no zero values, which the API server leaves out': { want: { a: '', b: false, c: 0, d: [] }, have: {}, found: [] },
  'zero against something': { want: { replicas: 0 }, have: { replicas: 2 }, found: ['replicas'] },
  'equal quantities in other words': {
    want: container({ resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: 2 } } }) as Record<
      string,
      unknown
    >,
    have: container({ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '2' } } }) as Record<
      string,
      unknown
    >,
    found: [],
  },
  'a different quantity': {
    want: container({ resources: { limits: { cpu: '1' } } }) as Record<string, unknown>,
    have: container({ resources: { limits: { cpu: '1500m' } } }) as Record<string, unknown>,
    found: ['spec.containers[app].resources.limits.cpu'],
  },
  'numbers in words elsewhere': { want: { value: '1' }, have: { value: '1000m' }, found: ['value'] },
};

describe('differences finds', () => {
  for (const [name, { want, have, found }] of Object.entries(cases)) {
    test(name, () => {
      const paths = differences(want, have).map(({ path, added }) =>
        added === undefined ? path : `${path} → ${added}`,
      );
      assert.deepEqual(paths, found);
    });
  }
});
