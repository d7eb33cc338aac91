import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Logger } from '../../../src/runtime/log/logger.ts';
import { levels, type LogRecord } from '../../../src/runtime/text/log-line.ts';

const date = (): string => '2026-01-02T03:04:05.678Z';

test('writes what its level lets through, and always what the application writes', () => {
  const table: Record<string, string[]> = {
    trace: ['debug', 'info', 'warn', 'error', 'fatal', 'info'],
    debug: ['debug', 'info', 'warn', 'error', 'fatal', 'info'],
    info: ['info', 'warn', 'error', 'fatal', 'info'],
    warn: ['warn', 'error', 'fatal', 'info'],
    error: ['error', 'fatal', 'info'],
    fatal: ['fatal', 'info'],
  };
  for (const level of levels) {
    const written: LogRecord[] = [];
    const logger = new Logger((record) => written.push(record), date);
    logger.level = level;
    for (const one of ['debug', 'info', 'warn', 'error', 'fatal'] as const) logger[one]({ one }, 'said');
    logger.output('info', { stream: 'stdout' }, 'printed');
    assert.deepEqual(
      written.map((record) => record.level),
      table[level],
    );
    assert.equal(written.at(-1)?.message, 'printed');
  }
});

test('a record has the time at which it was logged, and fields only if there are some', () => {
  const written: LogRecord[] = [];
  new Logger((record) => written.push(record), date).info('alone');
  assert.deepEqual(written, [{ level: 'info', time: date(), fields: {}, message: 'alone' }]);
});
