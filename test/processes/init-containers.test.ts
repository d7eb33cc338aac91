// What init containers of a pod run. kubelet runs them again in the same pod, with the volumes as they are, whenever it makes the
// sandbox anew; and it ends containers that go on in the same pod afterwards.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
  chownSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runtimeDir } from '../../scripts/build.ts';
import { applications, skip } from '../runtime/runtime-process.ts';

const root = applications({});
chmodSync(root, 0o755);
const user = 1_000;

/** Everything below a directory, links and all. */
function tree(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const what = entry.isSymbolicLink()
        ? `-> ${readlinkSync(path)}`
        : entry.isFile()
          ? readFileSync(path, 'hex')
          : '/';
      return `${path.slice(dir.length)} ${what}`;
    })
    .toSorted();
}

/** A volume: the kubelet's, and writable for everybody. */
function volume(name: string): string {
  const dir = join(root, name);
  mkdirSync(dir);
  chmodSync(dir, 0o777);
  return dir;
}

/** The user of a pod, where this is root, who may do anything. */
const as = process.getuid?.() === 0 ? { uid: user, gid: user } : {};

function run(...[program = '', ...args]: readonly string[]): { code: number | null; stderr: string } {
  const { status, stderr } = spawnSync(program, args, {
    ...as,
    encoding: 'utf8',
    env: { APPSERVER_TERMINATION_LOG: '/dev/null' },
  });
  return { code: status, stderr };
}

// Below the directory of a test, as others may not enter that of the project.
const node = join(root, 'node');
cpSync(process.execPath, node, { dereference: true });
const runtime = join(root, 'appserver');
cpSync(runtimeDir, runtime, { recursive: true, verbatimSymlinks: true });

/** The program of the runtime image where it is in the image. */
function image(name: string): string {
  const dir = volume(name);
  cpSync(runtimeDir, join(dir, 'appserver'), { recursive: true, verbatimSymlinks: true });
  // As images of others are, in which a build has taken away the right to write.
  for (const one of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!one.isSymbolicLink()) chmodSync(join(one.parentPath, one.name), one.isDirectory() ? 0o555 : 0o444);
  }
  return join(dir, 'appserver');
}

describe('init containers that run again in a pod', { skip }, () => {
  test('install the runtime again, over what is there', () => {
    const [from, target] = [image('image'), volume('runtime')];
    const install = (): { code: number | null; stderr: string } => run(node, join(from, 'runtime/install.mjs'), target);
    assert.deepEqual(install(), { code: 0, stderr: '' });
    const first = tree(target);
    assert.deepEqual(first, tree(from));
    // Half of another version, say.
    const half = join(target, 'half');
    mkdirSync(half);
    writeFileSync(join(half, 'x'), '');
    if (process.getuid?.() === 0) for (const path of [join(half, 'x'), half]) chownSync(path, user, user);
    assert.deepEqual(install(), { code: 0, stderr: '' });
    assert.deepEqual(tree(target), first);
  });

  test('copy static files again, those that nobody may write to and those within others', () => {
    const [app, files] = [volume('app'), volume('files')];
    for (const dir of ['static/img', 'admin']) mkdirSync(join(app, dir), { recursive: true });
    writeFileSync(join(app, 'static/site.css'), 'css');
    writeFileSync(join(app, 'static/img/logo.png'), 'png');
    symlinkSync('img/logo.png', join(app, 'static/logo.png'));
    writeFileSync(join(app, 'admin/admin.js'), 'js');
    for (const one of ['static/site.css', 'static/img/logo.png', 'admin/admin.js']) chmodSync(join(app, one), 0o444);
    for (const one of ['static/img', 'admin']) chmodSync(join(app, one), 0o555);
    const copy = (): { code: number | null; stderr: string } =>
      run(
        node,
        join(runtime, 'runtime/copy-files.mjs'),
        ...[join(app, 'static'), join(files, 'static'), join(app, 'admin'), join(files, 'static/admin')],
      );
    for (const time of ['first', 'second', 'third']) {
      assert.deepEqual(copy(), { code: 0, stderr: '' }, time);
      assert.equal(readFileSync(join(files, 'static/logo.png'), 'utf8'), 'png');
      assert.equal(readFileSync(join(files, 'static/admin/admin.js'), 'utf8'), 'js');
    }
    for (const one of ['static/img', 'admin']) chmodSync(join(app, one), 0o755);
  });
});

describe('the end of nginx', { skip }, () => {
  const drain = (dir: string): { code: number | null; stderr: string } =>
    run(join(runtime, 'bin/drain-proxy'), '1', dir, '0', '0');

  test('leaves no mark behind by which the next one in the same pod would close its connections', async () => {
    const dir = volume('marked');
    const nginx = spawn('sleep', ['60'], { ...as, stdio: 'ignore' });
    const ended = once(nginx, 'exit');
    writeFileSync(join(dir, 'nginx.pid'), String(nginx.pid));
    assert.deepEqual(drain(dir), { code: 0, stderr: '' });
    assert.deepEqual(await ended, [null, 'SIGQUIT']);
    assert.ok(!existsSync(join(dir, 'draining')));
  });

  for (const pid of ['-1', '0', '-7', 'x', '']) {
    test(`signals nobody where the pid file has ${pid === '' ? 'nothing' : pid}`, () => {
      const dir = volume(`run${pid}`);
      writeFileSync(join(dir, 'nginx.pid'), pid);
      const { code, stderr } = drain(dir);
      assert.equal(code, 1);
      assert.match(stderr, /^drain-proxy: .*nginx\.pid: /);
    });
  }
});
