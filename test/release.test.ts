// What moves together with a version, by RELEASING.md.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { load } from 'js-yaml';
import { z } from 'zod';
import { repository } from '../e2e/cluster/layout.ts';
import { kubernetesVersion } from '../e2e/cluster/programs.ts';
import { previous } from '../scripts/previous-version.ts';
import { versions } from '../src/operator/model/release.ts';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const { version } = z.object({ version: z.string() }).parse(JSON.parse(read('package.json')));
const chart = z
  .object({ version: z.string(), appVersion: z.string(), kubeVersion: z.string() })
  .parse(load(read('charts/appserver-operator/Chart.yaml')));

describe('a version', () => {
  test('is that of the chart and of what the chart installs', () => {
    assert.deepEqual([chart.version, chart.appVersion], [version, version]);
  });

  test('comes first among those whose runtimes the operator leaves in pods, and the one before second', () => {
    assert.equal(versions[0], version);
    assert.equal(versions.length, 3);
    assert.equal(previous.version, versions[1]);
  });

  test('is the one that install.yaml installs', () => {
    const named = [...read('install.yaml').matchAll(/\/(?:operator|runtime):([\w.-]+)/g)].map(([, tag]) => tag);
    assert.deepEqual([...new Set(named)], [version], 'run `npm run generate` where Helm is built');
  });

  test('has a heading in the CHANGELOG', () => {
    assert.match(read('CHANGELOG.md'), new RegExp(`^## ${version.replaceAll('.', String.raw`\.`)}( |$)`, 'm'));
  });

  for (const released of versions.slice(1)) {
    test(`${released} has left its pod templates behind`, () => {
      assert.ok(existsSync(join(repository, `test/operator/golden/${released}.json`)));
    });
  }

  for (const page of ['docs/development.md', 'docs/operating.md', 'docs/install.md', 'README.md']) {
    test(`is the one that commands of ${page} name`, () => {
      const named = [...read(page).matchAll(/\/runtime(?::|, tag: )(\d+\.\d+\.\d+)/g)].map(([, tag]) => tag);
      const own = named.filter((tag) => tag !== versions[2]);
      assert.deepEqual([...new Set(own)], own.length > 0 ? [version] : []);
    });
  }
});

describe('docs/install.md', () => {
  const page = read('docs/install.md');
  test('tells the oldest Kubernetes that the chart takes', () => {
    const [, oldest = ''] = /^>=(\d+\.\d+)\.0-0$/.exec(chart.kubeVersion) ?? [];
    assert.ok(page.includes(`Kubernetes ${oldest} or newer`), chart.kubeVersion);
    assert.ok(page.includes(`| ${oldest} and newer`));
  });

  test('tells the Kubernetes that the tests run on', () => {
    assert.ok(page.includes(`on the embedded cluster (${kubernetesVersion})`), kubernetesVersion);
  });
});

test('RELEASING.md names the images as the chart does', () => {
  const values = z
    .object({ image: z.object({ repository: z.string() }), runtimeImage: z.object({ repository: z.string() }) })
    .parse(load(read('charts/appserver-operator/values.yaml')));
  for (const { repository: name } of [values.image, values.runtimeImage]) {
    assert.ok(read('RELEASING.md').includes(`\`${name}\``), name);
  }
});
