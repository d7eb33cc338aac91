// Each example has a manifest, which says of the application what its runtime.yaml says for a run without Kubernetes.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { load } from 'js-yaml';

const root = join(import.meta.dirname, '..');

type Settings = Readonly<Record<string, unknown>>;

function read(path: string): Settings {
  return load(readFileSync(join(root, path), 'utf8')) as Settings;
}

for (const path of globSync('examples/*/runtime.yaml', { cwd: root }).toSorted()) {
  test(`${dirname(path)} is the same application with Kubernetes and without`, () => {
    const { listen, ...alone } = read(path);
    assert.deepEqual(listen, ['0.0.0.0:8000']);
    const { spec } = read(join(dirname(path), 'appserver.yaml')) as { spec: Settings };
    for (const [section, settings] of Object.entries(alone)) assert.deepEqual(spec[section], settings, section);
  });
}
