// What an image brings that the runtime does not use is named, with what to do instead.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const files = {
  'app/app.py': `
def app(environ, start_response):
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`,
  'app/gunicorn.conf.py': 'workers = 4\n',
};

/** A folder that looks like a virtual environment with one package. */
function virtualEnvironment(folder: string, name: string): void {
  const site = join(folder, 'lib/python3.11/site-packages', name);
  mkdirSync(site, { recursive: true });
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(site, '__init__.py'), '');
  writeFileSync(join(folder, 'bin/python3'), '');
}

interface Case {
  /** Relative to a folder in which app/ is the working directory. */
  readonly folder: string;
  readonly env?: (root: string) => Readonly<Record<string, string>>;
  readonly app?: Pick<Options, 'app' | 'workers'>;
  readonly lacks?: string;
}

const places: Readonly<Record<string, Case>> = {
  'in the working directory': { folder: 'app/.venv' },
  'in a parent of it': { folder: '.venv' },
  'that VIRTUAL_ENV names': { folder: 'elsewhere', env: (root) => ({ VIRTUAL_ENV: join(root, 'elsewhere') }) },
  "in uv's own place": { folder: 'of-uv', env: (root) => ({ UV_PROJECT_ENVIRONMENT: join(root, 'of-uv') }) },
  "in poetry's cache": {
    folder: 'cache/virtualenvs/shop-Ab12-py3.11',
    env: (root) => ({ POETRY_CACHE_DIR: join(root, 'cache') }),
  },
  'for asgi': { folder: '.venv', app: { app: { asgi: 'app:app' } }, lacks: 'uvicorn' },
  'for class fast': {
    folder: '.venv',
    app: { app: { wsgi: 'app:app' }, workers: { class: 'fast' } },
    lacks: 'granian',
  },
};

describe('an image', { skip, concurrency: 2 }, () => {
  for (const [name, { folder, env, app = { app: { wsgi: 'app:app' } }, lacks = 'gunicorn' }] of Object.entries(
    places,
  )) {
    test(`with a virtual environment that is not on PATH, ${name}`, async () => {
      const root = applications(files);
      virtualEnvironment(join(root, folder), lacks);
      await using runtime = await Runtime.start({
        root: join(root, 'app'),
        ...app,
        env: { PYTHONPATH: '', ...env?.(root) },
      });
      assert.equal(await runtime.exited, 3, runtime.output);
      const place = join(root, folder);
      const words = runtime.lastWords();
      assert.match(
        words,
        new RegExp(`^VIRTUALENV_NOT_ON_PATH: \\S+ has no ${lacks}, but the virtual environment ${place} has; `),
      );
      // Behind it stands what python3 was found on, to which a launcher of Pythons may have added.
      assert.ok(words.includes(`PATH=${join(place, 'bin')}:`) && words.includes('. Set PATH to that value'), words);
    });
  }

  test('without the server anywhere is told to install it', async () => {
    const root = applications(files);
    virtualEnvironment(join(root, '.venv'), 'another');
    await using runtime = await Runtime.start({
      root: join(root, 'app'),
      app: { wsgi: 'app:app' },
      env: { PYTHONPATH: '' },
    });
    assert.equal(await runtime.exited, 3, runtime.output);
    assert.match(runtime.lastWords(), /^GUNICORN_MISSING: /);
  });

  test('with settings of other servers is told once which ones are not read', async () => {
    await using runtime = await Runtime.ready({
      root: join(applications(files), 'app'),
      app: { wsgi: 'app:app' },
      env: { WEB_CONCURRENCY: '7', GUNICORN_CMD_ARGS: '--workers 3' },
    });
    const said = runtime.log().filter(({ msg }) => msg === 'setting of another server is not read');
    assert.deepEqual(
      said.map(({ ignored, instead }) => [ignored, instead]),
      [
        ['WEB_CONCURRENCY', 'spec.workers.count'],
        ['GUNICORN_CMD_ARGS', 'spec.workers'],
        ['gunicorn.conf.py', 'spec.workers and spec.hooks.python'],
      ],
    );
    assert.equal((await runtime.status()).workers.desired, 2);
  });
});
