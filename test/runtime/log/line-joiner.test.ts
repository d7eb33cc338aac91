import fc from 'fast-check';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { LineJoiner } from '../../../src/runtime/log/line-joiner.ts';

type Joined = readonly [text: string, isTrace: boolean];

interface Bench {
  readonly joiner: LineJoiner;
  readonly records: Joined[];
  /** Lets time pass, in milliseconds. */
  readonly pass: (ms: number) => void;
}

function bench(): Bench {
  const records: Joined[] = [];
  let now = 0;
  let timers: { at: number; call: () => void }[] = [];
  const joiner = new LineJoiner({
    after: (ms, call) => {
      const timer = { at: now + ms, call };
      timers.push(timer);
      return { cancel: () => (timers = timers.filter((one) => one !== timer)) };
    },
    onRecord: (text, isTrace) => records.push([text, isTrace]),
  });
  return {
    joiner,
    records,
    pass: (ms) => {
      for (const end = now + ms; now < end;) {
        now += 1;
        const due = timers.filter(({ at }) => at <= now);
        timers = timers.filter(({ at }) => at > now);
        for (const { call } of due) call();
      }
    },
  };
}

function joined(text: string): readonly Joined[] {
  const { joiner, records: found, pass } = bench();
  for (const line of text.split('\n')) joiner.add(line);
  pass(200);
  return found;
}

/** What Python itself writes. */
function python(script: string): string {
  return spawnSync('python3', ['-c', script], { encoding: 'utf8' }).stderr.trimEnd();
}

function node(script: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'appserver-joiner-')), 'app.cjs');
  writeFileSync(file, script);
  const { stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  rmSync(dirname(file), { recursive: true });
  return stderr.trimEnd();
}

const traces: Readonly<{ [name: string]: string }> = {
  'a traceback of Python': python('def f():\n  raise ValueError("x")\nf()'),
  'one with its causes': python(
    'try:\n  try:\n    1/0\n  except Exception as e:\n    raise KeyError("k") from e\nexcept Exception:\n  int("x")',
  ),
  'a group of exceptions': python('raise ExceptionGroup("g", [ValueError(1), KeyError(2)])'),
  'an error that logging.exception() tells of': python(
    'import logging\ntry:\n  1/0\nexcept Exception:\n  logging.exception("boom")',
  ),
  'an error that nobody caught in Node': node('function f() { throw new Error("x") }\nf()'),
  'an error of Node with its cause and properties': node(
    'console.error(Object.assign(new Error("x", { cause: new TypeError("y") }), { code: "E" }))',
  ),
};

describe('lines that belong together', () => {
  for (const [name, text] of Object.entries(traces)) {
    test(`${name} is one record`, () => {
      assert.ok(text.split('\n').length > 3, text);
      const around = `before\n${text}\nafter`;
      const [first, ...rest] = joined(around);
      assert.deepEqual(first, ['before', false], around);
      assert.deepEqual(rest, [
        [text, true],
        ['after', false],
      ]);
    });
  }

  const apart: Readonly<{ [name: string]: readonly string[] }> = {
    'lines of text': ['one', 'two', 'three'],
    'lines that are indented': ['Routes:', '  /a', '  /b'],
    'empty lines': ['one', '', '', 'two'],
    'what stands before a traceback and has nothing to do with it': ['hello', 'hello again'],
    paths: ['/srv/app.js:3', 'next', 'and next', 'and last'],
  };
  for (const [name, lines] of Object.entries(apart)) {
    test(`${name} are not`, () => {
      assert.deepEqual(
        joined(lines.join('\n')),
        lines.map((line) => [line, false]),
      );
    });
  }

  test('a line alone waits 5 ms, and a traceback for its next line 100 ms at most', () => {
    const { joiner, records: found, pass } = bench();
    joiner.add('alone');
    pass(4);
    assert.deepEqual(found, []);
    pass(1);
    assert.deepEqual(found, [['alone', false]]);
    joiner.add('Traceback (most recent call last):');
    for (const line of ['  File "x", line 1', '    f()']) {
      pass(40);
      joiner.add(line);
    }
    assert.equal(found.length, 1);
    pass(100);
    assert.equal(found.length, 2);
  });

  test('whoever writes ends: what there is goes on at once', () => {
    const { joiner, records: found } = bench();
    joiner.add('Traceback (most recent call last):');
    joiner.flush();
    assert.deepEqual(found, [['Traceback (most recent call last):', true]]);
  });

  test('nothing is lost or put in another order, and no record is without bounds', () => {
    const line = fc.constantFrom(
      ...['', 'text', '  indented', 'Traceback (most recent call last):', 'ValueError: x', '    at f (/x.js:1:2)'],
      ...['During handling of the above exception, another exception occurred:', '/x.js:3', '}', 'Node.js v26.0.0'],
      'x'.repeat(20_000),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(line, fc.constantFrom(0, 0, 0, 60)), { maxLength: 400 }), (lines) => {
        const { joiner, records: found, pass } = bench();
        for (const [one, ms] of lines) {
          joiner.add(one);
          pass(ms);
        }
        pass(200);
        assert.equal(found.map(([text]) => text).join('\n'), lines.map(([one]) => one).join('\n'));
        for (const [text] of found) assert.ok(text.split('\n').length <= 200 && text.length <= 40_000);
      }),
    );
  });
});
