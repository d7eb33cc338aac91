// Whether Python runs with its global lock, as a worker says it and the supervisor reads it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { repository } from '../../../e2e/cluster/layout.ts';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { SharedMemory } from '../../../src/runtime/processes/shared-memory.ts';
import { headerBytes, latencyBounds, maxRows, rowBytes } from '../../../src/runtime/shared/shared-memory-layout.ts';

const dir = mkdtempSync(join(tmpdir(), 'appserver-test-'));
after(() => rmSync(dir, { recursive: true }));

const workers = join(repository, 'src/runtime/workers/python');

/** A worker of this Python whose interpreter answers so, and later so. */
function gil(answers: readonly (boolean | undefined)[]): (boolean | undefined)[] {
  const fd = openSync(join(dir, 'memory'), 'w+');
  writeSync(fd, new Uint8Array(headerBytes + maxRows * rowBytes));
  const memory = new SharedMemory(nodeHost().shared(fd));
  const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
answers = json.loads(sys.argv[2])
if answers[0] is None:
    vars(sys).pop("_is_gil_enabled", None)
else:
    sys._is_gil_enabled = lambda: answers[0]
from appserver_worker.shared_memory import Row
row = Row(3, 1, json.loads(sys.argv[3]))
for answers[0] in answers[1:]:
    row.note_gil()
`;
  return answers.map((_, i) => {
    memory.clear(1);
    const given = JSON.stringify(answers.slice(0, i + 1).map((one) => one ?? null));
    const args = ['-B', '-c', script, workers, given, JSON.stringify(latencyBounds)];
    const { stderr, status } = spawnSync('python3', args, {
      stdio: ['ignore', 'ignore', 'pipe', fd],
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return memory.read(1).gil;
  });
}

describe('the lock of the interpreter', () => {
  test('is there where Python knows nothing of it', () => assert.deepEqual(gil([undefined]), [true]));
  test('is told as Python says', () => assert.deepEqual(gil([true]), [true]));
  test('is told again when a module has switched it on', () => assert.deepEqual(gil([false, true]), [false, true]));
});
