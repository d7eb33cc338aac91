// Several ConfigMaps and Secrets that do not exist: all are named at once, as far as a message may grow.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Reference } from '../../../src/operator/model/references.ts';
import { facts } from '../../builders.ts';
import { starting, statusOf, waiting } from './situations.ts';

const secret = (name: string): Reference => ({ kind: 'Secret', name, optional: false });
const urls: Reference = { kind: 'ConfigMap', name: 'urls', optional: false };
const first = 'Secret db does not exist; create it in namespace web.';

const cases: Record<string, readonly [missing: readonly Reference[], says: string]> = {
  'one is named alone': [[secret('db')], first],
  'a second one is named': [[secret('db'), urls], `${first} ConfigMap urls does not exist either.`],
  'three are named': [
    [secret('db'), secret('cache'), urls],
    `${first} Secret cache and ConfigMap urls do not exist either.`,
  ],
  'of more, the number is said': [
    [secret('db'), secret('cache'), urls, secret('tls'), secret('mail')],
    `${first} Secret cache, ConfigMap urls and 2 more do not exist either.`,
  ],
  'the one that kubelet speaks of comes first': [
    [secret('cache'), secret('db')],
    `${first} Secret cache does not exist either.`,
  ],
};

describe('of what is missing', () => {
  for (const [name, [references, says]] of Object.entries(cases)) {
    test(name, () => {
      const pods = [waiting('CreateContainerConfigError', 'secret "db" not found')];
      const given = facts({ children: [starting], pods, missing: { references, pullSecrets: [] } });
      const ready = statusOf(given).conditions?.find(({ type }) => type === 'Ready');
      assert.equal(ready?.message, `1 of 1 pod: ${says}`);
    });
  }
});
