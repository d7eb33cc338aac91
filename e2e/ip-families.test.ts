// Pods that have addresses of IPv4 and IPv6, and what applications of every kind see of their clients.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { dirname } from 'node:path';
import type { KubeObject } from '../src/kube/index.ts';
import { testImageNames } from '../scripts/test-images.ts';
import { applications, Runtime } from '../test/runtime/runtime-process.ts';
import { inNamespace, run } from './cluster/command.ts';
import { appServer, create, namespace, pods, restricted, untilReady } from './harness/appserver.ts';
import { eventually } from './harness/api.ts';
import { installOperator, kubectl } from './harness/operator.ts';

const addressesOf = (pod: KubeObject): string[] =>
  (pod['status'] as { podIPs: { ip: string }[] }).podIPs.map(({ ip }) => (ip.includes(':') ? `[${ip}]` : ip));

const kinds: Record<string, object> = {
  'an application of WSGI': {},
  'an application of WSGI in threads': { workers: { class: 'gthread', threads: 2 } },
  'an application of ASGI': { image: testImageNames.kinds, app: { asgi: 'asgi_app:app', workingDir: '/srv' } },
  'an application of Node': { image: testImageNames.kinds, app: { node: 'server.js', workingDir: '/srv' } },
  'an application behind nginx': { proxy: { image: testImageNames.nginx } },
};

const cable = 'cable';

interface Network {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** A network namespace as a pod has one, at the other end of a cable. */
class PodNetwork implements AsyncDisposable {
  readonly name: string;
  readonly hosts: readonly string[];

  private constructor(name: string, hosts: readonly string[]) {
    this.name = name;
    this.hosts = hosts;
  }

  static async create({ ipv4, ipv6 }: Network): Promise<PodNetwork> {
    const name = `pod-${process.pid}`;
    const ip = (...args: readonly string[]): Promise<string> => run(['ip', ...args]);
    await ip('netns', 'add', name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
    await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await ip('link', 'set', cable, 'up');
    // As on a node whose kernel was told to do without it.
    if (!ipv6) await run(inNamespace(name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1'));
    await ip('-n', name, 'link', 'set', 'eth0', 'up');
    const families = [
      ...(ipv4 ? [{ ours: '10.99.0.1/24', theirs: '10.99.0.2/24', host: '10.99.0.2' }] : []),
      ...(ipv6 ? [{ ours: 'fd00:99::1/64', theirs: 'fd00:99::2/64', host: '[fd00:99::2]' }] : []),
    ];
    for (const { ours, theirs } of families) {
      const nodad = ours.includes(':') ? ['nodad'] : [];
      await ip('addr', 'add', ours, 'dev', cable, ...nodad);
      await ip('-n', name, 'addr', 'add', theirs, 'dev', 'eth0', ...nodad);
    }
    return new PodNetwork(
      name,
      families.map(({ host }) => host),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The namespace's own end of it goes a while after the namespace.
    await run(['ip', 'link', 'del', cable]);
    await run(['ip', 'netns', 'del', this.name]);
  }
}

const networks: Record<string, Network & { readonly sees: readonly string[] }> = {
  'IPv4 alone, on a kernel without IPv6': { ipv4: true, ipv6: false, sees: ['10.99.0.1'] },
  'IPv6 alone': { ipv4: false, ipv6: true, sees: ['fd00:99::1'] },
  'IPv4 and IPv6': { ipv4: true, ipv6: true, sees: ['10.99.0.1', 'fd00:99::1'] },
};

describe('the runtime in a network of', { concurrency: 1 }, () => {
  const root = applications({
    'app.js': "require('http').createServer((q, s) => s.end(q.socket.remoteAddress)).listen(process.env.PORT);",
  });

  for (const [name, { sees, ...network }] of Object.entries(networks)) {
    test(`${name} serves at every address of it`, async () => {
      await using pod = await PodNetwork.create(network);
      await using runtime = await Runtime.start({
        root,
        app: { node: 'app.js' },
        fixed: { listen: [':8000'], admin: ':9000' },
        within: inNamespace(pod.name),
        env: { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
      });
      const seen: string[] = [];
      for (const host of pod.hosts) {
        const ready = async (): Promise<true | undefined> =>
          (await fetch(`http://${host}:9000/readyz`)).status === 200 ? true : undefined;
        await eventually(`ready at ${host}\n${runtime.output}`, ready, 20_000);
        seen.push(await (await fetch(`http://${host}:8000/`, { headers: { connection: 'close' } })).text());
      }
      assert.deepEqual(seen, sees, runtime.output);
    });
  }
});

describe('a pod with addresses of both families', () => {
  before(() => installOperator());

  for (const [name, spec] of Object.entries(kinds)) {
    test(`serves ${name} at each of them, as does the port of its probes`, async () => {
      await using ns = await namespace(restricted);
      const logging = { format: 'text', accessLog: true };
      await create(appServer(ns.name, { replicas: 1, logging, ...spec }));
      await untilReady(ns.name);
      const [pod] = await pods(ns.name);
      assert.ok(pod);
      const addresses = addressesOf(pod);
      assert.equal(addresses.length, 2, addresses.join(', '));
      const port = 'proxy' in spec ? 8080 : 8000;
      for (const address of addresses) {
        const path = `/?by=${address.includes(':') ? 'ipv6' : 'ipv4'}`;
        const answer = await fetch(`http://${address}:${port}${path}`, { headers: { connection: 'close' } });
        assert.equal(answer.status, 200, address);
        assert.equal((await fetch(`http://${address}:9000/livez`)).status, 200, address);
      }
      if ('proxy' in spec) return;
      // A client of IPv4 has the address that it has elsewhere, and not one that is written as one of IPv6.
      const log = await eventually('both in the log', async () => {
        const text = await kubectl('logs', '-n', ns.name, 'deployment/shop', '--container', 'app');
        return (text.match(/GET \//g) ?? []).length >= 2 ? text : undefined;
      });
      assert.doesNotMatch(log, /::ffff:/);
    });
  }

  test('is reached through a Service of either family', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { replicas: 1 }));
    await untilReady(ns.name);
    await kubectl(
      ...['patch', 'service', 'shop', '-n', ns.name, '--type=merge'],
      ...['-p', '{"spec":{"ipFamilyPolicy":"RequireDualStack"}}'],
    );
    const text = await kubectl('get', 'service', 'shop', '-n', ns.name, '-o', 'jsonpath={.spec.clusterIPs}');
    const addresses = JSON.parse(text) as string[];
    assert.equal(addresses.length, 2, text);
    for (const address of addresses) {
      const url = `http://${address.includes(':') ? `[${address}]` : address}`;
      const status = await eventually(`an answer from ${url}`, async () => (await fetch(url)).status);
      assert.equal(status, 200);
    }
  });
});
