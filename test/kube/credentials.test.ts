// Credentials that change while the process runs.
import type { Cluster } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { KubeClient } from '../../src/kube/client.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { loadKubeConfig } from '../../src/kube/kubeconfig.ts';
import { certificate, json, scriptedServer, type Answer } from './api-server.ts';

const dir = mkdtempSync(join(tmpdir(), 'appserver-credentials-'));
after(() => rmSync(dir, { recursive: true }));

const call = { method: 'GET', path: '/api/v1/pods' } as const;
const ok = json(200, {});
const unauthorized = json(401, { kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized' });

/** A client with a kubeconfig file of its own, read anew when its credentials are refused. */
function fromFile(name: string, user: object): (cluster: Cluster) => KubeClient {
  return ({ server, caData }) => {
    const file = join(dir, name);
    const write = (of: object): void =>
      writeFileSync(
        file,
        JSON.stringify({
          clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': caData } }],
          users: [{ name: 'test', user: of }],
          contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
          'current-context': 'test',
        }),
      );
    write(user);
    // A minute between two looks at the clock: nothing of what was read before counts any more.
    let time = 0;
    const now = (): number => (time += 60_000);
    return new KubeClient(loadKubeConfig({ file }), { reload: () => loadKubeConfig({ file }), now });
  };
}

/** Takes this token alone. */
const only =
  (token: () => string): Answer =>
  (response, seen) =>
    (seen.authorization === `Bearer ${token()}` ? ok : unauthorized)(response, seen);

/** A plugin that counts its calls and gives credentials for so many milliseconds. */
function plugin(name: string, validMs: number): object {
  const program = join(dir, name);
  const count = join(dir, `${name}.count`);
  writeFileSync(count, '0');
  writeFileSync(
    program,
    `const fs = require('node:fs');
     const token = Number(fs.readFileSync(${JSON.stringify(count)}, 'utf8')) + 1;
     fs.writeFileSync(${JSON.stringify(count)}, String(token));
     const expirationTimestamp = new Date(Date.now() + ${validMs}).toISOString();
     console.log(JSON.stringify({ kind: 'ExecCredential', status: { token: 'exec-' + token, expirationTimestamp } }));`,
  );
  return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: [program] } };
}

describe('credentials', () => {
  test('of a plugin are asked for once, while they are valid', async () => {
    await using server = await scriptedServer([ok], undefined, fromFile('valid', plugin('valid.cjs', 3_600_000)));
    for (let i = 0; i < 3; i++) await server.client.json(call);
    assert.deepEqual(new Set(server.seen.map((one) => one.authorization)), new Set(['Bearer exec-1']));
  });

  test('of a plugin are asked for again when they have expired', async () => {
    await using server = await scriptedServer([ok], undefined, fromFile('expired', plugin('expired.cjs', -1)));
    for (let i = 0; i < 2; i++) await server.client.json(call);
    assert.deepEqual(
      server.seen.map((one) => one.authorization),
      ['Bearer exec-1', 'Bearer exec-2'],
    );
  });

  test('of a plugin are asked for again when the API server takes them no more', async () => {
    const taken = only(() => 'exec-2');
    await using server = await scriptedServer(
      [taken],
      undefined,
      fromFile('revoked', plugin('revoked.cjs', 3_600_000)),
    );
    await server.client.json(call);
    assert.equal(server.seen.length, 2);
  });

  test('in a file with a token are read anew when they are refused', async () => {
    const tokenFile = join(dir, 'token');
    let token = 'first';
    // As editors leave it.
    writeFileSync(tokenFile, `${token}\n`);
    await using server = await scriptedServer([only(() => token)], undefined, fromFile('rotated', { tokenFile }));
    await server.client.json(call);
    token = 'second';
    writeFileSync(tokenFile, token);
    await server.client.json(call);
    assert.deepEqual(
      server.seen.map((one) => one.authorization),
      ['Bearer first', 'Bearer first', 'Bearer second'],
    );
  });

  test('in a file with a certificate are those of the next connection', async () => {
    const [cert, key] = [join(dir, 'client.crt'), join(dir, 'client.key')];
    const issue = (name: string): void => {
      const issued = certificate(name);
      writeFileSync(cert, issued.cert);
      writeFileSync(key, issued.key);
    };
    issue('first');
    const user = { 'client-certificate': cert, 'client-key': key };
    await using server = await scriptedServer([ok], undefined, fromFile('certificate', user));
    await server.client.json(call);
    issue('second');
    await server.client.json(call);
    assert.deepEqual(
      server.seen.map((one) => one.certificate),
      ['first', 'second'],
    );
  });

  test('that are refused again are told, and not asked for for ever', async () => {
    await using server = await scriptedServer([unauthorized], undefined, fromFile('wrong', { token: 'wrong' }));
    await assert.rejects(server.client.json(call), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, 401);
      return true;
    });
    assert.equal(server.seen.length, 2);
  });

  test('that many requests find refused are read anew once', async () => {
    let token = 'first';
    const tokenFile = join(dir, 'shared');
    writeFileSync(tokenFile, token);
    await using server = await scriptedServer([only(() => token)], undefined, fromFile('many', { tokenFile }));
    await server.client.json(call);
    token = 'second';
    writeFileSync(tokenFile, token);
    await Promise.all(Array.from({ length: 8 }, () => server.client.json(call)));
    assert.equal(server.seen.filter((one) => one.authorization === 'Bearer second').length, 8);
  });
});
