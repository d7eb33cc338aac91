import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../../src/runtime/config/config.ts';
import { parseConfig } from '../../../src/runtime/config/parse.ts';
import { RuntimeError } from '../../../src/runtime/errors.ts';
import { SettingsInForce } from '../../../src/runtime/supervisor/settings-in-force.ts';

const config = (more: object = {}): Config => parseConfig('f', { app: { wsgi: 'a:b' }, ...more });

test('what cannot be taken over is said once for each content, and what can be is taken over', () => {
  let found = (): Config => config();
  const said: unknown[] = [];
  const applied: (number | 'auto')[] = [];
  const settings = new SettingsInForce({
    config: config(),
    read: () => found(),
    apply: (live) => applied.push(live.workers.count),
    log: { error: (...what: readonly unknown[]) => said.push(what[0]) },
    surface: 'standalone',
  });
  const reread = (next: () => Config): unknown[] => {
    found = next;
    for (let i = 0; i < 3; i++) settings.reread();
    return said.splice(0);
  };
  const invalid = (): Config => {
    throw new RuntimeError('CONFIG_INVALID', 'f: workers.count must be a whole number');
  };
  const fixed = [{ code: 'CONFIG_FIXED' }];
  assert.deepEqual(reread(config), []);
  assert.deepEqual(
    reread(() => config({ workers: { backlog: 7 } })),
    fixed,
  );
  assert.deepEqual(
    reread(() => config({ workers: { backlog: 8 } })),
    fixed,
    'another content',
  );
  assert.deepEqual(
    reread(() => config({ workers: { backlog: 8, count: 5 } })),
    [],
    'the same of what is fixed',
  );
  assert.deepEqual(reread(invalid), [{ code: 'CONFIG_INVALID' }]);
  assert.deepEqual(reread(config), []);
  assert.deepEqual(reread(invalid), [{ code: 'CONFIG_INVALID' }], 'after it was well');
  assert.deepEqual(applied, [5, 2]);
});
