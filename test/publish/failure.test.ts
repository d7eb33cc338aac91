// What skopeo 1.9 writes, recorded from registries and servers that fail in these ways.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pushFailure, remedies } from '../../scripts/publish/failure.ts';

const host = 'registry.example.com';
const layer = `sha256:${'0123456789abcdef'.repeat(4)}`;
const reuse = `trying to reuse blob ${layer} at destination`;

const recorded = [
  [
    'a port where nothing listens',
    'REGISTRY_UNREACHABLE',
    `${reuse}: pinging container registry ${host}: Get "https://${host}/v2/": dial tcp 203.0.113.9:443: connect: connection refused`,
  ],
  [
    'a name that does not exist',
    'REGISTRY_UNREACHABLE',
    `${reuse}: pinging container registry ${host}: Get "https://${host}/v2/": dial tcp: lookup ${host} on 10.0.0.1:53: no such host`,
  ],
  [
    'plain HTTP where TLS is expected',
    'REGISTRY_PLAIN_HTTP',
    `${reuse}: pinging container registry ${host}: Get "https://${host}/v2/": http: server gave HTTP response to HTTPS client`,
  ],
  [
    'a certificate of an unknown authority',
    'REGISTRY_UNTRUSTED',
    `${reuse}: pinging container registry ${host}: Get "https://${host}/v2/": x509: certificate signed by unknown authority`,
  ],
  [
    'no credentials, or wrong ones',
    'REGISTRY_UNAUTHORIZED',
    `${reuse}: checking whether a blob ${layer} exists in ${host}/p/tiny: unauthorized: authentication required`,
  ],
  [
    'credentials that the token server refuses with 401',
    'REGISTRY_UNAUTHORIZED',
    `${reuse}: unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password`,
  ],
  [
    'credentials that the token server refuses with 403',
    'REGISTRY_DENIED',
    `${reuse}: Requesting bearer token: invalid status code from registry 403 (Forbidden)`,
  ],
  [
    'a path that the account may not push to',
    'REGISTRY_DENIED',
    `writing blob: initiating layer upload to /v2/p/tiny/blobs/uploads/ in ${host}: denied`,
  ],
  [
    'a token that does not reach for this path',
    'REGISTRY_DENIED',
    `${reuse}: checking whether a blob ${layer} exists in ${host}/theirs/pause: errors:\ndenied: requested access to the resource is denied\nerror parsing HTTP 401 response body: unexpected end of JSON input: ""\n`,
  ],
  [
    'a web server without a registry',
    'NOT_A_REGISTRY',
    `${reuse}: pinging container registry ${host}: invalid status code from registry 404 (Not Found)`,
  ],
  [
    'a registry that is down',
    'PUSH_FAILED',
    `${reuse}: pinging container registry ${host}: invalid status code from registry 503 (Service Unavailable)`,
  ],
  [
    'a registry that fails at storing',
    'PUSH_FAILED',
    `writing blob: initiating layer upload to /v2/p/tiny/blobs/uploads/ in ${host}: received unexpected HTTP status: 500 Internal Server Error`,
  ],
] as const;

describe('a push that fails', () => {
  for (const [what, code, said] of recorded) {
    test(`for ${what} is ${code}`, () => {
      const error = pushFailure(host, `time="2026-11-26T07:19:42Z" level=fatal msg=${JSON.stringify(said)}\n`);
      assert.equal(error.code, code);
      assert.match(error.message, new RegExp(String.raw`^${code}: registry\.example\.com: .+\. [A-Z].+\.$`));
      assert.doesNotMatch(error.message, /sha256|level=fatal|<registry>|trying to reuse|\n/);
    });
  }

  test('in a way that skopeo does not report as a log line is PUSH_FAILED with its words', () => {
    assert.match(
      pushFailure(host, 'panic: nobody expected this\n').message,
      /^PUSH_FAILED: .+: panic: nobody expected this\. /,
    );
    assert.match(pushFailure(host, '').message, /^PUSH_FAILED: /);
    const odd = String.raw`time="x" level=fatal msg="from \x1b[0m \"C:\\dir\": odd" other=1`;
    assert.match(pushFailure(host, odd).message, /: from x1b\[0m "C:\\dir": odd\. /);
  });

  test('tells a remedy that names the registry to log in to', () => {
    const error = pushFailure(host, `level=fatal msg="unauthorized: authentication required"`);
    assert.match(error.message, /`docker login registry\.example\.com`/);
  });
});

test('every remedy is a sentence', () => {
  for (const remedy of Object.values(remedies)) assert.match(remedy, /^[A-Z].*\.$/);
});
