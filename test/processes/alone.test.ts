// Without Kubernetes: a file, flags, several addresses and unix sockets, and sockets that a service manager hands over.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Terminal } from '../../e2e/harness/terminal.ts';
import { runtimeDir } from '../../scripts/build.ts';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { version } from '../../src/runtime/version.ts';
import { freePort } from '../free-port.ts';
import { Alone } from '../runtime/alone.ts';
import { applications, skip } from '../runtime/runtime-process.ts';

const root = applications({
  'app.py': `
def app(environ, start_response):
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`,
  'asgi_app.py': `
async def app(scope, receive, send):
    if scope["type"] != "lifespan":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
`,
  'server.js': `require('http').createServer((_, response) => response.end('ok')).listen(process.env.PORT);`,
});

function overSocket(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path: '/' }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
}

function alone(args: readonly string[]): Alone {
  return new Alone(args, { root });
}

async function admin(): Promise<string[]> {
  return ['--admin', `127.0.0.1:${await freePort()}`, '--control', 'off'];
}

describe('appserver-runtime', { skip, concurrency: 2 }, () => {
  const applicationFlags: Record<string, string[]> = {
    wsgi: ['--wsgi', 'app:app'],
    'wsgi, fast': ['--wsgi', 'app:app', '--class', 'fast'],
    asgi: ['--asgi', 'asgi_app:app'],
    node: ['--node', 'server.js'],
  };
  for (const [name, flags] of Object.entries(applicationFlags)) {
    test(`${name}: serves two ports and a unix socket, and takes the socket's file with it`, async () => {
      const [first, second, path] = [
        await freePort(),
        await freePort(),
        join(root, `${flags[1] ?? ''}.${flags.length}.sock`),
      ];
      const listen = [`127.0.0.1:${first}`, `127.0.0.1:${second}`, `unix:${path}`].flatMap((one) => ['--listen', one]);
      await using runtime = alone([...flags, ...listen, ...(await admin()), '--workers', '1']);
      await runtime.says('"worker ready"');
      for (const port of [first, second]) assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
      assert.equal(await overSocket(path), 200);
      assert.equal(statSync(path).mode & 0o777, 0o777, 'as gunicorn makes it');
      runtime.child.kill('SIGINT');
      assert.equal(await runtime.exited, 0);
      assert.equal(existsSync(path), false);
    });
  }

  test('says in its first line what runs where, and which version of the runtime runs it', async () => {
    const [listen, adminPort] = [`127.0.0.1:${await freePort()}`, await freePort()];
    const flags = ['--listen', listen, '--admin', `127.0.0.1:${adminPort}`, '--control', 'off', '--class', 'gthread'];
    await using runtime = alone(['--wsgi', 'app:app', ...flags]);
    await runtime.says('"worker ready"');
    const [line = ''] = runtime.output.split('\n');
    const { time, ...said } = JSON.parse(line) as { time: string };
    assert.deepEqual(said, {
      level: 'info',
      version,
      wsgi: 'app:app',
      class: 'gthread',
      workers: 2,
      listen,
      admin: `127.0.0.1:${adminPort}`,
      msg: 'listening',
    });
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  });

  test('goes on when the window of its terminal is resized', async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const addresses = `--listen 127.0.0.1:${port} --admin 127.0.0.1:${adminPort} --control off`;
    const variables = `PYTHONPATH=${pythonPackagesDir('newest')} PATH=${dirname(process.execPath)}:$PATH`;
    const program = join(runtimeDir, 'bin/appserver-runtime');
    await using terminal = new Terminal(`cd ${root} && ${variables} exec ${program} --wsgi app:app ${addresses}`);
    await terminal.shows(/worker ready/);
    await terminal.resize();
    // Which comes after it.
    terminal.kill('SIGUSR2');
    await terminal.shows(/\bstate\b/);
    assert.equal((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status, 200);
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    // The end of the terminal alone would be a HUP, which is a reload.
    terminal.pressCtrlC();
    await terminal.exited;
  });

  test('reads a file, takes live settings over on HUP, and says what needs a restart', async () => {
    const port = await freePort();
    const file = join(root, 'runtime.yaml');
    const write = (count: number, listen: number): void =>
      writeFileSync(
        file,
        `app: {wsgi: "app:app"}\nlisten: ["127.0.0.1:${listen}"]\nworkers: {count: ${count}, class: gthread}\n`,
      );
    write(1, port);
    await using runtime = alone(['--config', file, ...(await admin())]);
    await runtime.says('"worker ready"');
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    write(3, port + 1);
    runtime.child.kill('SIGHUP');
    await runtime.says('CONFIG_FIXED: listen cannot change while the runtime runs. Restart the runtime for it');
    await runtime.says('"workers":3,"msg":"settings changed"');
    await runtime.says('reload done');
    writeFileSync(file, 'workers: {count: many}\n');
    runtime.child.kill('SIGHUP');
    await runtime.says('CONFIG_INVALID');
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200, 'and it goes on');
  });

  test('takes sockets that a service manager hands over', async () => {
    const port = await freePort();
    // What systemd does: the sockets from descriptor 3 on, and the process id of who they are for.
    const script = `
import os, socket, sys
s = socket.socket(); s.bind(("127.0.0.1", ${port})); s.listen(16)
os.dup2(s.fileno(), 3); os.set_inheritable(3, True); os.environ["LISTEN_FDS"] = "1"; os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[1], sys.argv[1:])`;
    const args = ['--wsgi', 'app:app', '--listen', `127.0.0.1:${port}`, ...(await admin())];
    const child = spawn('python3', ['-c', script, join(runtimeDir, 'bin/appserver-runtime'), ...args], {
      cwd: root,
      env: {
        ...process.env,
        PYTHONPATH: pythonPackagesDir('newest'),
        PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      },
    });
    const exited = new Promise((resolve) => child.on('exit', resolve));
    const early = async (): Promise<number> => {
      for (let i = 0; i < 200; i++) {
        try {
          return (await fetch(`http://127.0.0.1:${port}/`)).status;
        } catch {
          await delay(20); // Not yet bound.
        }
      }
      throw new Error('nothing listens');
    };
    assert.equal(await early(), 200);
    child.kill('SIGINT');
    await exited;
  });

  test('leaves the socket of another program alone', async () => {
    const path = join(root, 'taken.sock');
    const server = createServer().listen(path);
    await using runtime = alone(['--wsgi', 'app:app', '--listen', `unix:${path}`, ...(await admin())]);
    assert.equal(await runtime.exited, 5);
    assert.match(runtime.output, /PORT_IN_USE: unix:.*taken\.sock is taken by another program/);
    assert.ok(existsSync(path));
    server.close();
  });

  const wrong: Record<string, { args: string[]; code: number; says: RegExp }> = {
    'no application': {
      args: [],
      code: 2,
      says: /CONFIG_INVALID: the command line must name exactly one application: wsgi, asgi, node or command\./,
    },
    'a file that is not there': {
      args: ['--config', 'nothing.yaml'],
      code: 2,
      says: /CONFIG_UNREADABLE: nothing\.yaml cannot be read/,
    },
    'a file whose name would colour the terminal': {
      args: ['--config', 'red\u001B[31m.yaml'],
      code: 2,
      says: /CONFIG_UNREADABLE: red\\u001b\[31m\.yaml cannot be read/,
    },
    'a number of workers that is none': {
      args: ['--wsgi', 'app:app', '--workers', 'many'],
      code: 2,
      says: /CONFIG_INVALID: --workers must be a whole number from 1 to 128\./,
    },
    'a module that does not exist': {
      args: ['--wsgi', 'nosuch:app', '--listen', '127.0.0.1:0', '--control', 'off', '--admin', '127.0.0.1:0'],
      code: 4,
      says: /APP_NOT_FOUND: there is no module nosuch in \S+\. Correct the name \(module:attribute\) behind --wsgi or --asgi, or --working-dir,/,
    },
    'a program that does not exist': {
      args: ['--listen', '127.0.0.1:0', '--control', 'off', '--admin', '127.0.0.1:0', '--', 'no-such-program'],
      code: 3,
      says: /PROGRAM_MISSING: .+\. Correct the command behind --;/,
    },
    'a directory that does not exist': {
      args: ['--wsgi', 'app:app', '--working-dir', '/nowhere', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
      code: 2,
      says: /WORKING_DIR_MISSING: there is no directory \/nowhere\. Correct --working-dir,/,
    },
    'an option that does not exist': { args: ['--nonsense'], code: 1, says: /unknown option '--nonsense'/ },
    'an address that is not this machine': {
      args: ['--wsgi', 'app:app', '--listen', '192.0.2.1:80', '--control', 'off', '--admin', '127.0.0.1:0'],
      code: 5,
      says: /LISTEN_FAILED: cannot listen on 192\.0\.2\.1:80: EADDRNOTAVAIL/,
    },
    'an admin port that is taken': {
      args: ['--wsgi', 'app:app', '--listen', '127.0.0.1:0', '--control', 'off', '--admin', 'ADMIN'],
      code: 5,
      says: /ADMIN_PORT_IN_USE/,
    },
  };
  for (const [name, { args, code, says }] of Object.entries(wrong)) {
    test(`ends with a code and a sentence: ${name}`, async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
      const address = taken.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await using runtime = alone(args.map((arg) => (arg === 'ADMIN' ? `127.0.0.1:${port}` : arg)));
      const ended = await runtime.exited;
      taken.close();
      assert.equal(ended, code, runtime.output);
      assert.match(runtime.output, says);
      assert.doesNotMatch(runtime.output, /\bspec\./, 'there is no AppServer here');
    });
  }

  const checked: Record<string, { args: string[]; code: number; says: RegExp }> = {
    'an application that can be loaded': {
      args: ['--wsgi', 'app:app', '--listen', '127.0.0.1:TAKEN'],
      code: 0,
      says: /the application was loaded and is ready to serve/,
    },
    'an application for Node': { args: ['--node', 'server.js'], code: 0, says: /is ready to serve/ },
    'a module that does not exist': {
      args: ['--wsgi', 'nosuch:app'],
      code: 4,
      says: /APP_NOT_FOUND: there is no module nosuch in \S+\. Correct the name .* behind --wsgi/,
    },
    'a configuration that is wrong': {
      args: ['--wsgi', 'app:app', '--listen', 'nowhere'],
      code: 2,
      says: /CONFIG_INVALID: --listen/,
    },
  };
  for (const [name, { args, code, says }] of Object.entries(checked)) {
    test(`--check says whether it would run: ${name}`, async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
      const address = taken.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await using runtime = alone(['--check', ...args.map((arg) => arg.replace('TAKEN', String(port)))]);
      const ended = await runtime.exited;
      taken.close();
      assert.equal(ended, code, runtime.output);
      assert.match(runtime.output, says);
      assert.equal(runtime.output.match(/Traceback/g)?.length ?? 0, code === 4 ? 1 : 0, 'told once');
    });
  }

  test('--help says what there is', async () => {
    await using runtime = alone(['--help']);
    assert.equal(await runtime.exited, 0);
    assert.match(runtime.output, /--wsgi <module:attribute>/);
  });
});
