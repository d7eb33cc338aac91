import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { accessLogFormat } from '../../../src/runtime/config/config.ts';
import { readFolders, readYaml } from '../../../src/runtime/config/files.ts';
import { parseConfig } from '../../../src/runtime/config/parse.ts';
import { RuntimeError } from '../../../src/runtime/errors.ts';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';

const { files } = nodeHost();
const dir = mkdtempSync(join(tmpdir(), 'appserver-config-'));
after(() => rmSync(dir, { recursive: true }));

const wsgi = { app: { wsgi: 'shop:app' } };

describe('configuration', () => {
  test('an application alone is enough', () => {
    const { fixed, live } = parseConfig('f', wsgi);
    assert.deepEqual(fixed.app, {
      kind: 'wsgi',
      target: 'shop:app',
      args: [],
      workingDir: undefined,
      class: 'sync',
      threads: 1,
      preload: false,
      preloadThreads: false,
      rootPath: undefined,
      pythonPath: [],
      hooks: undefined,
    });
    assert.deepEqual(fixed.listen, ['0.0.0.0:8000']);
    assert.equal(live.workers.count, 2);
    assert.equal(live.workers.requestTimeoutMs, 60_000);
  });

  test("the operator's two files become one document", () => {
    writeFileSync(join(dir, 'runtime.json'), JSON.stringify({ ...wsgi, workers: { class: 'gthread', threads: 4 } }));
    writeFileSync(
      join(dir, 'live.json'),
      JSON.stringify({ revision: 'abc', workers: { count: 'auto', recycle: { requests: 100, memory: '300Mi' } } }),
    );
    const { fixed, live } = readFolders(files, dir, dir);
    assert.equal(fixed.app.kind === 'wsgi' && fixed.app.threads, 4);
    assert.equal(live.revision, 'abc');
    assert.equal(live.workers.count, 'auto');
    assert.deepEqual(live.workers.recycle, { requests: 100, jitter: 0, memory: 300 * 2 ** 20, lifetimeMs: 0 });
  });

  test('what stands on the command line stands above the file', () => {
    writeFileSync(join(dir, 'runtime.yaml'), 'app: {asgi: "shop:app"}\nworkers: {count: 3}\nlisten: ["unix:/run/a"]\n');
    const { fixed, live } = readYaml(files, join(dir, 'runtime.yaml'), { overrides: { listen: ['[::]:8001'] } });
    assert.equal(fixed.app.kind, 'asgi');
    assert.deepEqual(fixed.listen, ['[::]:8001']);
    assert.equal(live.workers.count, 3);
  });

  const named: Record<string, [file: boolean, flags: object, says: RegExp]> = {
    'an option': [false, { ...wsgi, workers: { count: 'many' } }, /^--workers must be a whole number/],
    'an option that stands above a file': [true, { workers: { count: 'many' } }, /^--workers must be a whole number/],
    'an address that is an option': [true, { listen: ['nowhere'] }, /^--listen must hold addresses/],
    'a field of the file': [true, { app: { workingDir: '/' }, logging: {} }, /runtime\.yaml: workers\.count must be/],
    'no application': [false, { workers: { count: 1 } }, /^the command line must name exactly one application/],
    'an application beside that of the file': [
      true,
      { ...wsgi, workers: { count: 1 } },
      /runtime\.yaml: app must name/,
    ],
  };
  for (const [what, [file, flags, says]] of Object.entries(named)) {
    test(`an error names ${what} as the user has written it`, () => {
      const path = join(dir, 'runtime.yaml');
      writeFileSync(path, 'app: {asgi: "shop:app"}\nworkers: {count: many}\n');
      assert.throws(
        () => readYaml(files, file ? path : undefined, { overrides: flags }),
        (error: unknown) => error instanceof RuntimeError && says.test(error.message),
      );
    });
  }

  const durations: Record<string, number> = { '500ms': 500, '30s': 30_000, '1m30s': 90_000, '1h': 3_600_000 };
  for (const [text, ms] of Object.entries(durations)) {
    test(`${text} is a duration`, () => {
      assert.equal(parseConfig('f', { ...wsgi, workers: { bootTimeout: text } }).live.workers.bootTimeoutMs, ms);
    });
  }

  const wrong: Record<string, [document: object, says: string]> = {
    'no application': [{}, 'app must name exactly one application: wsgi, asgi, node or command'],
    'two applications': [{ app: { wsgi: 'a:b', node: 'c.js' } }, 'app must name exactly one application'],
    'an application without a name': [{ app: { wsgi: '' } }, 'app.wsgi must be a string that is not empty'],
    'a field that does not exist': [
      { ...wsgi, workers: { cuont: 2 } },
      'workers has a field cuont that does not exist; there are class, threads',
    ],
    'a list that is none': [{ ...wsgi, listen: '0.0.0.0:80' }, 'listen must be a list of strings'],
    'an address without a port': [{ ...wsgi, listen: ['localhost'] }, 'listen must hold addresses such as'],
    'a proxy by its name': [{ ...wsgi, trustedProxies: ['proxy'] }, 'trustedProxies must hold addresses, networks'],
    'a network that cannot be': [{ ...wsgi, trustedProxies: ['10.0.0.0/33'] }, 'trustedProxies must hold addresses'],
    'a root path for wsgi': [{ app: { wsgi: 'shop:app', rootPath: '/shop' } }, 'app.rootPath is for asgi; with wsgi'],
    'a root path that ends with a slash': [
      { app: { asgi: 'shop:app', rootPath: '/shop/' } },
      'app.rootPath must begin',
    ],
    'headers without room': [{ ...wsgi, workers: { maxHeaderSize: '100' } }, 'workers.maxHeaderSize must be from 1Ki'],
    'headers of a program': [
      { app: { command: './shop' }, workers: { maxHeaderSize: '32Ki' } },
      'workers.maxHeaderSize is for wsgi, asgi and node',
    ],
    'no address': [{ ...wsgi, listen: [] }, 'listen must name from 1 to 16 addresses'],
    'an admin address without a port': [{ ...wsgi, admin: 'localhost' }, 'admin must be an address such as'],
    'an unknown worker class': [
      { ...wsgi, workers: { class: 'tornado' } },
      'workers.class must be one of sync, gthread, gevent, fast',
    ],
    'threads of a class that has none': [
      { ...wsgi, workers: { threads: 4 } },
      'workers.threads above 1 needs workers.class: gthread or fast',
    ],
    'a worker class for asgi': [
      { app: { asgi: 'a:b' }, workers: { class: 'sync' } },
      'workers.class is for wsgi; an asgi worker has one event loop',
    ],
    'no workers': [{ ...wsgi, workers: { count: 0 } }, 'workers.count must be a whole number from 1 to 128'],
    'a backlog of text': [{ ...wsgi, workers: { backlog: 'x' } }, 'workers.backlog must be a whole number from 1'],
    'no time to boot': [{ ...wsgi, workers: { bootTimeout: '0s' } }, 'workers.bootTimeout must be a duration such as'],
    'a number for a duration': [
      { ...wsgi, workers: { keepAlive: 75 } },
      'workers.keepAlive must be a duration such as',
    ],
    'a heartbeat too quick to keep': [
      { ...wsgi, workers: { heartbeatTimeout: '10ms' } },
      'workers.heartbeatTimeout must be a duration such as 30s or 500ms, from 3 s to 24 h',
    ],
    'a memory that is no quantity': [
      { ...wsgi, workers: { recycle: { memory: 'much' } } },
      'workers.recycle.memory must be a quantity such as 300Mi',
    ],
    'a negative jitter': [
      { ...wsgi, workers: { recycle: { jitter: -1 } } },
      'workers.recycle.jitter must be a whole number',
    ],
    'a drain that ends before it begins': [
      { ...wsgi, drain: { minimum: '10s', maximum: '5s' } },
      'drain.maximum must not be shorter than drain.minimum',
    ],
    'more ready workers than workers': [
      { ...wsgi, probes: { readyWorkers: 3 } },
      'probes.readyWorkers must be a whole number from 1 to 2',
    ],
    'a hook without a program': [
      { ...wsgi, hooks: { beforeStart: {} } },
      'hooks.beforeStart.command must name a program',
    ],
    'an unknown moment': [{ ...wsgi, hooks: { sometime: {} } }, 'hooks has a field sometime that does not exist'],
    'an unknown log level': [
      { ...wsgi, logging: { level: 'loud' } },
      'logging.level must be one of trace, debug, info, warn, error',
    ],
    'a log format that does not exist': [{ ...wsgi, logging: { format: 'xml' } }, 'logging.format must be one of'],
    'a flag that is text': [{ ...wsgi, logging: { accessLog: 'yes' } }, 'logging.accessLog must be true or false'],
  };
  for (const [name, [document, says]] of Object.entries(wrong)) {
    test(`refuses ${name}, naming file and field`, () => {
      assert.throws(
        () => parseConfig('file.yaml', document),
        (error: unknown) =>
          error instanceof RuntimeError &&
          error.code === 'CONFIG_INVALID' &&
          error.message.startsWith(`file.yaml: ${says}`),
      );
    });
  }

  test('tells a file that is missing from one that cannot be parsed', () => {
    writeFileSync(join(dir, 'runtime.json'), '{');
    assert.throws(() => readFolders(files, dir, dir), { code: 'CONFIG_INVALID' });
    assert.throws(() => readFolders(files, join(dir, 'nowhere'), dir), { code: 'CONFIG_UNREADABLE' });
  });

  test('the access log has colours on a terminal only, and only in text', () => {
    const format = (logging: object, terminal: boolean): string =>
      accessLogFormat(parseConfig('f', { ...wsgi, logging: { accessLog: true, ...logging } }).live, terminal);
    assert.equal(format({ format: 'text' }, true), 'colour');
    assert.equal(format({ format: 'text' }, false), 'text');
    assert.equal(format({ format: 'ecs' }, true), 'ecs');
    assert.equal(format({ accessLog: false }, true), 'off');
  });
});
