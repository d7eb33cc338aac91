import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import packageJson from '../../../package.json' with { type: 'json' };
import { couldHaveWritten, couldHaveWrittenProxy, versions } from '../../../src/operator/model/release.ts';

const own = 'registry.example.com:5000/appserver/runtime:0.3.0';
const digest = 'registry.example.com/runtime@sha256:0123';

const cases: Record<string, [image: string, own: string, could: boolean]> = {
  'its own image': [own, own, true],
  'the version before, in its own repository': ['registry.example.com:5000/appserver/runtime:0.2.0', own, true],
  'the version before, where its own has a digest': ['runtime:0.2.0', 'runtime:0.3.0@sha256:0123', true],
  'an image that was named': [digest, own, true],
  'an older version': ['registry.example.com:5000/appserver/runtime:0.0.1', own, false],
  'the version before with another digest': [
    'registry.example.com:5000/appserver/runtime:0.2.0@sha256:0123',
    own,
    false,
  ],
  'another repository of the same registry': ['registry.example.com:5000/evil/runtime:0.2.0', own, false],
  'another registry': ['registry.example.com:5001/appserver/runtime:0.2.0', own, false],
  'a repository whose name begins so': ['registry.example.com:5000/appserver/runtime:0.2.0/x:0.2.0', own, false],
  'no tag at all': ['registry.example.com:5000/appserver/runtime', own, false],
  nothing: ['', own, false],
};

describe('an operator could have written', () => {
  for (const [name, [image, mine, could]] of Object.entries(cases)) {
    test(`${name}: ${could ? 'yes' : 'no'}`, () =>
      assert.equal(couldHaveWritten(image, mine, new Set([digest])), could));
  }

  const nginx = 'registry.example.com:5000/nginx:1.30-alpine';
  const proxies: Record<string, [image: string, could: boolean]> = {
    'its own nginx': [nginx, true],
    'the nginx that it had before': ['registry.example.com:5000/nginx:1.28-alpine', true],
    'an nginx by digest': ['registry.example.com:5000/nginx@sha256:0123', true],
    'an nginx that was named': [digest, true],
    'an nginx of another repository': ['registry.example.com:5000/evil/nginx:1.30-alpine', false],
    'an nginx of another registry': ['registry.example.com:5001/nginx:1.30-alpine', false],
    'no nginx': ['', false],
  };
  for (const [name, [image, could]] of Object.entries(proxies)) {
    test(`${name}: ${could ? 'yes' : 'no'}`, () =>
      assert.equal(couldHaveWrittenProxy(image, nginx, new Set([digest])), could));
  }

  test('its own version first, and two before at most', () => {
    assert.equal(versions[0], packageJson.version);
    assert.ok(versions.length <= 3);
  });
});
