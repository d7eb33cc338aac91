import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Child, Pipe, Processes, Start } from '../../../src/runtime/host/host.ts';

interface Life {
  readonly child: Child | undefined;
  readonly lines: Record<Pipe, string[]>;
  /** In the order in which they came. */
  readonly events: string[];
  readonly ended: Promise<[code: number | null, signal: string | null]>;
  readonly closed: Promise<void>;
  readonly refused: Promise<string>;
}

function live(processes: Processes, start: Start): Life {
  const lines: Life['lines'] = { stdout: [], stderr: [], notify: [] };
  const events: string[] = [];
  const ended = Promise.withResolvers<[number | null, string | null]>();
  const closed = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<string>();
  const child = processes.start(start, {
    refused: (cause) => {
      events.push('refused');
      refused.resolve(cause);
    },
    line: (pipe, text) => {
      events.push('line');
      lines[pipe].push(text);
    },
    exited: (code, signal) => {
      events.push('exited');
      ended.resolve([code, signal]);
    },
    closed: () => {
      events.push('closed');
      closed.resolve();
    },
  });
  events.push('returned');
  return { child, lines, events, ended: ended.promise, closed: closed.promise, refused: refused.promise };
}

const sh = (script: string, more: Partial<Start> = {}): Start => ({ program: 'sh', args: ['-c', script], ...more });

const alive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

