// Expectations are those of golang.org/x/net/http/httpproxy, by which kubectl chooses.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { proxyFor, type Environment } from '../../src/kube/proxy.ts';

const both = { HTTPS_PROXY: 'http://tls.test:3128', HTTP_PROXY: 'http://plain.test:3128' };
const except = (NO_PROXY: string): Environment => ({ ...both, NO_PROXY });

interface Case {
  readonly server: string;
  readonly env: Environment;
  readonly chosen?: string;
  /** Undefined for none. */
  readonly want: string | undefined;
}

const through = 'http://tls.test:3128/';
const cases: Record<string, Case> = {
  'none is used where none is named': { server: 'https://api.test', env: {}, want: undefined },
  'HTTPS_PROXY is for https': { server: 'https://api.test', env: both, want: through },
  'HTTP_PROXY is for http': { server: 'http://api.test', env: both, want: 'http://plain.test:3128/' },
  'HTTP_PROXY is not for https': {
    server: 'https://api.test',
    env: { HTTP_PROXY: 'http://plain.test:3128' },
    want: undefined,
  },
  'lower case counts': {
    server: 'https://api.test',
    env: { https_proxy: 'http://low.test' },
    want: 'http://low.test/',
  },
  'upper case counts more': {
    server: 'https://api.test',
    env: { https_proxy: 'http://low.test', HTTPS_PROXY: 'http://up.test' },
    want: 'http://up.test/',
  },
  'an empty variable is none': { server: 'https://api.test', env: { HTTPS_PROXY: '' }, want: undefined },
  'a proxy without a scheme speaks HTTP': {
    server: 'https://api.test',
    env: { HTTPS_PROXY: 'tls.test:3128' },
    want: through,
  },
  'the name of this machine is reached directly': { server: 'https://localhost:6443', env: both, want: undefined },
  'its addresses are, too': { server: 'https://127.8.0.1:6443', env: both, want: undefined },
  'also the one of IPv6': { server: 'https://[::1]:6443', env: both, want: undefined },
  'a star excludes all': { server: 'https://api.test', env: except('a.test, *'), want: undefined },
  'a name excludes itself': { server: 'https://api.test', env: except('api.test'), want: undefined },
  'a name excludes what is below it': { server: 'https://a.api.test', env: except('api.test'), want: undefined },
  'a name does not exclude what merely ends like it': {
    server: 'https://myapi.test',
    env: except('api.test'),
    want: through,
  },
  'a name with a dot excludes only what is below it': {
    server: 'https://api.test',
    env: except('.api.test'),
    want: through,
  },
  'a name with a star does, too': { server: 'https://a.api.test', env: except('*.api.test'), want: undefined },
  'names have no case': { server: 'https://API.test', env: except('Api.Test'), want: undefined },
  'a port narrows it': { server: 'https://api.test:6443', env: except('api.test:443'), want: through },
  'the default port counts as one': { server: 'https://api.test', env: except('api.test:443'), want: undefined },
  'an address excludes itself': { server: 'https://10.96.0.1', env: except('10.96.0.1'), want: undefined },
  'an address with a port': { server: 'https://10.96.0.1:6443', env: except('10.96.0.1:6443'), want: undefined },
  'a network excludes its addresses': { server: 'https://10.96.0.1', env: except('10.0.0.0/8'), want: undefined },
  'a network does not exclude others': { server: 'https://11.0.0.1', env: except('10.0.0.0/8'), want: through },
  'a network of IPv6': { server: 'https://[fd00::1]:443', env: except('fd00::/8'), want: undefined },
  'an address of IPv6, in brackets': { server: 'https://[fd00::1]:443', env: except('[fd00::1]:443'), want: undefined },
  'an address of IPv6, written otherwise': { server: 'https://[fd00::1]', env: except('fd00:0:0::1'), want: undefined },
  'what is no network excludes nothing': {
    server: 'https://10.96.0.1',
    env: except('10.0.0.0/99,/8,10.96/'),
    want: through,
  },
  'nothing between commas excludes nothing': { server: 'https://api.test', env: except(' , ,'), want: through },
  "the kubeconfig's own comes first": {
    server: 'https://api.test',
    env: both,
    chosen: 'http://own.test',
    want: 'http://own.test/',
  },
  "the kubeconfig's own knows no exceptions": {
    server: 'https://127.0.0.1',
    env: except('*'),
    chosen: 'http://own.test',
    want: 'http://own.test/',
  },
  'names are resolved by a SOCKS proxy in any case': {
    server: 'https://api.test',
    env: {},
    chosen: 'socks5h://own.test:1080',
    want: 'socks5://own.test:1080',
  },
};

describe('the proxy', () => {
  for (const [name, { server, env, chosen, want }] of Object.entries(cases)) {
    test(name, () => assert.equal(proxyFor(new URL(server), chosen, env)?.href.replace(/(socks5:.*)\/$/, '$1'), want));
  }

  for (const wrong of ['ftp://proxy.test', 'http://', 'http://a b']) {
    test(`${JSON.stringify(wrong)} is refused with a sentence`, () => {
      assert.throws(() => proxyFor(new URL('https://api.test'), wrong, {}), /^Error: the proxy /);
    });
  }
});
