import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { addCounters, noCounters, SharedMemory } from '../../../src/runtime/processes/shared-memory.ts';
import { headerBytes, maxRows, records, rowBytes } from '../../../src/runtime/shared/shared-memory-layout.ts';

const dir = mkdtempSync(join(tmpdir(), 'appserver-test-'));
after(() => rmSync(dir, { recursive: true }));

const fd = openSync(join(dir, 'memory'), 'w+');
writeSync(fd, new Uint8Array(headerBytes + maxRows * rowBytes));
const memory = new SharedMemory(nodeHost().shared(fd));

test('the supervisor reads what a worker has counted, and clears its row', () => {
  const row = new Float64Array(rowBytes / 8);
  row.set([5, 4, 2.5, 3, 1]);
  row.set([0, 4], 15);
  const bytes = Buffer.from(row.buffer);
  for (const [record, began, text] of [
    [0, 20, 'GET /new'],
    [2, 10, 'GET /old'],
  ] as const) {
    const at = records.offset + record * records.bytes;
    bytes.writeDoubleLE(began, at);
    bytes.writeUInt32LE(text.length, at + 8);
    bytes.write(text, at + records.textOffset);
  }
  writeSync(fd, bytes, 0, rowBytes, headerBytes + 3 * rowBytes);
  const { counters, inHand } = memory.read(3);
  assert.deepEqual(
    [counters.begun, counters.ended, counters.seconds, counters.buckets.slice(0, 3), counters.statuses],
    [5, 4, 2.5, [3, 1, 0], [0, 4, 0, 0, 0]],
  );
  assert.deepEqual(
    inHand.map(({ text }) => text),
    ['GET /old', 'GET /new'],
  );
  assert.equal(addCounters(counters, counters).ended, 8);
  memory.clear(3);
  assert.deepEqual(memory.read(3), { counters: noCounters, connections: 0, inHand: [] });
});
