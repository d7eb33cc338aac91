import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { Registry } from 'prom-client';
import { startSecureMetrics } from '../../../src/operator/http/secure-metrics.ts';
import { OperatorError } from '../../../src/operator/process/errors.ts';
import { exchange, overTls } from '../../hostile-http.ts';
import { certificate } from '../../kube/api-server.ts';

const dirs: string[] = [];
after(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true });
});

function tlsDir({ cert, key } = certificate()): string {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-metrics-'));
  dirs.push(dir);
  writeFileSync(join(dir, 'tls.crt'), cert);
  writeFileSync(join(dir, 'tls.key'), key);
  return dir;
}

const start = (dir: string, errors: unknown[] = [], port = 0): Promise<Server> =>
  startSecureMetrics({
    port,
    tlsDir: dir,
    registry: new Registry(),
    reviewer: {
      mayGet: (authorization) => {
        if (authorization === 'Bearer broken') return Promise.reject(new Error('no API server'));
        return Promise.resolve({ kind: authorization === 'Bearer good' ? 'allowed' : 'unknown' });
      },
    },
    onError: (error) => errors.push(error),
  });

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe('metrics over TLS', () => {
  const answers: Record<string, [target: string, authorization: string, status: number]> = {
    'are for whom the API server knows': ['/metrics', 'Bearer good', 200],
    'are not for anybody else': ['/metrics', 'Bearer bad', 401],
    'are for nobody when it cannot say who asks': ['/metrics', 'Bearer broken', 503],
    'have a path': ['//', 'Bearer good', 404],
    'come with profiles of some length': ['/debug/profile?seconds=0', 'Bearer good', 400],
    'come with profiles of a length that is a number': ['/debug/profile?seconds=%', 'Bearer good', 400],
  };
  for (const [name, [target, authorization, status]] of Object.entries(answers)) {
    test(name, async () => {
      const server = await start(tlsDir());
      const request = `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`;
      assert.match(await exchange(overTls(portOf(server)), request, 'wait'), new RegExp(`^HTTP/1.1 ${status} `));
      server.close();
    });
  }

  const wrong: Record<string, (dir: string) => void> = {
    'no certificate': (dir) => rmSync(join(dir, 'tls.crt')),
    'a certificate that is none': (dir) => writeFileSync(join(dir, 'tls.crt'), 'x'),
    'a key of another certificate': (dir) => writeFileSync(join(dir, 'tls.key'), certificate().key),
  };
  for (const [what, spoil] of Object.entries(wrong)) {
    test(`say so when there is ${what}`, async () => {
      const dir = tlsDir();
      spoil(dir);
      await assert.rejects(
        start(dir),
        (error) => error instanceof OperatorError && error.code === 'METRICS_TLS_INVALID',
      );
    });
  }

  test('say so when their port is taken', async () => {
    const server = await start(tlsDir());
    await assert.rejects(
      start(tlsDir(), [], portOf(server)),
      (error) => error instanceof OperatorError && error.code === 'ADMIN_PORT_IN_USE',
    );
    server.close();
  });

  test('have the certificate that is in the folder now, and keep the last one that is one', async () => {
    const dir = tlsDir(certificate('first'));
    const errors: unknown[] = [];
    const server = await start(dir, errors);
    const name = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const socket = connect({ port: portOf(server), host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().subject.CN);
          socket.destroy();
        }).on('error', reject);
      });
    const put = (file: string, text: string): void => {
      writeFileSync(join(dir, 'new'), text);
      renameSync(join(dir, 'new'), join(dir, file));
    };
    assert.equal(await name(), 'first');
    const second = certificate('second');
    put('tls.crt', second.cert);
    put('tls.key', second.key);
    while ((await name()) !== 'second');
    const before = errors.length;
    put('tls.key', 'x');
    while (errors.length === before) await name();
    assert.equal(await name(), 'second');
    server.close();
  });
});
