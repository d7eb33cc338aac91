import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { addCounters, noCounters } from '../../../src/runtime/machine/accounting.ts';
import { SharedMemory } from '../../../src/runtime/processes/shared-memory.ts';
import { headerBytes, maxRows, records, row, rowBytes } from '../../../src/runtime/shared/shared-memory-layout.ts';

const dir = mkdtempSync(join(tmpdir(), 'appserver-test-'));
after(() => rmSync(dir, { recursive: true }));

const fd = openSync(join(dir, 'memory'), 'w+');
writeSync(fd, new Uint8Array(headerBytes + maxRows * rowBytes));
const memory = new SharedMemory(nodeHost().shared(fd));

test('the supervisor reads what a worker has counted, and clears its row', () => {
  const numbers = new Float64Array(rowBytes / 8);
  numbers.set([5, 4, 2.5, 3, 1]);
  numbers.set([0, 4], 15);
  const bytes = Buffer.from(numbers.buffer);
  for (const [record, began, text] of [
    [0, 20, 'GET /new'],
    // Its worker waits for the client.
    [2, -10, 'GET /old'],
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
  assert.deepEqual(inHand, [
    { text: 'GET /old', began: 10, hasDeadline: false },
    { text: 'GET /new', began: 20, hasDeadline: true },
  ]);
  assert.equal(addCounters(counters, counters).ended, 8);
  memory.clear(3);
  assert.deepEqual(memory.read(3), { counters: noCounters, connections: 0, gil: undefined, inHand: [] });
});

describe('what a worker writes into its row counts only when it can be', () => {
  const slot = 5;
  const write = (offset: number, ...values: readonly number[]): void => {
    const bytes = Buffer.alloc(8 * values.length);
    for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, 8 * i);
    writeSync(fd, bytes, 0, bytes.length, headerBytes + slot * rowBytes + offset);
  };
  const forged = {
    'no number': Number.NaN,
    'less than nothing': -1e300,
    'without end': Infinity,
    'more than can be': 1e300,
    'less than before': 3,
  };
  for (const [what, value] of Object.entries(forged)) {
    test(`not ${what}`, () => {
      memory.clear(slot);
      write(row.begun, 9, 8, 2.5, 8);
      write(row.statuses + 8, 8);
      write(row.connections, 2);
      const before = memory.read(slot);
      write(row.begun, value, value, value < 3 ? value : -1, value);
      write(row.statuses + 8, value);
      assert.deepEqual(memory.read(slot).counters, before.counters);
      write(row.connections, value);
      assert.equal(memory.read(slot).connections, value === 3 ? 3 : 0);
      write(records.offset, value);
      assert.ok(memory.read(slot).inHand.every(({ began }) => Number.isFinite(began)));
    });
  }

  test('and a row that has been cleared begins anew', () => {
    memory.clear(slot);
    write(row.begun, 9, 9);
    memory.read(slot);
    memory.clear(slot);
    write(row.begun, 2, 1);
    const { begun, ended } = memory.read(slot).counters;
    assert.deepEqual([begun, ended], [2, 1]);
  });
});
