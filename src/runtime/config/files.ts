// Where the configuration comes from: the operator's two mounted folders, or one YAML file.
import { load } from 'js-yaml';
import { RuntimeError } from '../errors.ts';
import type { Files } from '../host/host.ts';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';
import { inFile, type Naming } from './reader.ts';

/** A ConfigMap has room for less. */
const maxBytes = 4 * 2 ** 20;

function read(files: Files, file: string, parse: (text: string) => unknown): unknown {
  let text: string;
  try {
    text = files.read(file, maxBytes);
  } catch (error) {
    throw new RuntimeError('CONFIG_UNREADABLE', `${file} cannot be read: ${String(error)}`, { cause: error });
  }
  try {
    return parse(text);
  } catch (error) {
    throw new RuntimeError('CONFIG_INVALID', `${file} cannot be parsed: ${String(error)}`, { cause: error });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Objects are joined field by field; of anything else the second wins. */
function merge(first: unknown, second: unknown): unknown {
  if (!isObject(first) || !isObject(second)) return second === undefined ? first : second;
  const keys = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  return Object.fromEntries(keys.map((key) => [key, merge(first[key], second[key])]));
}

export const liveFile = 'live.json';

/** @throws RuntimeError CONFIG_UNREADABLE or CONFIG_INVALID */
export function readFolders(files: Files, fixedDir: string, liveDir: string): Config {
  const fixed = `${fixedDir}/runtime.json`;
  const live = `${liveDir}/${liveFile}`;
  return parseConfig(`${fixed} with ${live}`, merge(read(files, fixed, JSON.parse), read(files, live, JSON.parse)));
}

/** Options of appserver-runtime, by the field that each stands for. */
const options: Readonly<Record<string, string>> = {
  '': 'the command line',
  app: 'the command line',
  'app.wsgi': '--wsgi',
  'app.asgi': '--asgi',
  'app.node': '--node',
  'app.command': 'the command behind --',
  'app.args': 'the arguments behind --',
  'app.workingDir': '--working-dir',
  listen: '--listen',
  admin: '--admin',
  control: '--control',
  'workers.count': '--workers',
  'workers.class': '--class',
  'workers.threads': '--threads',
  'workers.preload': '--preload',
  'logging.format': '--log-format',
  'logging.accessLog': '--access-log',
};

/** Whether a document has a value at this path, and not only below it. */
function isGiven(document: unknown, path: string): boolean {
  const value = path
    .split('.')
    .reduce<unknown>((parent, key) => (isObject(parent) ? parent[key] : undefined), document);
  return value !== undefined && !isObject(value);
}

/** An option that was given stands above the file; without a file there is nothing else. */
function inOptions(file: string | undefined, overrides: unknown): Naming {
  if (file === undefined) return (path) => options[path] ?? `the command line: ${path}`;
  return (path) => (options[path] !== undefined && isGiven(overrides, path) ? options[path] : inFile(file)(path));
}

/** Documents of the same form as the file. */
export interface Flags {
  /** Stands above the file. */
  readonly overrides: unknown;
  /** What is the default where neither the file nor a flag says anything else. */
  readonly defaults?: unknown;
}

/** @throws RuntimeError CONFIG_UNREADABLE or CONFIG_INVALID */
export function readYaml(files: Files, file: string | undefined, { overrides, defaults = {} }: Flags): Config {
  const document = file === undefined ? {} : read(files, file, (text) => load(text) ?? {});
  return parseConfig(inOptions(file, overrides), merge(merge(defaults, document), overrides));
}
