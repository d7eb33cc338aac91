// Requests out of the tests of gunicorn's own parser, which its source distribution holds: fetched when they are needed.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from '../../e2e/cluster/command.ts';
import { cacheDir, repository } from '../../e2e/cluster/layout.ts';

export type Requests = Readonly<Record<string, Buffer>>;

/** Of the gunicorn that the runtime is tested with. */
function gunicornVersion(): string {
  const requirements = readFileSync(join(repository, 'examples/flask/requirements.txt'), 'utf8');
  const [, version] = /^gunicorn==(\S+)$/m.exec(requirements) ?? [];
  if (version === undefined) throw new Error('examples/flask/requirements.txt names no version of gunicorn');
  return version;
}

async function sources(): Promise<string> {
  const version = gunicornVersion();
  const dir = join(cacheDir, 'gunicorn-requests', version);
  const complete = join(dir, '.complete');
  if (!existsSync(complete)) {
    mkdirSync(dir, { recursive: true });
    const pip = ['python3', '-m', 'pip', 'download', '--quiet', '--no-binary', ':all:', '--no-deps'];
    await run([...pip, '--dest', dir, `gunicorn==${version}`]);
    await run(['tar', '-xzf', join(dir, `gunicorn-${version}.tar.gz`), '-C', dir]);
    writeFileSync(complete, '');
  }
  return join(dir, `gunicorn-${version}`, 'tests/requests');
}

/** Line ends and bytes that are no text are written out in these files, and their own line ends mean nothing. */
function decode(file: string): Buffer {
  const text = readFileSync(file, 'latin1').replaceAll('\n', '');
  const escapes: Record<string, string> = { r: '\r', n: '\n', t: '\t', '0': '\0' };
  const decoded = text.replaceAll(/\\(x[\da-fA-F]{2}|[rnt0])/g, (_, escape: string) =>
    escape.startsWith('x') ? String.fromCharCode(Number.parseInt(escape.slice(1), 16)) : (escapes[escape] ?? ''),
  );
  return Buffer.from(decoded, 'latin1');
}

/** By names such as `invalid/001`. */
export async function gunicornRequests(): Promise<Requests> {
  const dir = await sources();
  const files = globSync('{valid,invalid}/*.http', { cwd: dir }).toSorted();
  return Object.fromEntries(
    files.map((file) => [`${dirname(file)}/${basename(file, '.http')}`, decode(join(dir, file))]),
  );
}
