import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { OperatorError } from '../../../src/operator/process/errors.ts';
import { die, installLastResort, type LastResort } from '../../../src/operator/process/last-resort.ts';

const source = join(import.meta.dirname, '../../../src/operator');

function recorded(broken: Partial<LastResort> = {}): { means: LastResort; done: string[] } {
  const done: string[] = [];
  const means: LastResort = {
    log: ({ code, origin }) => done.push(`log ${code} ${origin}`),
    stderr: (text) => done.push(`stderr ${text.split('.')[0]}`),
    exit: (code) => done.push(`exit ${code}`),
    ...broken,
  };
  return { means, done };
}

const fails = (): never => {
  throw new Error('EPIPE');
};

describe('an error that nobody has caught', () => {
  const cases: Record<string, { error: unknown; broken?: Partial<LastResort>; want: string[] }> = {
    'is told with a code, and ends the process': {
      error: new RangeError('too deep'),
      want: ['stderr UNEXPECTED_ERROR: RangeError: too deep', 'log UNEXPECTED_ERROR test', 'exit 1'],
    },
    'is told also when it is no error': {
      error: 'a word',
      want: ['stderr UNEXPECTED_ERROR: a word', 'log UNEXPECTED_ERROR test', 'exit 1'],
    },
    'keeps the code that it has': {
      error: new OperatorError('LEADERSHIP_LOST', 'gone'),
      want: ['stderr LEADERSHIP_LOST: gone', 'exit 1'],
    },
    'ends the process also when it cannot be put into words': {
      error: Object.create(null),
      want: ['exit 1'],
    },
    'ends the process also when nobody can be told': {
      error: new Error('x'),
      broken: { log: fails, stderr: fails },
      want: ['exit 1'],
    },
    'is logged also when stderr is closed': {
      error: new Error('x'),
      broken: { stderr: fails },
      want: ['log UNEXPECTED_ERROR test', 'exit 1'],
    },
  };
  for (const [name, { error, broken, want }] of Object.entries(cases)) {
    test(name, () => {
      const { means, done } = recorded(broken);
      die(error, 'test', means);
      assert.deepEqual(done, want);
    });
  }

  for (const [origin, provoke] of Object.entries({
    uncaughtException: "setTimeout(() => { throw new Error('of a timer'); })",
    unhandledRejection: "void Promise.reject(new Error('of a promise'))",
  })) {
    test(`ends a real process (${origin}), which does not go on`, () => {
      const program = `
        import { writeSync } from 'node:fs';
        import { installLastResort } from ${JSON.stringify(join(source, 'process/last-resort.ts'))};
        installLastResort(process, {
          log: (fields) => writeSync(1, JSON.stringify({ code: fields.code, origin: fields.origin })),
          stderr: (text) => writeSync(2, text),
          exit: (code) => process.exit(code),
        });
        setTimeout(() => writeSync(1, 'went on'), 50);
        ${provoke};`;
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
      });
      assert.deepEqual([status, stdout], [1, `{"code":"UNEXPECTED_ERROR","origin":"${origin}"}`]);
      assert.match(stderr, /^UNEXPECTED_ERROR: Error: of a (timer|promise)\. This is a fault of the operator/);
    });
  }

  test('of the operator itself is told on stderr and in its log', () => {
    const dir = mkdtempSync(join(tmpdir(), 'appserver-operator-'));
    const preload = join(dir, 'preload.mjs');
    // Something that nobody has thought of, once it runs.
    writeFileSync(
      preload,
      `process.once('newListener', () => setTimeout(() => { throw new Error('unthought of'); }, 500).unref());`,
    );
    const kubeconfig = join(dir, 'config');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
        users: [{ name: 'a', user: {} }],
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
        'current-context': 'a',
      }),
    );
    const options = ['--kubeconfig', kubeconfig, '--runtime-image', 'x', '--admin-port', '0'];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', preload, join(source, 'index.ts'), ...options],
      { encoding: 'utf8', timeout: 20_000 },
    );
    rmSync(dir, { recursive: true });
    assert.equal(status, 1);
    assert.match(stderr, /^UNEXPECTED_ERROR: Error: unthought of\. /m);
    const last: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    const { code, level, err } = last as { code: string; level: string; err: { stack: string } };
    assert.deepEqual([code, level], ['UNEXPECTED_ERROR', 'fatal']);
    assert.match(err.stack, /preload\.mjs/);
  });
});

test('both kinds of it are listened to', () => {
  const events: string[] = [];
  installLastResort({ on: (event) => events.push(event) }, recorded().means);
  assert.deepEqual(events, ['uncaughtException', 'unhandledRejection']);
});
