// Below which directories an application's sources are, and what of them is named in the log.
import type { Application } from '../config/config.ts';
import type { FileStat } from '../host/host.ts';

function directoryOf(file: string): string {
  const end = file.lastIndexOf('/');
  return end === 0 ? '/' : end < 0 ? '.' : file.slice(0, end);
}

/** Where modules are looked for beside the working directory. */
function beside(app: Application): readonly string[] {
  if (app.kind === 'node') return [directoryOf(app.target)];
  return app.kind === 'command' ? [] : app.pythonPath;
}

function withoutEnd(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}

/** Relative to this process's directory, or absolute; none of them is there twice, or lies visibly below another. */
export function sourceRoots(app: Application, stat: (path: string) => FileStat | undefined): readonly string[] {
  const workingDir = withoutEnd(app.workingDir ?? '.');
  const others = beside(app)
    .map((path) => withoutEnd(path))
    .map((path) => (path.startsWith('/') ? path : `${workingDir}/${path}`))
    .filter((path) => !isBelow(path, workingDir));
  const byVersion = new Map<string, string>();
  for (const path of [workingDir, ...others]) {
    const found = stat(path);
    if (found?.kind === 'directory' && !byVersion.has(found.version)) byVersion.set(found.version, path);
  }
  return [...byVersion.values()];
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory === '/' ? '/' : `${directory}/`) && !path.split('/').includes('..');
}

/** So many files are named in the log. */
const most = 5;

/** @param paths at least one */
export function shortened(paths: readonly string[]): string {
  const names = paths.slice(0, most).map((path) => path.replace(/^\.\//, ''));
  return paths.length > most ? `${names.join(', ')} and ${paths.length - most} more` : names.join(', ');
}
