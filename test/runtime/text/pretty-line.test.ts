import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { prettyFactory } from 'pino-pretty';
import { levels, logLine, type LogRecord } from '../../../src/runtime/text/log-line.ts';
import { prettyLine, type Palette } from '../../../src/runtime/text/pretty-line.ts';
import { error, fields, text } from './log-records.ts';

const time = '2026-01-02T03:04:05.678Z';
const level = fc.constantFrom(...levels);
const palette = fc.constantFrom<Palette>('plain', 'coloured');

/** As the runtime's log was configured while pino-pretty wrote it. */
function pinoPretty(of: LogRecord, colours: Palette): string {
  const pretty = prettyFactory({
    colorize: colours === 'coloured',
    singleLine: true,
    translateTime: "UTC:yyyy-mm-dd'T'HH:MM:ss.l'Z'",
    ignore: 'pid,hostname',
  });
  return pretty(JSON.parse(logLine(of)));
}

/** Control characters differ on purpose. */
const harmless = text.map((one) => one.replaceAll(/\p{Cc}/gu, '.'));
/** pino-pretty loses fields whose names a prototype has, and the last digits of great numbers. */
const harmlessFields = fields.filter((own) => {
  const line = logLine(record(own, ''));
  return (
    !/[\u007F-\u009F]|__proto__|toString|constructor/.test(line) && `${JSON.stringify(JSON.parse(line))}\n` === line
  );
});

function record(own: LogRecord['fields'], message: string, at: LogRecord['level'] = 'info'): LogRecord {
  return { level: at, time, fields: own, message };
}

describe('a line of text', () => {
  test('is the line that pino-pretty writes', () => {
    fc.assert(
      fc.property(level, harmlessFields, harmless, palette, (at, own, message, colours) => {
        const one = record(own, message, at);
        assert.equal(prettyLine(one, colours), pinoPretty(one, colours));
      }),
    );
  });

  test('has the stack of an error below it, as pino-pretty does', () => {
    const err = Object.assign(new Error('outer\nline', { cause: new RangeError('cause') }), { code: 'E', list: [1] });
    const one = record({ path: '/x', err }, 'failed', 'error');
    assert.equal(prettyLine(one, 'coloured'), pinoPretty(one, 'coloured'));
    assert.match(prettyLine(one, 'plain'), /^\[\S+\] ERROR: failed \{"path":"\/x"\}\n {4}err: \{\n.*\n {4}\}\n$/s);
  });

  test('lets nothing act on a terminal, and nothing pass for another record', () => {
    fc.assert(
      fc.property(fields, error, text, (own, err, message) => {
        const written = prettyLine(record({ ...own, err }, message), 'plain');
        assert.doesNotMatch(written, /[^\P{Cc}\t\n]/u);
        assert.ok(written.endsWith('\n'));
        for (const line of written.slice(0, -1).split('\n').slice(1)) assert.match(line, /^ {4}/);
      }),
    );
    assert.equal(
      prettyLine(record({}, '\u001B[2Jgone\u009B31m'), 'plain'),
      `[${time}] INFO: \\u001b[2Jgone\\u009b31m\n`,
    );
  });
});
