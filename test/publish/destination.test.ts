import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDestination, parseTag } from '../../scripts/publish/destination.ts';
import { PushError } from '../../scripts/publish/failure.ts';

const invalid = (said: RegExp) => (error: unknown) =>
  error instanceof PushError && error.code === 'DESTINATION_INVALID' && said.test(error.message);

describe('--push', () => {
  for (const [what, text, host, prefix, loopback] of [
    ['a host', 'registry.example.com', 'registry.example.com', 'registry.example.com', false],
    [
      'a host with a path',
      'registry.example.com/a/b-c_d',
      'registry.example.com',
      'registry.example.com/a/b-c_d',
      false,
    ],
    ['a slash at the end', 'registry.example.com/team/', 'registry.example.com', 'registry.example.com/team', false],
    ['a name of one label with a port', 'registry:5000/x', 'registry:5000', 'registry:5000/x', false],
    ['localhost', 'localhost/x', 'localhost', 'localhost/x', true],
    ['localhost with a port', 'localhost:5000', 'localhost:5000', 'localhost:5000', true],
    ['an IPv4 address of this machine', '127.1.2.3:5000/x', '127.1.2.3:5000', '127.1.2.3:5000/x', true],
    ['an IPv4 address elsewhere', '10.200.0.1:5000/x', '10.200.0.1:5000', '10.200.0.1:5000/x', false],
    ['the IPv6 address of this machine', '[::1]:5000/x', '[::1]:5000', '[::1]:5000/x', true],
    [
      'a name that only begins like this machine',
      'localhost.example.com',
      'localhost.example.com',
      'localhost.example.com',
      false,
    ],
  ] as const) {
    test(`takes ${what}`, () => assert.deepEqual(parseDestination(text), { host, prefix, loopback }));
  }

  for (const [what, text, said] of [
    ['nothing', '', /is no host/],
    ['a path without a host', 'team/images', /"team" is no host: one has a dot or a port, or is localhost/],
    ['a scheme', 'https://registry.example.com', /has no scheme/],
    ['a tag', 'registry.example.com/team:1.0', /no tag and no digest; give the tag with --tag/],
    ['capitals in the path', 'registry.example.com/Team', /"Team" is no part of a path/],
    ['an empty part', 'registry.example.com//team', /"" is no part of a path/],
    ['a space', 'registry.example.com/a b', /"a b" is no part of a path/],
    ['a host that ends with a dash', 'registry-.example.com/a', /is no host/],
    ['an option', '--tls-verify=false', /is no host/],
  ] as const) {
    test(`refuses ${what}`, () => assert.throws(() => parseDestination(text), invalid(said)));
  }
});

test('--tag takes what registries take', () => {
  for (const tag of ['0.3.0', 'v1', '_x', 'a'.repeat(128)]) assert.equal(parseTag(tag), tag);
  for (const tag of ['', '-x', '.x', 'a:b', 'a b', 'a'.repeat(129)]) {
    assert.throws(() => parseTag(tag), /^PushError: TAG_INVALID: /);
  }
});
