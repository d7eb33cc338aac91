// Ways to an API server, and how long is waited on them.
import { KubeConfig, type Cluster, type User } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { KubeClient, type KubeClientOptions } from '../../src/kube/client.ts';
import { ApiError, NoAnswer, UnreadableAnswer, WriteRefused } from '../../src/kube/errors.ts';
import { certificate, json, scriptedServer, type Answer } from './api-server.ts';
import { httpProxy, socksProxy } from './proxies.ts';
import { VirtualTimers } from './virtual-timers.ts';

const call = { method: 'GET', path: '/api/v1/pods' } as const;
const ok = json(200, { ok: true });
const silent: Answer = () => undefined;
const token: User = { name: 'test', token: 'secret' };

interface Changed {
  readonly cluster?: Partial<Cluster>;
  readonly user?: User;
  readonly options?: KubeClientOptions;
}

const client =
  ({ cluster: change = {}, user = token, options }: Changed) =>
  (cluster: Cluster): KubeClient => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ ...cluster, ...change }, user);
    return new KubeClient(config, options);
  };

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setImmediate(resolve));
}

describe('the way to the API server', () => {
  for (const host of ['127.0.0.1', '::1'] as const) {
    for (const protocol of ['https', 'http'] as const) {
      test(`${protocol} at ${host}`, async () => {
        await using server = await scriptedServer([ok], undefined, client({}), { host, protocol });
        assert.deepEqual(await server.client.json(call), { ok: true });
      });
    }
  }

  test('has the path of the server before that of the request', async () => {
    await using server = await scriptedServer([ok], undefined, (cluster) =>
      client({ cluster: { server: `${cluster.server}/k8s/clusters/c-1/` } })(cluster),
    );
    await server.client.json({ ...call, query: { limit: '5' } });
    assert.equal(
      `${server.seen[0]?.url.pathname}${server.seen[0]?.url.search}`,
      '/k8s/clusters/c-1/api/v1/pods?limit=5',
    );
  });

  test('sends no token where everybody on the way could read it, as kubectl does', async () => {
    const user = { ...token, impersonateUser: 'jane' };
    await using server = await scriptedServer([ok], undefined, client({ user }), {
      host: '127.0.0.1',
      protocol: 'http',
    });
    await server.client.json(call);
    assert.deepEqual([server.seen[0]?.authorization, server.seen[0]?.impersonated], [undefined, 'jane']);
  });

  test('trusts the certificate authority of the kubeconfig also for a user that it does not name', async () => {
    await using server = await scriptedServer([ok], undefined, (cluster) => {
      const config = new KubeConfig();
      config.loadFromOptions({
        clusters: [cluster],
        contexts: [{ name: 'c', cluster: cluster.name, user: 'nobody' }],
        currentContext: 'c',
      });
      return new KubeClient(config);
    });
    assert.deepEqual(await server.client.json(call), { ok: true });
  });

  const tls: Record<string, [cluster: Partial<Cluster>, wrong?: RegExp]> = {
    'refuses a certificate of nobody that it knows': [
      { caData: Buffer.from(certificate().cert).toString('base64') },
      /certificate|signature/,
    ],
    'takes it where it is not to look': [{ caData: '', skipTLSVerify: true }],
    'takes a certificate for the name that it is told': [{ tlsServerName: 'api.test' }],
    'refuses one for another name': [{ tlsServerName: 'other.test' }, /other\.test/],
  };
  for (const [name, [cluster, wrong]] of Object.entries(tls)) {
    for (const proxied of [false, true]) {
      test(`${name}${proxied ? ', behind a proxy too' : ''}`, async () => {
        await using server = await scriptedServer([ok]);
        await using proxy = await httpProxy(server.port);
        const way = { ...cluster, ...(proxied && { proxyUrl: proxy.url }) };
        const subject = client({ cluster: way })(server.cluster);
        try {
          if (wrong === undefined) assert.deepEqual(await subject.json(call), { ok: true });
          else
            await assert.rejects(subject.json(call), (error) => error instanceof NoAnswer && wrong.test(error.message));
        } finally {
          subject.close();
        }
      });
    }
  }
});

