import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { levelOf } from '../../../src/runtime/log/level-words.ts';

const table: Record<string, Readonly<Record<string, string | undefined>>> = {
  "logging's own format": {
    'ERROR:root:boom': 'error',
    'WARNING:shop.orders:late': 'warn',
    'CRITICAL:root:x': 'fatal',
  },
  uvicorn: { 'INFO:     Started server process [7]': 'info', 'WARNING:  Invalid HTTP request received.': 'warn' },
  gunicorn: {
    '[2026-01-01 12:00:00 +0000] [7] [INFO] Booting worker': 'info',
    '[2026-01-01 12:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT': 'fatal',
  },
  'common formats of Python': {
    '2026-01-01 12:00:00,123 - shop.orders - ERROR - failed': 'error',
    '2026-01-01 12:00:00,123 ERROR failed': 'error',
    '2026-01-01 12:00:00,123 shop ERROR failed': 'error',
    '2026-01-01 12:00:00,123 [WARNING] shop: failed': 'warn',
    '2026-01-01 12:00:00.123 | DEBUG    | shop:run:7 - loguru': 'debug',
    'ERROR failed': 'error',
    '[DEBUG] x': 'debug',
  },
  Flask: { '[2026-01-01 12:00:00,123] ERROR in app: Exception on / [GET]': 'error' },
  winston: { 'error: failed': 'error', '2026-01-01T12:00:00.123Z error: failed': undefined },
  'text that only begins like one': {
    'ERRORS were found': undefined,
    INFORMATION: undefined,
    'Error: failed': undefined,
    'the word ERROR in a sentence': undefined,
    '': undefined,
  },
};

describe('the level of a line of text', () => {
  for (const [name, lines] of Object.entries(table)) {
    test(name, () => {
      for (const [line, level] of Object.entries(lines)) assert.equal(levelOf(line), level, line);
    });
  }

  test('is found in no time in lines that seem to begin with one for ever', () => {
    const begun = process.cpuUsage();
    for (let i = 0; i < 1_000; i++) levelOf(`2026-01-01 12:00:00${' -'.repeat(5_000)}${'a.'.repeat(5_000)}`);
    assert.ok(process.cpuUsage(begun).user < 1e6);
  });
});
