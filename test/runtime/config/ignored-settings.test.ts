import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Application } from '../../../src/runtime/config/config.ts';
import { ignoredSettings } from '../../../src/runtime/config/ignored-settings.ts';
import { parseConfig } from '../../../src/runtime/config/parse.ts';

const application = (app: object, more: object = {}): Application => parseConfig('file', { app, ...more }).fixed.app;
const wsgi = application({ wsgi: 'shop:app' });
const asgi = application({ asgi: 'shop:app' });
const node = application({ node: 'server.js' });

interface Case {
  readonly app: Application;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly ignored: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  'nothing is said of an image that brings nothing': { app: wsgi, env: { PATH: '/bin', PORT: '80' }, ignored: [] },
  "gunicorn's arguments": {
    app: wsgi,
    env: { GUNICORN_CMD_ARGS: '-w 4' },
    ignored: ['GUNICORN_CMD_ARGS: spec.workers'],
  },
  'the number of processes': {
    app: asgi,
    env: { WEB_CONCURRENCY: '4' },
    ignored: ['WEB_CONCURRENCY: spec.workers.count'],
  },
  "uvicorn's options, each of them": {
    app: asgi,
    env: { UVICORN_PORT: '1', UVICORN_HOST: 'a', UVICORNS: 'b' },
    ignored: ['UVICORN_HOST: spec.workers', 'UVICORN_PORT: spec.workers'],
  },
  "uvicorn's options that are read": {
    app: asgi,
    env: { UVICORN_WS_MAX_SIZE: '1', UVICORN_LOOP: 'asyncio', UVICORN_WORKERS: '3' },
    ignored: ['UVICORN_WORKERS: spec.workers'],
  },
  "uvicorn's options do not concern wsgi": { app: wsgi, env: { UVICORN_PORT: '1' }, ignored: [] },
  "uWSGI's options and file": {
    app: wsgi,
    env: { UWSGI_HTTP: ':80' },
    files: ['uwsgi.ini'],
    ignored: ['UWSGI_HTTP: spec.workers', 'uwsgi.ini: spec.workers'],
  },
  "a file of gunicorn's settings": {
    app: wsgi,
    files: ['gunicorn.conf.py'],
    ignored: ['gunicorn.conf.py: spec.workers and spec.hooks.python'],
  },
  'a file whose functions are hooks': {
    app: application({ wsgi: 'shop:app' }, { hooks: { python: 'gunicorn.conf' } }),
    files: ['gunicorn.conf.py'],
    ignored: [],
  },
  "PM2's file and variables": {
    app: node,
    env: { PM2_HOME: '/pm2' },
    files: ['ecosystem.config.js', 'package.json'],
    ignored: ['PM2_HOME: spec.workers', 'ecosystem.config.js: spec.workers'],
  },
};

describe('settings of others that are not read are named:', () => {
  for (const [name, { app, env = {}, files = [], ignored }] of Object.entries(cases)) {
    test(name, () => {
      const found = ignoredSettings(app, env, (file) => files.includes(file), 'pod');
      assert.deepEqual(
        found.map((one) => `${one.ignored}: ${one.instead}`),
        ignored,
      );
    });
  }
});

test("what is read of uvicorn's options is what its worker reads", () => {
  const source = join(import.meta.dirname, '../../../src/runtime/workers/python/appserver_worker/uvicorn_options.py');
  const [, names = ''] = /^NAMES = \(([^)]*)\)/m.exec(readFileSync(source, 'utf8')) ?? [];
  const read = [...names.matchAll(/"(\w+)"/g)].map(([, name = '']) => `UVICORN_${name.toUpperCase()}`);
  assert.ok(read.length > 10);
  const env = Object.fromEntries([...read, 'UVICORN_PORT'].map((name) => [name, 'x']));
  assert.deepEqual(
    ignoredSettings(asgi, env, () => false, 'pod').map(({ ignored }) => ignored),
    ['UVICORN_PORT'],
  );
});
