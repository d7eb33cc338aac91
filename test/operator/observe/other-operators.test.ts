import { KubeConfig } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError, KubeClient, type KubeObject } from '../../../src/kube/index.ts';
import type { OperatorState } from '../../../src/operator/model/operators.ts';
import { OtherOperators } from '../../../src/operator/observe/other-operators.ts';

const now = Date.parse('2026-01-01T00:01:00Z');

/** Answers each request so, and counts them. */
class Answering extends KubeClient {
  requests = 0;
  readonly #answer: () => unknown;

  constructor(answer: () => unknown) {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'none', server: 'https://127.0.0.1:1', skipTLSVerify: true },
      { name: 'nobody' },
    );
    super(config);
    this.#answer = answer;
  }

  override json(): Promise<unknown> {
    this.requests++;
    return new Promise((resolve) => {
      resolve(this.#answer());
    });
  }
}

const lease = (spec: object): object => ({ metadata: { name: 'x' }, spec }) satisfies Partial<KubeObject>;
const refusal =
  (status: number): (() => never) =>
  () => {
    throw new ApiError(status, '', 'no');
  };
const held = { holderIdentity: 'pod-1', leaseDurationSeconds: 15 };

const cases: Record<string, { answer: () => unknown; state: OperatorState }> = {
  'holds its Lease': { answer: () => lease({ ...held, renewTime: '2026-01-01T00:00:58.000000Z' }), state: 'acts' },
  'has given its Lease back': { answer: () => lease({ ...held, holderIdentity: '' }), state: 'gone' },
  'has not renewed its Lease for long': {
    answer: () => lease({ ...held, renewTime: '2026-01-01T00:00:01Z' }),
    state: 'gone',
  },
  'has a Lease that says nothing': { answer: () => lease({}), state: 'gone' },
  'has no Lease': { answer: refusal(404), state: 'gone' },
  'has a Lease that this one may not read': { answer: refusal(403), state: 'unreadable' },
};

describe('another operator that', () => {
  for (const [name, { answer, state }] of Object.entries(cases)) {
    test(`${name}: ${state}`, async () => {
      assert.equal(await new OtherOperators(new Answering(answer), () => now).state('a/x'), state);
    });
  }

  test('is looked at by many AppServers is asked for once, and again after a while', async () => {
    let time = now;
    const client = new Answering(() => lease(held));
    const others = new OtherOperators(client, () => time);
    await Promise.all([others.state('a/x'), others.state('a/x')]);
    assert.equal(client.requests, 1);
    time += 11_000;
    await others.state('a/x');
    assert.equal(client.requests, 2);
  });

  test('has no name that a Lease can have is gone, and nobody is asked', async () => {
    const client = new Answering(() => lease(held));
    assert.equal(await new OtherOperators(client, () => now).state('a/../../x'), 'gone');
    assert.equal(client.requests, 0);
  });

  test('cannot be looked at just now is no reason to act', async () => {
    const others = new OtherOperators(new Answering(refusal(500)), () => now);
    await assert.rejects(others.state('a/x'), ApiError);
    await assert.rejects(others.state('a/x'), ApiError);
  });
});
