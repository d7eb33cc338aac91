import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { ecsLine } from '../../../src/runtime/text/ecs-line.ts';
import { levels, logLine, type Fields, type Level } from '../../../src/runtime/text/log-line.ts';
import { hasPlainNames } from './json-names.ts';
import { error, fields, text } from './log-records.ts';

const time = '2026-01-02T03:04:05.678Z';
const level = fc.constantFrom(...levels);

/** As the runtime's log was configured while pino wrote it. */
function pinoLine(at: Level, own: Fields, message: string): string {
  let written = '';
  const logger = pino(
    {
      level: 'trace',
      base: null,
      timestamp: () => `,"time":"${time}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void (written += line) },
  );
  logger[at](own, message);
  return written;
}

describe('a line of JSON', () => {
  test('is the line that pino writes, byte for byte', () => {
    fc.assert(
      fc.property(level, fields, text, (at, own, message) => {
        assert.equal(logLine({ level: at, time, fields: own, message }), pinoLine(at, own, message));
      }),
    );
  });

  test('spells an error out as pino does, with its causes', () => {
    fc.assert(
      fc.property(error, text, (err, message) => {
        assert.equal(logLine({ level: 'error', time, fields: { err }, message }), pinoLine('error', { err }, message));
      }),
    );
  });

  const values: Record<string, unknown> = {
    'an error of several': new AggregateError([new RangeError('a'), new Error('b', { cause: new Error('c') })], 'many'),
    'an error in a field of an error': Object.assign(new Error('outer'), { inner: new Error('inner') }),
    'an object that looks like an error': { message: 'm', stack: 's', code: 1 },
    'an error without a prototype': Object.assign(Object.create(null) as object, { message: 'm', name: 'N' }),
    'no error at all': 'text',
  };
  for (const [name, err] of Object.entries(values)) {
    test(`in err: ${name}`, () => {
      assert.equal(logLine({ level: 'warn', time, fields: { err }, message: '' }), pinoLine('warn', { err }, ''));
    });
  }

  test('holds an error that is among its own errors', () => {
    const err = Object.assign(new Error('outer'), { errors: [] as unknown[] });
    err.errors.push(err);
    const line: unknown = JSON.parse(logLine({ level: 'info', time, fields: { err }, message: '' }));
    assert.deepEqual((line as { err: { aggregateErrors: unknown } }).err.aggregateErrors, ['[Circular]']);
  });

  test('cuts what is circular, in depth and breadth, and nothing else', () => {
    const deep = Array.from({ length: 9 }).reduce<unknown>((inner) => ({ inner }), 1);
    const wide = Array.from({ length: 200 }, (_, i) => i);
    const parsed = (value: unknown): unknown =>
      (JSON.parse(logLine({ level: 'info', time, fields: { value }, message: '' })) as { value: unknown }).value;
    assert.deepEqual(parsed({ deep, wide }), { deep, wide });
    assert.equal(
      JSON.stringify(parsed({ deep, big: 1n })),
      '{"big":1,"deep":{"inner":{"inner":{"inner":{"inner":"[Object]"}}}}}',
    );
    assert.deepEqual(parsed([1n, ...wide]), [1, ...wide.slice(0, 99), '... 101 items not stringified']);
    const toJSON = (): never => {
      throw new Error('no');
    };
    assert.equal(parsed({ toJSON }), '[unable to serialize]');
  });
});

describe('a line of ECS', () => {
  const parsed = (own: Fields): unknown => JSON.parse(ecsLine({ level: 'info', time, fields: own, message: 'm' }));
  const always = { 'ecs.version': '9.4.0', 'log.level': 'info', '@timestamp': time, message: 'm' };

  test('has names of the schema, and the rest as labels', () => {
    assert.equal(
      ecsLine({ level: 'info', time, fields: { worker: 1, code: 'C', reason: 'age', stream: 'stdout' }, message: 'm' }),
      `{"ecs.version":"9.4.0","event.dataset":"appserver.stdout","log.level":"info","@timestamp":"${time}",` +
        '"error.code":"C","message":"m","labels":{"worker":"1","reason":"age"}}\n',
    );
    assert.deepEqual(parsed({}), { ...always, 'event.dataset': 'appserver.runtime' });
  });

  test('makes any field a label of text', () => {
    fc.assert(
      fc.property(fields, (own) => {
        fc.pre(hasPlainNames(logLine({ level: 'info', time, fields: own, message: '' })));
        const { labels = {} } = parsed(own) as { labels?: object };
        const names = Object.keys(JSON.parse(logLine({ level: 'info', time, fields: own, message: '' })) as object);
        const others = new Set(['level', 'time', 'msg', 'pid', 'code', 'cause', 'stream']);
        assert.deepEqual(
          Object.keys(labels),
          names.filter((one) => !others.has(one)),
        );
        for (const value of Object.values(labels)) assert.equal(typeof value, 'string');
      }),
    );
  });
});
