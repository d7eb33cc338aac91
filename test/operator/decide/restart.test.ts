import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { referencesOf } from '../../../src/operator/model/references.ts';
import { look, recorded, restart, type Restart, type RestartMark } from '../../../src/operator/decide/restart.ts';
import { absent, ContentKey, type Content } from '../../../src/operator/model/content-key.ts';

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
  const place = { kind: 'Secret', namespace: 'web', name: 'db' } as const;
  const key = new ContentKey(Buffer.alloc(32, 1));
  const otherKey = new ContentKey(Buffer.alloc(32, 2));
  const content = (text: string, resourceVersion: string, by = key): Content => ({
    hash: by.hash(place, text),
    resourceVersion,
  });
  const noted = (is: Content, by = key): string => JSON.stringify({ 'Secret/db': by.note(place, is) });
  const started = { contents: noted(content('a', '1')), mark: undefined };

  /** What is decided when there is this Secret, or none. */
  function decide(observed: RestartMark, found: Content | undefined, optional = false): Restart {
    const is = look(key, place, recorded(observed.contents).get('Secret/db'), { found, optional });
    return restart(observed, [{ ...db, optional }], new Map(is === undefined ? [] : [['Secret/db', is]]));
  }

  const cases: Record<
    string,
    {
      observed?: RestartMark;
      optional?: boolean;
      found?: Content;
      changed?: boolean;
      noted: string | undefined;
    }
  > = {
    'are left when contents are seen for the first time': {
      observed: { contents: undefined, mark: undefined },
      found: content('a', '1'),
      noted: noted(content('a', '1')),
    },
    'are left when nothing has changed': { found: content('a', '1'), noted: noted(content('a', '1')) },
    'are left, and nothing written, when labels have changed and no content': {
      found: content('a', '2'),
      noted: noted(content('a', '1')),
    },
    'are replaced when the content has': { found: content('b', '2'), changed: true, noted: noted(content('b', '2')) },
    'are left when what they use is deleted, which they would not start without': {
      noted: noted(content('a', '1')),
    },
    'are left when what they could do without is not there': {
      observed: { contents: undefined, mark: undefined },
      optional: true,
      noted: noted(absent),
    },
    'are replaced when something optional comes': {
      observed: { contents: noted(absent), mark: undefined },
      optional: true,
      found: content('a', '1'),
      changed: true,
      noted: noted(content('a', '1')),
    },
    'wait for what must be there, and are not replaced when it comes': {
      observed: { contents: undefined, mark: undefined },
      noted: undefined,
    },
    'are left by the release that writes notes in another form': {
      observed: { contents: '{"Secret/db":"0123456789abcdef@1"}', mark: 'm' },
      found: content('a', '1'),
      noted: noted(content('a', '1')),
    },
    'are left by that release also where something was noted as absent': {
      observed: { contents: '{"Secret/db":"absent"}', mark: 'm' },
      optional: true,
      found: content('a', '1'),
      noted: noted(content('a', '1')),
    },
    'are left when the operator has another key': {
      observed: { contents: noted(content('b', '1', otherKey), otherKey), mark: 'm' },
      found: content('a', '1'),
      noted: noted(content('a', '1')),
    },
    'are left when what the operator has noted with another key is gone': {
      observed: { contents: noted(content('b', '1', otherKey), otherKey), mark: 'm' },
      noted: noted(content('b', '1', otherKey), otherKey),
    },
    'are left when somebody has noted what the key says of another Secret': {
      observed: {
        contents: JSON.stringify({ 'Secret/db': key.note({ ...place, name: 'other' }, content('b', '1')) }),
        mark: 'm',
      },
      found: content('a', '1'),
      noted: noted(content('a', '1')),
    },
    'are left when somebody has made a note up': {
      observed: { contents: `{"Secret/db":"${key.id}.${'0'.repeat(32)}.${'0'.repeat(32)}@1"}`, mark: 'm' },
      found: content('a', '1'),
      noted: noted(content('a', '1')),
    },
    'are left when somebody has spoiled the note': {
      observed: { contents: 'nonsense', mark: 'm' },
      found: content('a', '1'),
      noted: noted(content('a', '1')),
    },
  };
  for (const [name, { observed = started, optional, found, changed = false, noted: expected }] of Object.entries(
    cases,
  )) {
    test(name, () => {
      const result = decide(observed, found, optional);
      assert.equal(result.now.contents, expected);
      assert.deepEqual(result.changed, changed ? ['Secret/db'] : []);
      assert.equal(result.now.mark !== observed.mark, changed);
    });
  }

  test('that have to wait are noted with what they were started with', () => {
    assert.deepEqual(decide(started, content('b', '2')).later, started);
  });

  test('are not replaced again for the same content', () => {
    const { now } = decide(started, content('b', '2'));
    const again = decide(now, content('b', '2'));
    assert.deepEqual([again.now, again.changed], [now, []]);
  });

  test('are left, and their note with them, as long as nothing is looked at', () => {
    const result = restart(started, [db], new Map());
    assert.deepEqual([result.now, result.changed], [started, []]);
  });

  test('are left whatever somebody writes into the note, and it is replaced by one', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.dictionary(fc.constantFrom('Secret/db', '__proto__', 'x'), fc.string()).map((note) => JSON.stringify(note)),
      fc
        .tuple(fc.constantFrom('0', '7', 'f'), fc.string(), fc.constantFrom('absent', '0'.repeat(32)))
        .map(([digit, version, hash]) =>
          JSON.stringify({ 'Secret/db': `${key.id}.${hash}.${digit.repeat(32)}@${version}` }),
        ),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (contents, optional) => {
        const result = decide({ contents, mark: 'm' }, content('a', '1'), optional);
        assert.deepEqual(result.changed, []);
        assert.deepEqual(result.now, { contents: noted(content('a', '1')), mark: 'm' });
      }),
      { numRuns: 500 },
    );
  });

  test('nothing is read of a note that is too long to be one', () => {
    const long = JSON.stringify({ 'Secret/db': key.note(place, absent), 'Secret/x': 'x'.repeat(200_000) });
    assert.equal(recorded(long).size, 0);
    assert.equal(recorded(`{"Secret/db":"${'x'.repeat(300)}"}`).size, 0);
  });
});
