// Pushing images: to a real registry that asks for an account, and to servers that are none.
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { push, writeArchive, type PushOptions } from '../scripts/publish/copy.ts';
import { parseDestination } from '../scripts/publish/destination.ts';
import { PushError, type PushErrorCode } from '../scripts/publish/failure.ts';
import { CommandFailed, run } from './cluster/command.ts';
import { ensurePauseImage } from './cluster/images.ts';
import { repository } from './cluster/layout.ts';
import { registryAddress, startRegistry } from './cluster/registry.ts';
import { account, cluster, credentials, homeWith, startPrivateRegistry } from './harness/registry.ts';
import { startTokenServer } from './harness/token-server.ts';

const { archive } = await ensurePauseImage();

const pushTo = (destination: string, options?: PushOptions): Promise<string> =>
  push(archive, `${destination}/pause:1`, parseDestination(destination), options);

const fails = (code: PushErrorCode, said: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PushError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, said);
  return true;
};

/** A server on this machine, with its address. */
async function serving(listener: RequestListener): Promise<{ address: string } & AsyncDisposable> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('pushing images', { concurrency: 1 }, () => {
  before(startPrivateRegistry);

  test('takes the credentials of `docker login`, and tells the digest under which the registry has it', async () => {
    using home = homeWith(credentials(account));
    const file = join(home.path, '.docker/config.json');
    const digest = await pushTo(`${registryAddress}/a`, { plainHttp: true, credentials: file });
    const authorization = `Basic ${Buffer.from(`${account.user}:${account.password}`).toString('base64')}`;
    const stored = await fetch(`http://${registryAddress}/v2/a/pause/manifests/1`, {
      method: 'HEAD',
      headers: { authorization, accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    assert.equal(stored.headers.get('docker-content-digest'), digest);
    assert.equal(await pushTo(`${registryAddress}/a`, { plainHttp: true, credentials: file }), digest, 'once more');
  });

  test('is also copying them into an archive under another name', async () => {
    using home = homeWith('{}');
    const [target, name] = [join(home.path, 'pause.tar'), 'registry.example.com/team/pause:2'];
    for (const time of ['first', 'second']) {
      await writeArchive(archive, target, name);
      const index = await run(['tar', '--extract', '--to-stdout', `--file=${target}`, 'index.json']);
      const { manifests } = JSON.parse(index) as { manifests: { annotations: Record<string, string> }[] };
      const named = manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.name']);
      assert.deepEqual(named, [name], time);
    }
  });

  test('takes plain HTTP from this machine without being asked to', async () => {
    using home = homeWith(credentials(account, 'localhost:5000'));
    await pushTo('localhost:5000/b', { credentials: join(home.path, '.docker/config.json') });
  });

  test('asks the credential helper that the configuration names', async () => {
    using home = homeWith(JSON.stringify({ credHelpers: { [registryAddress]: 'of-the-test' } }));
    const helper = join(home.path, 'docker-credential-of-the-test');
    const answer = { ServerURL: registryAddress, Username: account.user, Secret: account.password };
    writeFileSync(helper, `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`);
    chmodSync(helper, 0o755);
    const path = process.env['PATH'] ?? '';
    process.env['PATH'] = `${home.path}:${path}`;
    try {
      await pushTo(`${registryAddress}/c`, {
        plainHttp: true,
        credentials: join(home.path, '.docker/config.json'),
      });
    } finally {
      process.env['PATH'] = path;
    }
  });

  for (const [what, config] of [
    ['no credentials', '{}'],
    ['a wrong password', credentials({ ...account, password: 'wrong' })],
  ] as const) {
    test(`with ${what} says where to log in`, async () => {
      using home = homeWith(config);
      await assert.rejects(
        pushTo(`${registryAddress}/d`, { plainHttp: true, credentials: join(home.path, '.docker/config.json') }),
        fails('REGISTRY_UNAUTHORIZED', /`docker login 10\.200\.0\.1:5000`/),
      );
    });
  }

  test('to a registry without TLS elsewhere says so, and names the option', async () => {
    await assert.rejects(pushTo(`${registryAddress}/e`), fails('REGISTRY_PLAIN_HTTP', /Give --plain-http/));
  });

  test('to a port where nothing listens says what to check', async () => {
    await assert.rejects(pushTo('127.0.0.1:1/e'), fails('REGISTRY_UNREACHABLE', /connection refused/));
  });

  test('to a web server that has every page is no success', async () => {
    await using server = await serving((_, response) => response.end('<html>Welcome</html>'));
    await assert.rejects(pushTo(`${server.address}/e`), fails('NOT_A_REGISTRY', /answers with something else/));
  });

  test('to a web server that has no such page says that it is no registry', async () => {
    await using server = await serving((_, response) => response.writeHead(404).end());
    await assert.rejects(pushTo(`${server.address}/e`), fails('NOT_A_REGISTRY', /404/));
  });

  test('to a path that the account may not write says so', async () => {
    await using server = await serving((request, response) => {
      const status = request.url === '/v2/' ? 200 : request.method === 'POST' ? 403 : 404;
      const denied = { errors: [{ code: 'DENIED', message: 'requested access to the resource is denied' }] };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(denied));
    });
    await assert.rejects(pushTo(`${server.address}/e`), fails('REGISTRY_DENIED', /ask for the right/));
  });

  test('npm run images ends with the sentence, and without a stack', async () => {
    using home = homeWith('{}');
    const images = run(['npm', 'run', '--silent', 'images', '--', '--push', `${registryAddress}/f`, '--plain-http'], {
      cwd: repository,
      env: { HOME: home.path },
    });
    await assert.rejects(images, (error: unknown) => {
      assert.ok(error instanceof CommandFailed);
      assert.equal(error.code, 1);
      assert.match(error.stderr, /^REGISTRY_UNAUTHORIZED: .+\n$/m);
      assert.doesNotMatch(error.stderr, /\n +at /);
      return true;
    });
  });
});

describe('pushing images to a registry with a token server', { concurrency: 1 }, () => {
  test('gets a token for the account, and tells when that does not reach', async () => {
    await using tokens = await startTokenServer((repository_) => repository_ === 'mine/pause');
    await startRegistry(cluster, { kind: 'tokens', ...tokens.access });
    using home = homeWith(credentials(account));
    using other = homeWith(credentials({ ...account, password: 'wrong' }));
    const options = (path: string): PushOptions => ({
      plainHttp: true,
      credentials: join(path, '.docker/config.json'),
    });
    assert.match(await pushTo(`${registryAddress}/mine`, options(home.path)), /^sha256:/);
    await assert.rejects(
      pushTo(`${registryAddress}/mine`, options(other.path)),
      fails('REGISTRY_UNAUTHORIZED', /incorrect username or password/),
    );
    await assert.rejects(
      pushTo(`${registryAddress}/theirs`, options(home.path)),
      fails('REGISTRY_DENIED', /denied: requested access to the resource is denied/),
    );
  });
});
