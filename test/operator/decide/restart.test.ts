import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { referencesOf, type ReferenceId } from '../../../src/operator/model/references.ts';
import { restart } from '../../../src/operator/decide/restart.ts';

describe('references of a pod template', () => {
  const container = { name: 'app' };
  const cases: Record<string, [spec: object, references: string[]]> = {
    'are none without any': [{ containers: [container] }, []],
    'are those of variables': [
      {
        containers: [
          {
            env: [
              { name: 'A', valueFrom: { secretKeyRef: { name: 'db', key: 'url' } } },
              { name: 'B', valueFrom: { configMapKeyRef: { name: 'flags', key: 'b' } } },
              { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'D', value: 'plain' },
            ],
          },
        ],
      },
      ['ConfigMap/flags', 'Secret/db'],
    ],
    'are those of lists of variables, each once': [
      { containers: [{ envFrom: [{ secretRef: { name: 'db' } }, { secretRef: { name: 'db' }, prefix: 'X_' }] }] },
      ['Secret/db'],
    ],
    'are those of volumes': [
      {
        containers: [container],
        volumes: [
          { name: 'certificates', secret: { secretName: 'tls' } },
          { name: 'settings', configMap: { name: 'settings' } },
          { name: 'all', projected: { sources: [{ secret: { name: 'token' } }, { configMap: { name: 'ca' } }] } },
          { name: 'scratch', emptyDir: {} },
        ],
      },
      ['ConfigMap/ca', 'ConfigMap/settings', 'Secret/tls', 'Secret/token'],
    ],
    'are those of init containers': [
      { containers: [container], initContainers: [{ envFrom: [{ configMapRef: { name: 'first' } }] }] },
      ['ConfigMap/first'],
    ],
    "are not the operator's own": [
      { containers: [container], volumes: [{ name: 'live-config', configMap: { name: 'shop-live' } }] },
      [],
    ],
    'are optional where every use is': [
      { containers: [{ envFrom: [{ secretRef: { name: 'a', optional: true } }] }] },
      ['Secret/a (optional)'],
    ],
    'are not optional where one use is not': [
      { containers: [{ envFrom: [{ secretRef: { name: 'a', optional: true } }, { secretRef: { name: 'a' } }] }] },
      ['Secret/a'],
    ],
    'are none of what the API server will refuse': [{ containers: [{ env: 'x', envFrom: [{ secretRef: 7 }] }] }, []],
  };
  for (const [name, [spec, expected]] of Object.entries(cases)) {
    test(name, () => {
      const found = referencesOf({ spec });
      assert.deepEqual(
        found.map((one) => `${one.kind}/${one.name}${one.optional ? ' (optional)' : ''}`),
        expected,
      );
    });
  }
});

describe('pods', () => {
  const db = { kind: 'Secret', name: 'db', optional: false } as const;
  const started = { contents: '{"Secret/db":"aaa@1"}', mark: undefined };
  const contents = (is: string): Map<ReferenceId, string> => new Map([['Secret/db', is]]);

  const cases: Record<
    string,
    {
      observed?: { contents: string | undefined; mark: string | undefined };
      optional?: boolean;
      found?: Map<ReferenceId, string>;
      changed?: boolean;
      noted: string | undefined;
    }
  > = {
    'are left when contents are seen for the first time': {
      observed: { contents: undefined, mark: undefined },
      found: contents('aaa@1'),
      noted: '{"Secret/db":"aaa@1"}',
    },
    'are left when nothing has changed': { found: contents('aaa@1'), noted: '{"Secret/db":"aaa@1"}' },
    'are left, and nothing written, when labels have changed and no content': {
      found: contents('aaa@2'),
      noted: '{"Secret/db":"aaa@1"}',
    },
    'are replaced when the content has': { found: contents('bbb@2'), changed: true, noted: '{"Secret/db":"bbb@2"}' },
    'are left when what they use is deleted, which they would not start without': {
      noted: '{"Secret/db":"aaa@1"}',
    },
    'are replaced when something optional comes': {
      observed: { contents: '{"Secret/db":"absent"}', mark: undefined },
      optional: true,
      found: contents('aaa@1'),
      changed: true,
      noted: '{"Secret/db":"aaa@1"}',
    },
    'wait for what must be there, and are not replaced when it comes': {
      observed: { contents: undefined, mark: undefined },
      noted: undefined,
    },
    'are left when somebody has spoiled the note': {
      observed: { contents: 'nonsense', mark: 'm' },
      found: contents('aaa@1'),
      noted: '{"Secret/db":"aaa@1"}',
    },
  };
  for (const [
    name,
    { observed = started, optional = false, found = new Map(), changed = false, noted },
  ] of Object.entries(cases)) {
    test(name, () => {
      const result = restart(observed, [{ ...db, optional }], found);
      assert.equal(result.now.contents, noted);
      assert.deepEqual(result.changed, changed ? ['Secret/db'] : []);
      assert.equal(result.now.mark !== observed.mark, changed);
    });
  }

  test('that have to wait are noted with what they were started with', () => {
    const { later } = restart(started, [db], contents('bbb@2'));
    assert.deepEqual(later, started);
  });

  test('are not replaced again for the same content', () => {
    const { now } = restart(started, [db], contents('bbb@2'));
    const again = restart(now, [db], contents('bbb@2'));
    assert.deepEqual([again.now, again.changed], [now, []]);
  });
});