describe('a proxy', () => {
  test('tunnels to an https server that it alone can find', async () => {
    await using server = await scriptedServer([ok]);
    await using proxy = await httpProxy(server.port);
    const env = { HTTPS_PROXY: proxy.url.replace('//', '//user:p%40ss@') };
    const subject = client({ cluster: { server: 'https://api.test:6443' }, options: { env } })(server.cluster);
    assert.deepEqual(await subject.json(call), { ok: true });
    subject.close();
    assert.deepEqual(proxy.asked, [`CONNECT api.test:6443 Basic ${Buffer.from('user:p@ss').toString('base64')}`]);
    assert.equal(server.seen[0]?.authorization, 'Bearer secret');
  });

  test('forwards to an http server', async () => {
    await using server = await scriptedServer([ok], undefined, undefined, { host: '127.0.0.1', protocol: 'http' });
    await using proxy = await httpProxy(server.port);
    const subject = client({ cluster: { server: 'http://api.test:8080', proxyUrl: proxy.url } })(server.cluster);
    assert.deepEqual(await subject.json(call), { ok: true });
    subject.close();
    assert.deepEqual(proxy.asked, ['GET http://api.test:8080/api/v1/pods']);
  });

  test('of SOCKS resolves the name', async () => {
    await using server = await scriptedServer([ok]);
    await using proxy = await socksProxy(server.port);
    const subject = client({ cluster: { server: 'https://api.test:6443', proxyUrl: proxy.url } })(server.cluster);
    assert.deepEqual(await subject.json(call), { ok: true });
    subject.close();
    assert.deepEqual(proxy.asked, ['api.test']);
  });

  test('that takes the connection and says nothing is a failure in time', async () => {
    await using server = await scriptedServer([ok]);
    await using proxy = await httpProxy(server.port, false);
    const timers = new VirtualTimers();
    const subject = client({ cluster: { proxyUrl: proxy.url }, options: { timers } })(server.cluster);
    const asked = subject.json(call);
    await until(() => proxy.asked.length === 1);
    timers.advance(30_000);
    await assert.rejects(asked, /no answer to GET \/api\/v1\/pods within 30000 ms/);
    subject.close();
  });
});

describe('the deadline of a request', () => {
  for (const kind of ['json', 'stream'] as const) {
    test(`holds where the server accepts and never answers (${kind})`, async () => {
      const timers = new VirtualTimers();
      await using server = await scriptedServer([silent], { timers });
      const asked = server.client[kind](call);
      await until(() => server.seen.length === 1);
      timers.advance(30_000);
      await assert.rejects(asked, NoAnswer);
      assert.equal(timers.planned, 0);
    });
  }

  test('holds where the answer stops in the middle', async () => {
    const timers = new VirtualTimers();
    await using server = await scriptedServer([(response) => response.writeHead(200).write('{"a":')], { timers });
    const asked = server.client.json(call);
    await until(() => server.seen.length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    timers.advance(30_000);
    await assert.rejects(asked, NoAnswer);
  });

  test('holds where the port accepts and does not speak TLS', async () => {
    const sockets: Socket[] = [];
    const port = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve));
    const address = port.address();
    const server = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const timers = new VirtualTimers();
    const subject = client({ options: { timers } })({ name: 't', server, skipTLSVerify: true });
    const asked = subject.json({ ...call, timeoutMs: 5_000 });
    await until(() => sockets.length === 1);
    timers.advance(5_000);
    await assert.rejects(asked, /no answer to GET .* within 5000 ms/);
    subject.close();
    for (const socket of sockets) socket.destroy();
    port.close();
  });

  test('holds where a plugin for credentials never ends', async () => {
    const timers = new VirtualTimers();
    const exec = { command: 'sleep', args: ['0.5'], apiVersion: 'client.authentication.k8s.io/v1' };
    const subject = client({ user: { name: 'test', exec }, options: { timers } })({
      name: 't',
      server: 'https://x',
      skipTLSVerify: true,
    });
    const asked = subject.json(call);
    timers.advance(30_000);
    await assert.rejects(asked, NoAnswer);
    subject.close();
  });

  test("a caller's own abort is passed on as it is", async () => {
    await using server = await scriptedServer([silent]);
    const stop = new AbortController();
    const asked = server.client.json({ ...call, signal: stop.signal });
    await until(() => server.seen.length === 1);
    stop.abort();
    await assert.rejects(asked, (error) => error === stop.signal.reason);
  });
});

test('each answer is counted with its status, and each request without one as 0', async () => {
  const counted: [string, number][] = [];
  const options: KubeClientOptions = { onRequest: (method, status) => counted.push([method, status]) };
  await using server = await scriptedServer([ok, json(404, {}), (response) => response.destroy()], options);
  await server.client.json(call);
  await assert.rejects(server.client.json({ ...call, method: 'DELETE' }), ApiError);
  await assert.rejects(server.client.json({ ...call, method: 'POST', body: {} }), NoAnswer);
  assert.deepEqual(counted, [
    ['GET', 200],
    ['DELETE', 404],
    ['POST', 0],
  ]);
});

