// Entry of every npm script. Written for any Node from 18 on and free of dependencies, because it runs before there are
// any: it installs the npm packages when the lock file has changed, then hands over to the Node 26 among them.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const stamp = join(root, 'node_modules', '.installed-lock');
const lockHash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lockHash) {
  const started = Date.now();
  console.error('npm packages: installing from the lock file');
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.status !== 0) {
    console.error(
      'npm packages: `npm ci` failed. Check that the npm registry can be reached, then run the command again.',
    );
    process.exit(1);
  }
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stamp, lockHash);
  console.error(`npm packages: installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

const node = join(bin, 'node');
if (!existsSync(node)) {
  console.error(
    `No Node 26 package exists for ${process.platform} on ${process.arch}. ` +
      'Install Node 26 or newer yourself and link it at node_modules/.bin/node.',
  );
  process.exit(1);
}

const [target, ...args] = process.argv.slice(2);
const isScript = /\.(ts|mjs)$/.test(target);
const child = spawn(isScript ? node : join(bin, target), isScript ? [join(root, target), ...args] : args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
});
// The child handles these and cleans up; this process only has to outlive it. A terminal sends SIGINT to both of us, and
// without one it is for us to pass it on.
const onTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => (signal === 'SIGINT' && onTerminal) || child.kill(signal));
}
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
