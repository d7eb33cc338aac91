// Which cluster is meant where none is named.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { loadKubeConfig } from '../../src/kube/kubeconfig.ts';

const server = 'https://cluster.example.com';
const content = JSON.stringify({
  clusters: [{ name: 'test', cluster: { server } }],
  users: [{ name: 'test', user: {} }],
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  'current-context': 'test',
});

describe('a cluster that nobody names', () => {
  const { KUBECONFIG, HOME } = process.env;
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'appserver-home-'));
    process.env['HOME'] = home;
    delete process.env['KUBECONFIG'];
  });
  afterEach(() => {
    Object.assign(process.env, {
      ...(HOME !== undefined && { HOME }),
      ...(KUBECONFIG !== undefined && { KUBECONFIG }),
    });
    rmSync(home, { recursive: true });
  });

  const found = (): string | undefined => loadKubeConfig({}).getCurrentCluster()?.server;

  test('is the one of ~/.kube/config', () => {
    mkdirSync(join(home, '.kube'));
    writeFileSync(join(home, '.kube/config'), content);
    assert.equal(found(), server);
  });

  test('is the one of KUBECONFIG before that', () => {
    process.env['KUBECONFIG'] = join(home, 'elsewhere');
    writeFileSync(join(home, 'elsewhere'), content);
    assert.equal(found(), server);
  });

  test('is none of this machine where there is neither, nor a service account', () => {
    assert.throws(found, /names no file, there is no ~\/\.kube\/config, and this is no pod/);
  });

  test('is none where KUBECONFIG names a file that is not there', () => {
    process.env['KUBECONFIG'] = join(home, 'elsewhere');
    assert.throws(found, /elsewhere/);
  });
});
