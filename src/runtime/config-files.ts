// Where the configuration comes from: the operator's two mounted folders, or one YAML file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { parseConfig, type Config } from './config.ts';
import { RuntimeError } from './errors.ts';

function read(file: string, parse: (text: string) => unknown): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
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

/** @throws RuntimeError CONFIG_UNREADABLE or CONFIG_INVALID */
export function readFolders(fixedDir: string, liveDir: string): Config {
  const fixed = join(fixedDir, 'runtime.json');
  const live = join(liveDir, 'live.json');
  return parseConfig(`${fixed} with ${live}`, merge(read(fixed, JSON.parse), read(live, JSON.parse)));
}

/**
 * @param overrides a document of the same form, from flags
 * @throws RuntimeError CONFIG_UNREADABLE or CONFIG_INVALID
 */
export function readYaml(file: string | undefined, overrides: unknown): Config {
  const document = file === undefined ? {} : read(file, (text) => load(text) ?? {});
  return parseConfig(file ?? 'the command line', merge(document, overrides));
}