export function processesContract({ processes }: { readonly processes: Processes }): void {
  describe('processes', () => {
    const dir = mkdtempSync(join(tmpdir(), 'appserver-host-'));
    after(() => rmSync(dir, { recursive: true }));

    test('lines come from each pipe, also a last one without its end, before all is closed', async () => {
      const life = live(
        processes,
        sh('printf "a\\n\\nb"; echo err >&2; echo READY=1 >&3; printf "caf\\303\\251 \\377" >&2', { fds: ['notify'] }),
      );
      await life.closed;
      assert.deepEqual(await life.ended, [0, null]);
      assert.deepEqual(life.lines, {
        stdout: ['a', '', 'b'],
        stderr: ['err', 'caf\u00e9 \ufffd'],
        notify: ['READY=1'],
      });
      assert.equal(life.events[0], 'returned');
      assert.equal(life.events.at(-1), 'closed');
    });

    test('a line without end comes in parts, and none is lost', async () => {
      const life = live(processes, sh('head -c 100000 /dev/zero | tr "\\0" x; echo; echo end'));
      await life.closed;
      assert.ok(life.lines.stdout.every((line) => line.length <= 16_384));
      assert.equal(life.lines.stdout.slice(0, -1).join('').length, 100_000);
      assert.equal(life.lines.stdout.at(-1), 'end');
    });

    const ends: Record<string, [script: string, code: number | null, signal: string | null]> = {
      'one that ends well': ['exit 0', 0, null],
      'one that fails': ['exit 7', 7, null],
      'one that is killed': ['kill -9 $$', null, 'SIGKILL'],
      'one that ends by TERM': ['kill -15 $$', null, 'SIGTERM'],
      'one that ends by a fault': ['kill -11 $$', null, 'SIGSEGV'],
    };
    for (const [what, [script, ...end]] of Object.entries(ends)) {
      test(`the end of ${what} is told`, async () => {
        assert.deepEqual(await live(processes, sh(script)).ended, end);
      });
    }

    test('an exit is told although another process holds the pipes, and they are read on', async () => {
      const life = live(processes, sh('(sleep 0.3; echo later) & echo now; exit 3'));
      assert.deepEqual(await life.ended, [3, null]);
      assert.ok(!life.events.includes('closed'));
      await life.closed;
      assert.deepEqual(life.lines.stdout, ['now', 'later']);
    });

    writeFileSync(join(dir, 'file'), '');
    const refused: Record<string, [start: Start, says: string]> = {
      'a program that is not there': [{ program: join(dir, 'nothing'), args: [] }, 'ENOENT'],
      'a program that is on no PATH': [{ program: 'no-such-program-at-all', args: [] }, 'ENOENT'],
      'a program that may not be run': [{ program: join(dir, 'file'), args: [] }, 'EACCES'],
      'a program below a file': [{ program: join(dir, 'file', 'x'), args: [] }, 'ENOTDIR'],
      'a directory that is not there': [sh('exit 0', { cwd: join(dir, 'nowhere') }), 'ENOENT'],
      'arguments that are too long': [{ program: 'true', args: ['x'.repeat(300_000)] }, 'E2BIG'],
    };
    for (const [what, [start, says]] of Object.entries(refused)) {
      test(`${what} is refused with ${says}, later and once`, async () => {
        const life = live(processes, start);
        assert.equal(life.child, undefined);
        assert.ok((await life.refused).includes(says));
        await delay(20);
        assert.deepEqual(life.events, ['returned', 'refused']);
      });
    }

    test('a process gets its arguments, directory, environment and descriptors, and nothing on stdin', async () => {
      const fd = openSync(join(dir, 'given'), 'w+');
      const start: Start = {
        program: 'sh',
        args: ['-c', 'echo "$1|$OWN|${PATH:+path}|$(pwd)|$(cat)"; echo given >&4; echo told >&3', 'sh', 'a "b" $c'],
        env: { OWN: 'own' },
        cwd: dir,
        fds: ['notify', fd],
      };
      const life = live(processes, start);
      await life.closed;
      assert.deepEqual(life.lines.stdout, [`a "b" $c|own|path|${dir}|`]);
      assert.deepEqual(life.lines.notify, ['told']);
      assert.equal(readFileSync(join(dir, 'given'), 'utf8'), 'given\n');
    });

    test('a process has no descriptor that was opened here and not given to it', async () => {
      openSync(join(dir, 'file'), 'r');
      const life = live(processes, { program: 'ls', args: ['-l', '/proc/self/fd'] });
      await life.closed;
      assert.ok(life.lines.stdout.length > 3);
      assert.ok(life.lines.stdout.every((line) => !line.includes(dir)));
    });

    test('a process that listens is told a line, and one that has ended hears it no more', async () => {
      const life = live(processes, sh('read -r line; echo "heard $line"', { listens: true }));
      life.child?.tell('one word');
      await life.closed;
      assert.deepEqual(life.lines.stdout, ['heard one word']);
      const deaf = live(processes, sh('exec 0<&-; exit 0', { listens: true }));
      await deaf.ended;
      deaf.child?.tell('too late');
      await delay(20);
    });

    test('output that is left unread makes its writer wait, and nothing of it is lost', async () => {
      const life = live(processes, sh('yes | head -n 200000; echo done >&3', { fds: ['notify'] }));
      life.child?.pause();
      await delay(300);
      assert.deepEqual(life.lines.notify, []);
      const before = life.lines.stdout.length;
      await delay(100);
      assert.equal(life.lines.stdout.length, before);
      life.child?.resume();
      await life.closed;
      assert.equal(life.lines.stdout.length, 200_000);
    });

    test('a signal reaches a process that is there, and is refused for one that is not', async () => {
      const life = live(processes, sh('trap "echo told; exit 0" TERM; echo ready; while :; do sleep 0.05; done'));
      const pid = life.child?.pid ?? 0;
      while (life.lines.stdout.length === 0) await delay(5);
      assert.equal(processes.kill(pid, 'SIGTERM'), true);
      await life.closed;
      assert.deepEqual(life.lines.stdout, ['ready', 'told']);
      assert.equal(processes.kill(pid, 'SIGTERM'), false);
    });

    test('a group ends with its leader, and another stays', async () => {
      const life = live(processes, sh('sleep 60 & echo $!; wait', { group: true }));
      while (life.lines.stdout.length === 0) await delay(5);
      const grandchild = Number(life.lines.stdout[0]);
      assert.equal(processes.killGroup(life.child?.pid ?? 0, 'SIGKILL'), true);
      assert.deepEqual(await life.ended, [null, 'SIGKILL']);
      while (alive(grandchild)) await delay(5);
    });

    for (const pid of [0, 1, -1, -5, 1.5, Number.NaN, Infinity]) {
      test(`a signal to ${pid} goes to nobody`, () => {
        // As WINCH does nothing, everybody who got it would live.
        assert.equal(processes.kill(pid, 'SIGWINCH'), false);
        assert.equal(processes.killGroup(pid, 'SIGWINCH'), false);
      });
    }
  });
}
