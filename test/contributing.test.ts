// The rules of CONTRIBUTING.md that neither the linter nor the compiler holds.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { repository } from '../e2e/cluster/layout.ts';
import { remedies } from '../scripts/publish/failure.ts';
import { catalogue as operatorErrors } from '../src/operator/process/errors.ts';
import { errorCodes } from '../src/runtime/errors.ts';

const find = (...patterns: readonly string[]): string[] => globSync(patterns, { cwd: repository }).toSorted();
const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const sources = find('{src,test,e2e,scripts,bench}/**/*.{ts,mjs,cjs,js}');

test('no file or directory is called utils, helpers or common', () => {
  const drawers = find('{src,test,e2e,scripts,bench,images,charts}/**').filter((path) =>
    path.split('/').some((part) => /^(utils?|helpers?|common|misc)(\.|$)/i.test(part)),
  );
  assert.deepEqual(drawers, []);
});

test('every suppressed lint rule is named and has its reason beside it', () => {
  const unexplained = sources.flatMap((path) =>
    read(path)
      .split('\n')
      .filter((line) => /(ox|es)lint-disable|@ts-(ignore|expect-error|nocheck)/.test(line))
      .filter((line) => !/\/\/ oxlint-disable-next-line [\w/-]+(, [\w/-]+)* -- \S/.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
  // The patterns above are not directives.
  assert.deepEqual(
    unexplained.filter((line) => !line.startsWith('test/contributing.test.ts')),
    [],
  );
});

test('messages of log lines are constant, and what varies is a field', () => {
  const call = /\b(?:log|logger)\b[\w.#()]*\.(?:trace|debug|info|warn|error|fatal)\((?:\{[^}]*\},\s*)?`[^`]*\$\{/g;
  const varying = find('src/**/*.ts').flatMap((path) =>
    [...read(path).matchAll(call)].map(([text]) => `${path}: ${text}`),
  );
  assert.deepEqual(varying, []);
});

test('every error code is in a test', () => {
  const tests = find('{test,e2e}/**/*.ts')
    .filter((path) => path !== 'test/contributing.test.ts')
    .map(read)
    .join('\n');
  const codes = [...errorCodes, ...Object.keys(operatorErrors), ...Object.keys(remedies)];
  const untested = codes.filter((code) => !new RegExp(String.raw`\b${code}\b`).test(tests));
  assert.deepEqual(untested, []);
});

describe('docs/decisions/0004-dependencies.md', () => {
  const page = read('docs/decisions/0004-dependencies.md');
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const names = z.record(z.string(), z.string());
  const declared = z
    .object({ dependencies: names, devDependencies: names, optionalDependencies: names })
    .parse(JSON.parse(read('package.json')));
  const packages = Object.values(declared).flatMap((group) => Object.keys(group));

  test('has a purpose and a reason for each package', () => {
    for (const name of packages) {
      const row = rows.find(([, cell = '']) => cell.split(', ').includes(name));
      assert.ok(row, `${name} has no row`);
      const [, , purpose = '', reason = ''] = row;
      assert.ok(purpose !== '' && reason !== '', `${name} has no reason`);
    }
  });

  test('names no package that is gone', () => {
    const named = rows.flatMap(([, cell = '']) => cell.split(', '));
    assert.deepEqual(
      named.filter((name) => !packages.includes(name)),
      [],
    );
  });

  test('says which packages are in the runtime', () => {
    const runtime = find('src/runtime/**/*.ts').map(read).join('\n');
    const imports = runtime.matchAll(/^(?:import|export) .*?from '([^.'][^']*)'|import\('([^.'][^']*)'\)/gm);
    const imported = new Set([...imports].map(([, byName, atRunTime]) => byName ?? atRunTime ?? ''));
    const [introduction = ''] = page.split('\n| ');
    for (const name of packages) {
      const inRuntime = imported.has(name);
      const told = new RegExp(String.raw`(^|[\s,])${name}($|[\s,;])`, 'm').test(introduction);
      assert.equal(told, inRuntime, name);
    }
  });
});
