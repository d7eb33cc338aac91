// Workers that do what no worker should: the runtime and the other workers go on.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'app.py': `
import os, signal, socket, sys, time
def listeners():
    for fd in range(3, 64):
        try:
            one = socket.socket(fileno=os.dup(fd))
        except OSError:
            continue
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            yield fd, one
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/blocking":
        for _, one in listeners():
            one.setblocking(True)
    if path == "/close":
        for fd, _ in listeners():
            os.close(fd)
    if path == "/shutdown":
        for _, one in listeners():
            one.shutdown(socket.SHUT_RDWR)
    if path == "/double-fork":
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(0.3)
            os._exit(0)
        os.wait()
    if path == "/ignore-term":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if path == "/binary":
        os.write(1, bytes(range(256)) * 4096)
        os.write(2, b"\\x00" * 100000)
    if path == "/truncate":
        sizes = set()
        for fd in range(3, 64):
            try:
                if os.readlink(f"/proc/self/fd/{fd}").startswith("/memfd:"):
                    for size in (0, 1 << 24):
                        try:
                            os.ftruncate(fd, size)
                        except PermissionError:
                            pass
                        sizes.add(os.fstat(fd).st_size)
            except FileNotFoundError:
                pass
        start_response("200 OK" if len(sizes) == 1 and min(sizes) > 0 else "500 Not Refused", [("content-length", "2")])
        return [b"ok"]
    if path == "/slow":
        time.sleep(0.3)
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`,
});

const options: Options = { root, app: { wsgi: 'app:app' }, live: { workers: { gracefulTimeout: '1s' } } };

async function allReady(runtime: Runtime): Promise<void> {
  await runtime.until('both ready', async () => (await runtime.status()).workers.ready === 2);
}

function processes(under: number | undefined): number[] {
  const tasks = `/proc/${under}/task`;
  return readdirSync(tasks).flatMap((task) =>
    readFileSync(`${tasks}/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  );
}

describe('a hostile worker', { skip, concurrency: 2 }, () => {
  test('that changes the size of the shared memory is refused, and workers go on being replaced', async () => {
    await using runtime = await Runtime.ready(options);
    await allReady(runtime);
    assert.equal(await runtime.fetch('/truncate'), 200);
    const [victim] = await runtime.readyWorkers();
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await runtime.until('replaced', async () => {
      const { restarts, workers } = await runtime.status();
      return restarts['WORKER_KILLED'] === 1 && workers.ready === 2;
    });
  });

  test('that makes the shared socket blocking hangs nobody', async () => {
    await using runtime = await Runtime.ready(options);
    await allReady(runtime);
    for (let i = 0; i < 4; i++) assert.equal(await runtime.fetch('/blocking'), 200);
    const answers = await Promise.all(Array.from({ length: 20 }, () => runtime.fetch()));
    assert.ok(answers.every((status) => status === 200));
    runtime.child.kill('SIGTERM');
    assert.equal(await runtime.exited, 0);
  });

  test('that closes its listening socket is replaced or idle, and the others serve', async () => {
    await using runtime = await Runtime.ready(options);
    await allReady(runtime);
    await runtime.fetch('/close').catch(() => 0);
    // What it has accepted on whatever its descriptor has become is in its own hands.
    await runtime.until('the others serve', async () => {
      const answers = [];
      for (let i = 0; i < 20; i++) answers.push(await runtime.fetch());
      return answers.every((status) => status === 200);
    });
  });

  test('that shuts the shared socket down takes the runtime with it in order, for a new start', async () => {
    await using runtime = await Runtime.ready(options);
    await allReady(runtime);
    await runtime.fetch('/shutdown');
    assert.equal(await runtime.exited, 5);
    assert.match(runtime.lastWords(), /^SOCKET_SHUT_DOWN: /);
  });

  test('that forks twice leaves no zombie', async () => {
    await using runtime = await Runtime.ready(options);
    assert.equal(await runtime.fetch('/double-fork'), 200);
    await delay(500);
    await runtime.until('reaped', () => processes(runtime.child.pid).length === 1);
  });

  test('that ignores TERM is killed at the deadline', async () => {
    await using runtime = await Runtime.ready({
      ...options,
      live: { workers: { count: 1, gracefulTimeout: '500ms' } },
    });
    assert.equal(await runtime.fetch('/ignore-term'), 200);
    runtime.child.kill('SIGTERM');
    assert.equal(await runtime.exited, 0);
    assert.match(runtime.output, /did not end within 0\.5 s of being asked to/);
  });

  test('that fills its output with binary is heard and does no harm', async () => {
    await using runtime = await Runtime.ready(options);
    assert.equal(await runtime.fetch('/binary'), 200);
    assert.equal(await runtime.fetch(), 200);
  });

  test('that is stopped is found out, killed and replaced', async () => {
    await using runtime = await Runtime.ready({ ...options, live: { workers: { heartbeatTimeout: '3s' } } });
    await allReady(runtime);
    const [victim] = await runtime.readyWorkers();
    process.kill(victim?.pid ?? 0, 'SIGSTOP');
    await runtime.until('replaced', async () => {
      const { restarts, workers } = await runtime.status();
      return restarts['HEARTBEAT_TIMEOUT'] === 1 && workers.ready === 2;
    });
    assert.equal(existsSync(`/proc/${victim?.pid}`), false);
  });
});

