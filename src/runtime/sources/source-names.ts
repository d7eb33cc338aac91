// Which files belong to an application's code, by their names. A server of Python knows which modules it has loaded, and
// node --watch does; the supervisor does not, so that it takes every file that could be one, as uvicorn does.
import type { Application } from '../config/config.ts';

const python = ['.py'];
const node = ['.js', '.mjs', '.cjs', '.jsx', '.ts', '.mts', '.cts', '.tsx', '.json'];

/** A program of any kind may run either of them. */
const suffixes: Readonly<Record<Application['kind'], readonly string[]>> = {
  wsgi: python,
  asgi: python,
  node,
  command: [...python, ...node],
};

/** Editors give files that are not for long names that begin with a dot, or other suffixes. */
function isHidden(name: string): boolean {
  return name.startsWith('.');
}

export function isSource(name: string, kind: Application['kind']): boolean {
  return !isHidden(name) && suffixes[kind].some((suffix) => name.endsWith(suffix));
}

/** Packages that were installed, and what is made of sources. */
const notOurs: ReadonlySet<string> = new Set(['node_modules', '__pycache__', 'site-packages']);

/** For an application that runs in the root directory of its container. */
const ofTheKernel: ReadonlySet<string> = new Set(['/dev', '/proc', '/sys']);

export function mayHaveSources(directory: string): boolean {
  const name = directory.slice(directory.lastIndexOf('/') + 1);
  return !isHidden(name) && !notOurs.has(name) && !ofTheKernel.has(directory);
}

/** Of what venv, virtualenv, uv and conda make, whatever its name. */
const environmentMarks: ReadonlySet<string> = new Set(['pyvenv.cfg', 'conda-meta']);

export function isEnvironment(names: readonly string[]): boolean {
  return names.some((name) => environmentMarks.has(name));
}
