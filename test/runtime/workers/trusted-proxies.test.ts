// Whose request it is behind proxies, as uvicorn has it.
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { pythonPackagesDir } from '../../../scripts/python-packages.ts';
import { TrustedProxies } from '../../../src/runtime/workers/node/trusted-proxies.ts';
import { skip } from '../runtime-process.ts';

interface Case {
  readonly trusted: readonly string[];
  readonly peer: string;
  readonly forwarded: string | null;
}

const script = `
import asyncio, json, sys
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
async def client(one):
    seen = []
    async def app(scope, receive, send):
        seen.append(scope["client"][0])
    headers = [] if one["forwarded"] is None else [(b"x-forwarded-for", one["forwarded"].encode())]
    scope = {"type": "http", "headers": headers, "client": (one["peer"], 1), "scheme": "http"}
    await ProxyHeadersMiddleware(app, one["trusted"])(scope, None, None)
    return seen[0]
print(json.dumps([asyncio.run(client(one)) for one in json.load(sys.stdin)]))
`;

function uvicorn(cases: readonly Case[]): unknown {
  const env = { ...process.env, PYTHONPATH: pythonPackagesDir('newest') };
  const { stdout, stderr } = spawnSync('python3', ['-c', script], {
    input: JSON.stringify(cases),
    encoding: 'utf8',
    env,
  });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

const ours = ({ trusted, peer, forwarded }: Case): string =>
  new TrustedProxies(trusted).client(peer, forwarded ?? undefined);

const networks = ['10.0.0.0/8', '10.1.0.0/16', '192.0.2.7', '2001:db8::/32', '::1', '127.0.0.1'];
const addresses = [
  '10.1.2.3',
  '10.200.0.1',
  '192.0.2.7',
  '203.0.113.9',
  '2001:db8::5',
  '2001:db9::5',
  '::1',
  'unknown',
];

describe("the client's address behind proxies", { skip }, () => {
  const table: Record<string, Case> = {
    'nobody is trusted': { trusted: [], peer: '10.1.2.3', forwarded: '203.0.113.9' },
    'another one is trusted': { trusted: ['192.0.2.7'], peer: '10.1.2.3', forwarded: '203.0.113.9' },
    'all are trusted': { trusted: ['*'], peer: '10.1.2.3', forwarded: '198.51.100.1, 203.0.113.9' },
    'a network is trusted': {
      trusted: ['10.0.0.0/8'],
      peer: '10.1.2.3',
      forwarded: '198.51.100.1, 203.0.113.9, 10.9.9.9',
    },
    'a client claims another address': {
      trusted: ['10.0.0.0/8'],
      peer: '10.1.2.3',
      forwarded: '127.0.0.1, 203.0.113.9',
    },
    'only proxies are named': { trusted: ['10.0.0.0/8'], peer: '10.1.2.3', forwarded: '10.0.0.1, 10.0.0.2' },
    'a proxy appends ports': { trusted: ['10.0.0.0/8'], peer: '10.1.2.3', forwarded: '203.0.113.9:4711' },
    'a proxy appends ports to IPv6': { trusted: ['10.0.0.0/8'], peer: '10.1.2.3', forwarded: '[2001:db9::5]:4711' },
    'a proxy of IPv6': { trusted: ['2001:db8::/32'], peer: '2001:db8::5', forwarded: '203.0.113.9' },
    'words that are no address': { trusted: ['10.0.0.0/8'], peer: '10.1.2.3', forwarded: 'unknown' },
    'no header': { trusted: ['*'], peer: '10.1.2.3', forwarded: null },
  };
  test('is the one that uvicorn gives', () => {
    const cases = Object.values(table);
    assert.deepEqual(cases.map(ours), uvicorn(cases), Object.keys(table).join('; '));
  });

  test('is the one that uvicorn gives, whatever is sent', () => {
    const one = fc.record({
      trusted: fc.subarray(networks),
      peer: fc.constantFrom(...addresses),
      forwarded: fc.array(fc.constantFrom(...addresses), { minLength: 1, maxLength: 5 }).map((all) => all.join(', ')),
    });
    const cases = fc.sample(one, 500);
    assert.deepEqual(cases.map(ours), uvicorn(cases));
  });

  test('is told without the form that sockets of both families give it', () => {
    assert.equal(new TrustedProxies([]).client('::ffff:203.0.113.9', undefined), '203.0.113.9');
    assert.equal(new TrustedProxies(['10.0.0.0/8']).client('::ffff:10.1.2.3', '203.0.113.9'), '203.0.113.9');
  });

  test('is what a proxy beside the application says on a unix socket', () => {
    assert.equal(new TrustedProxies(['10.0.0.0/8']).client(undefined, '203.0.113.9'), '203.0.113.9');
    assert.equal(new TrustedProxies([]).client(undefined, '203.0.113.9'), '');
  });
});
