// docs/migrating.md answers every setting of gunicorn and every option of uvicorn, and names fields that there are.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { repository } from '../e2e/cluster/layout.ts';
import { pythonPackagesDir } from '../scripts/python-packages.ts';
import { specSchema } from '../src/api/appserver.ts';
import { describedSchema, type JsonSchema } from '../src/api/crd.ts';
import { skip } from './runtime/runtime-process.ts';

const page = readFileSync(join(repository, 'docs/migrating.md'), 'utf8');

/** Text below a heading of the second level. */
function section(heading: string): string {
  const [, text = ''] = page.split(`\n## ${heading}\n`);
  return text.split(/^## /m)[0] ?? '';
}

/** What the first columns of the tables of a section name. */
function named(heading: string): string[] {
  const cells = section(heading)
    .split('\n')
    .flatMap((line) => /^\| (`.*?) +\|/.exec(line)?.[1] ?? []);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)).toSorted();
}

/** What a program prints as JSON that imports the packages of the tests. */
function asked(program: string): string[] {
  const text = execFileSync('python3', ['-c', program], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: pythonPackagesDir('newest') },
  });
  return z.array(z.string()).parse(JSON.parse(text)).toSorted();
}

describe('docs/migrating.md', { skip }, () => {
  test('names the settings of gunicorn, each once', () => {
    const settings = asked(
      'import json; from gunicorn.config import KNOWN_SETTINGS; print(json.dumps([s.name for s in KNOWN_SETTINGS]))',
    );
    assert.ok(settings.length > 90);
    assert.deepEqual(named('gunicorn'), settings);
  });

  test('names the options of uvicorn, each once', () => {
    const options = asked(
      'import json, click, uvicorn; print(json.dumps([o for p in uvicorn.main.params if isinstance(p, click.Option) for o in p.opts + p.secondary_opts]))',
    );
    assert.ok(options.length > 50);
    assert.deepEqual(named('uvicorn'), options);
  });
});

/** The schema of a field, undefined where there is none; that of a field whose content is free, for all below it. */
function schemaOf(root: JsonSchema, path: string): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root;
  for (const name of path.split('.')) {
    if (schema !== undefined && isFree(schema)) return schema;
    schema = schema?.properties?.[name];
  }
  return schema;
}

/** It may have other fields than those that are described. */
const isFree = ({ additionalProperties = false }: JsonSchema): boolean => additionalProperties !== false;

describe('fields that docs/migrating.md names', () => {
  const schema = describedSchema(specSchema);
  const columns = page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.replace(/^\| .*? \| /, ''));
  const fields = columns.flatMap((text) =>
    [...text.matchAll(/`([a-z][A-Za-z]*(?:\.[A-Za-z]+)*)(?:`|: )(?: \(([^ ),;]+))?/g)]
      .map(([, path = '', value]) => ({ path, value }))
      .filter(({ path }) => schemaOf(schema, path.split('.')[0] ?? '') !== undefined),
  );
  test('are found', () => assert.ok(fields.length > 100, String(fields.length)));

  test('are in the schema', () => {
    assert.deepEqual(
      fields.filter(({ path }) => schemaOf(schema, path) === undefined),
      [],
    );
  });

  test('have the defaults that it names', () => {
    const wrong = fields.filter(({ path, value }) => {
      const is = schemaOf(schema, path)?.['default'];
      return value !== undefined && is !== undefined && JSON.stringify(is).replaceAll('"', '') !== value;
    });
    assert.deepEqual(wrong, []);
  });
});