describe('what a failed request says', () => {
  test('a server that is not there: what was asked, and why not', async () => {
    const subject = client({})({ name: 't', server: 'https://127.0.0.1:1', skipTLSVerify: true });
    await assert.rejects(subject.json(call), (error) => {
      assert.ok(error instanceof NoAnswer);
      assert.match(error.message, /no answer to GET \/api\/v1\/pods: connect ECONNREFUSED/);
      assert.ok(error.cause instanceof Error);
      return true;
    });
    subject.close();
  });

  test('an answer that is no JSON: its status, its beginning and the cause', async () => {
    await using server = await scriptedServer([(response) => response.writeHead(200).end('<html>login</html>')]);
    await assert.rejects(server.client.json(call), (error) => {
      assert.ok(error instanceof UnreadableAnswer);
      assert.deepEqual([error.status, error.kind], [200, 'not JSON']);
      assert.match(error.message, /GET \/api\/v1\/pods \(status 200\) is not JSON: <html>login/);
      assert.ok(error.cause instanceof SyntaxError);
      return true;
    });
  });

  test('credentials that are refused and cannot be read anew: the refusal, with the cause', async () => {
    const refused = json(401, { kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized' });
    const gone = new Error('there is no file config');
    await using server = await scriptedServer([refused], {
      reload: () => {
        throw gone;
      },
    });
    await assert.rejects(server.client.json(call), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.cause], [401, gone]);
      return true;
    });
  });

  test('an endless answer: that it is too large', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    await using server = await scriptedServer([
      (response) => {
        const more = (): void => {
          while (response.write(chunk)) if (response.destroyed) return;
        };
        response.on('drain', more).on('error', () => undefined);
        more();
      },
    ]);
    await assert.rejects(
      server.client.json(call),
      (error) => error instanceof UnreadableAnswer && error.kind === 'too large',
    );
  });

  for (const server of ['', 'ftp://x', 'https://a b']) {
    test(`the server ${JSON.stringify(server)}: that it is none`, () => {
      const config = new KubeConfig();
      config.loadFromClusterAndUser({ name: 't', server, skipTLSVerify: true }, token);
      assert.throws(() => new KubeClient(config), /the server .* of cluster t is no http or https URL/);
    });
  }
});

describe('connections', () => {
  test('of watches are beside those of requests, so that many watches do not keep a request waiting', async () => {
    await using server = await scriptedServer([
      (response, { url }) => {
        if (url.searchParams.has('watch')) response.writeHead(200).flushHeaders();
        else ok(response, { url, method: '', authorization: '', certificate: '', impersonated: '' });
      },
    ]);
    const watches = await Promise.all(
      Array.from({ length: 80 }, () => server.client.stream({ ...call, query: { watch: 'true' } })),
    );
    assert.deepEqual(await server.client.json({ ...call, timeoutMs: 5_000 }), { ok: true });
    for (const watch of watches) watch.on('error', () => undefined).destroy();
  });

  test('are closed when the certificate that they were opened with is not the current one', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'appserver-rotation-'));
    const [certFile, keyFile] = [join(dir, 'crt'), join(dir, 'key')];
    const issue = (name: string): void => {
      const { cert, key } = certificate(name);
      writeFileSync(certFile, cert);
      writeFileSync(keyFile, key);
    };
    let time = 0;
    issue('first');
    const open: number[] = [];
    await using server = await scriptedServer(
      [ok],
      undefined,
      client({ user: { name: 'test', certFile, keyFile }, options: { now: () => time } }),
    );
    for (let i = 0; i < 4; i++) {
      if (i === 2) issue('second');
      await server.client.json(call);
      open.push(server.connections());
      time += 60_000;
    }
    rmSync(dir, { recursive: true });
    assert.deepEqual(open, [1, 1, 2, 2]);
    assert.deepEqual(
      server.seen.map((one) => one.certificate),
      ['first', 'first', 'second', 'second'],
    );
    await until(() => server.open() === 1);
  });

  test('are waited for by a write, which is not sent when it has one and may not be any more', async () => {
    let leads = true;
    const held: (() => void)[] = [];
    await using server = await scriptedServer([(response, seen) => held.push(() => ok(response, seen))], {
      mayWrite: () => leads,
    });
    const writes = Array.from({ length: 65 }, () => server.client.json({ method: 'DELETE', path: '/x' }));
    await until(() => held.length === 64);
    leads = false;
    for (const answer of held) answer();
    const outcomes = await Promise.allSettled(writes);
    const refused = outcomes.filter((one) => one.status === 'rejected').map(({ reason }): unknown => reason);
    assert.equal(server.seen.length, 64);
    assert.ok(refused.length === 1 && refused[0] instanceof WriteRefused);
  });
});