test('the fork server dies: its workers go on, and the next worker comes from a new one', { skip }, async () => {
  await using runtime = await Runtime.ready(options);
  await allReady(runtime);
  const [supervisor] = processes(runtime.child.pid);
  const forkServer = processes(supervisor).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.py'),
  );
  assert.ok(forkServer);
  const before = (await runtime.readyWorkers()).map(({ pid }) => pid);
  process.kill(forkServer, 'SIGKILL');
  await delay(1_500);
  assert.deepEqual(
    (await runtime.readyWorkers()).map(({ pid }) => pid),
    before,
  );
  assert.equal(await runtime.fetch(), 200);
  process.kill(before[0] ?? 0, 'SIGKILL');
  await runtime.until('replaced', async () => {
    const ready = await runtime.readyWorkers();
    return ready.length === 2 && ready.every(({ pid }) => pid !== before[0]);
  });
  runtime.child.kill('SIGTERM');
  assert.equal(await runtime.exited, 0);
});

test(
  'the whole container stands still for longer than the heartbeat timeout: nobody is declared dead',
  { skip },
  async () => {
    await using runtime = await Runtime.ready({ ...options, live: { workers: { heartbeatTimeout: '3s' } } });
    await allReady(runtime);
    const before = (await runtime.readyWorkers()).map(({ pid }) => pid);
    const [supervisor = 0] = processes(runtime.child.pid);
    const all = [supervisor, ...processes(supervisor), ...before];
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    await delay(5_000);
    for (const pid of all) process.kill(pid, 'SIGCONT');
    await delay(1_500);
    assert.deepEqual(
      (await runtime.readyWorkers()).map(({ pid }) => pid),
      before,
    );
    assert.deepEqual((await runtime.status()).restarts, {});
  },
);

test('no descriptor is left open after many workers', { skip }, async () => {
  await using runtime = await Runtime.ready(options);
  await allReady(runtime);
  const [supervisor] = processes(runtime.child.pid);
  const open = (): string[] =>
    readdirSync(`/proc/${supervisor}/fd`).map((fd) => readlinkSync(`/proc/${supervisor}/fd/${fd}`));
  const before = open().length;
  for (let i = 1; i <= 4; i++) {
    runtime.child.kill('SIGHUP');
    await runtime.until('reloaded', async () => (await runtime.status()).replaced['reload'] === 2 * i);
    await runtime.until('old ones gone', async () => (await runtime.status()).workers.list.length === 2);
  }
  await runtime.until('closed', () => open().length <= before + 2);
});
