import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { prettyFactory } from 'pino-pretty';
import { levels, logLine, type Fields, type LogRecord } from '../../../src/runtime/text/log-line.ts';
import { prettyLine } from '../../../src/runtime/text/pretty-line.ts';
import { error, fields, text } from './log-records.ts';

const time = '2026-01-02T03:04:05.678Z';

function record(own: Fields, message: string, level: LogRecord['level'] = 'info'): LogRecord {
  return { level, time, fields: own, message };
}

describe('a line of text', () => {
  const table: Record<string, readonly [LogRecord, string]> = {
    "the runtime's own has no worker": [record({}, 'phase changed'), `${time} INFO    - phase changed\n`],
    'fields follow the message': [
      record({ phase: 'serving', workers: 4, ok: true }, 'phase changed'),
      `${time} INFO    - phase changed phase=serving workers=4 ok=true\n`,
    ],
    'values that are no word are JSON': [
      record({ cause: 'two words', empty: '', list: [1, 'a'], equal: 'a=b', quote: '"' }, 'm'),
      `${time} INFO    - m cause="two words" empty="" list=[1,"a"] equal="a=b" quote="\\""\n`,
    ],
    'a worker has a column, and its stream and process are left out': [
      record({ worker: 12, stream: 'stderr', pid: 7 }, 'said', 'warn'),
      `${time} WARN   12 said\n`,
    ],
    'lines after the first are indented': [
      record({ worker: 1 }, 'Traceback\n  File\nError: x', 'error'),
      `${time} ERROR   1 Traceback\n      File\n    Error: x\n`,
    ],
    'a field of several lines stands below': [
      record({ worker: 1, stack: 'Error: x\n    at y' }, 'failed', 'error'),
      `${time} ERROR   1 failed\n    stack: Error: x\n        at y\n`,
    ],
    'an error that is text is a field': [record({ error: 'refused' }, 'm'), `${time} INFO    - m error=refused\n`],
    'what would act on a terminal is spelled out': [
      record({ worker: 1, a: '\u009B31m' }, '\u001B[2Jgone\u202E'),
      `${time} INFO    1 \\u001b[2Jgone\\u202e a=\\u009b31m\n`,
    ],
  };
  for (const [name, [one, expected]] of Object.entries(table)) {
    test(name, () => assert.equal(prettyLine(one, 'plain'), expected));
  }

  test('has colours for level and fields', () => {
    assert.equal(
      prettyLine(record({ a: 1 }, 'm', 'error'), 'coloured'),
      `${time} \u001B[31mERROR\u001B[39m   - m \u001B[90ma=1\u001B[39m\n`,
    );
  });

  test('has the stack of an error below it, as pino-pretty does', () => {
    const err = Object.assign(new Error('outer\nline', { cause: new RangeError('cause') }), { code: 'E', list: [1] });
    const one = record({ path: '/x', err }, 'failed', 'error');
    const below = (line: string): string => line.slice(line.indexOf('\n'));
    const pretty = prettyFactory({ colorize: false, singleLine: true });
    assert.equal(below(prettyLine(one, 'plain')), below(pretty(JSON.parse(logLine(one)))));
  });

  test('lets nothing act on a terminal, and nothing pass for another record', () => {
    fc.assert(
      fc.property(fc.constantFrom(...levels), fields, error, text, (level, own, err, message) => {
        const written = prettyLine(record({ ...own, err }, message, level), 'plain');
        assert.doesNotMatch(written, /[^\P{Cc}\t\n]|[\u200B-\u200F\u202A-\u202E\u2066-\u2069]/u);
        assert.ok(written.endsWith('\n'));
        for (const line of written.slice(0, -1).split('\n').slice(1)) assert.match(line, /^ {4}/);
      }),
    );
  });
});
