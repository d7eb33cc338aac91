import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import type { Failure } from '../../../src/runtime/machine/state.ts';
import { ForkServer } from '../../../src/runtime/processes/fork-server.ts';

const late: Failure = { code: 'BOOT_TIMEOUT', cause: 'the worker was not ready within 0.3 s' };

/** The failure that workers are told of which wait for a fork server that runs this and never gets ready. */
async function failureOf(script: string, act: (forkServer: ForkServer) => void): Promise<Failure> {
  const { promise, resolve } = Promise.withResolvers<Failure>();
  const forkServer = new ForkServer({
    host: nodeHost(),
    command: () => ({ program: 'sh', args: ['-c', script], fds: [] }),
    onFailure: resolve,
    onWarning: () => assert.fail(),
    onOutput: () => act(forkServer),
  });
  forkServer.ensure();
  return promise;
}

describe('workers that wait for a fork server which', () => {
  test('was aborted because another worker came too late are told that reason', async () => {
    const told = await failureOf('echo there; exec sleep 60', (forkServer) => forkServer.abortIfStuck(late));
    assert.deepEqual(told, late);
  });

  test('ends by itself are told how', async () => {
    const told = await failureOf('exit 7', () => undefined);
    assert.deepEqual(told, { code: 'WORKER_EXITED', cause: 'the fork server ended with exit code 7' });
  });
});
