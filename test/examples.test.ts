// Each example has a manifest, which says of the application what its runtime.yaml says for a run without Kubernetes; and the
// GitOps example names what is there.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
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

const gitops = globSync('examples/gitops/**/*.yaml', { cwd: root }).toSorted();
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

test('the GitOps example installs the version of the chart that is beside it', () => {
  const { version } = read('charts/appserver-operator/Chart.yaml');
  const tags = gitops.flatMap((path) => [...text(path).matchAll(/\bv\d+\.\d+\.\d+\b/g)].map(([tag]) => tag));
  assert.ok(tags.length >= 3);
  assert.deepEqual([...new Set(tags)], [`v${String(version)}`]);
});

test('every path that the GitOps example names is in its repository or in that of the operator', () => {
  const named = gitops.flatMap((path) =>
    [...text(path).matchAll(/\b(?:path|chart): ([\w./-]+)$/gm)].map(([, at = '']) => at),
  );
  assert.ok(named.length >= 8);
  for (const path of named) {
    const places = [join('examples/gitops', path), path];
    assert.ok(
      places.some((place) => existsSync(join(root, place))),
      path,
    );
  }
});
