// What a worker writes, as it stands in the log in each format.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApplicationOutput, type Stream } from '../../../src/runtime/log/application-output.ts';
import { formatter } from '../../../src/runtime/log/format.ts';
import { Logger } from '../../../src/runtime/log/logger.ts';

type Format = Parameters<typeof formatter>[0];

/** Without the times of the records that are ours. */
function written(format: Format, lines: readonly string[], stream: Stream = 'stdout'): string {
  let text = '';
  const inFormat = formatter(format, 'plain');
  const output = new ApplicationOutput({
    log: new Logger(
      (record) => (text += inFormat(record)),
      () => 'TIME',
    ),
    after: () => ({ cancel: () => undefined }),
    fields: { worker: 3 },
  });
  for (const line of lines) output.add(stream, line);
  output.flush();
  return text;
}

const pino = '{"level":50,"time":1767323045678,"pid":7,"hostname":"shop","msg":"failed","order":7}';

const table: Readonly<Record<string, Readonly<{ format: Format; lines: readonly string[]; expected: string }>>> = {
  'JSON in json is as it was, behind the worker': {
    format: 'json',
    lines: ['{"level":"error", "msg":"x", "n":1.0}'],
    expected: '{"worker":3,"level":"error", "msg":"x", "n":1.0}\n',
  },
  'JSON that names a worker itself is as it was': {
    format: 'json',
    lines: ['{"worker":"celery"}', String.raw`{"\u0077orker":1}`],
    expected: `{"worker":"celery"}\n${String.raw`{"\u0077orker":1}`}\n`,
  },
  'an empty object is JSON afterwards': {
    format: 'json',
    lines: ['{}', '{ }'],
    expected: '{"worker":3}\n{"worker":3 }\n',
  },
  'JSON in ecs has the worker as a label': {
    format: 'ecs',
    lines: ['{"message":"x"}', '{"labels":{"a":"b"}}'],
    expected: '{"labels.worker":"3","message":"x"}\n{"labels":{"a":"b"}}\n',
  },
  "JSON in text has pino's level, its message and its fields": {
    format: 'text',
    lines: [pino],
    expected: 'TIME ERROR   3 failed order=7\n',
  },
  'JSON in text with the names of others': {
    format: 'text',
    lines: ['{"severity":"WARNING","message":"late","a b":"c d"}', '{"event":"said","level":"critical"}', '{"a":1}'],
    expected: 'TIME WARN    3 late "a b"="c d"\nTIME FATAL   3 said\nTIME INFO    3 a=1\n',
  },
  'JSON in text that would act on a terminal': {
    format: 'text',
    lines: [String.raw`{"msg":"\u001b[31m","\u009bx":"\u202e"}`],
    expected: String.raw`TIME INFO    3 \u001b[31m \u009bx=\u202e` + '\n',
  },
  'what only looks like JSON is text': {
    format: 'json',
    lines: ['{"a":1} {"b":2}'],
    expected:
      String.raw`{"level":"info","time":"TIME","worker":3,"stream":"stdout","msg":"{\"a\":1} {\"b\":2}"}` + '\n',
  },
  'JSON ends a traceback, and comes behind it': {
    format: 'text',
    lines: ['Traceback (most recent call last):', '  File "x"', '{"msg":"next"}'],
    expected: 'TIME ERROR   3 Traceback (most recent call last):\n      File "x"\nTIME INFO    3 next\n',
  },
};

describe('what a worker writes', () => {
  for (const [name, { format, lines, expected }] of Object.entries(table)) {
    test(name, () => assert.equal(written(format, lines), expected));
  }

  test('stderr without a level is no error', () => {
    assert.match(written('json', ['plain'], 'stderr'), /"level":"info".*"stream":"stderr"/);
    assert.match(written('json', ['CRITICAL:root:x'], 'stderr'), /"level":"fatal"/);
  });

  test('lines of both streams come in the order in which they were written', () => {
    const messages: string[] = [];
    const output = new ApplicationOutput({
      log: new Logger(
        ({ message }) => messages.push(message),
        () => 'TIME',
      ),
      after: () => ({ cancel: () => undefined }),
      fields: {},
    });
    output.add('stdout', 'one');
    output.add('stderr', 'two');
    output.add('stdout', 'three');
    output.add('stderr', '{"four":4}');
    output.add('stderr', 'Traceback (most recent call last):');
    output.add('stdout', 'five');
    output.add('stderr', '  File "x"');
    output.flush();
    assert.deepEqual(messages, [
      'one',
      'two',
      'three',
      '{"four":4}',
      'five',
      'Traceback (most recent call last):\n  File "x"',
    ]);
  });
});
