// Which worker takes a connection: the same cases for the worker of Node and that of Python.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { header, headerBytes, maxRows, row, rowBytes } from '../../../src/runtime/shared/shared-memory-layout.ts';
import { Balance } from '../../../src/runtime/workers/node/balance.ts';

type Numbers = Partial<Record<keyof typeof row, number>>;

interface Case {
  readonly own: Numbers;
  readonly others: readonly Numbers[];
  /** How long the connection has been left to others. */
  readonly leftMs?: number;
  readonly leaves: boolean;
}

const accepting = 1;

const cases: Readonly<Record<string, Case>> = {
  'takes it when it is alone': { own: { connections: 9 }, others: [], leaves: false },
  'takes it when all have as much': { own: { connections: 2 }, others: [{ accepting, connections: 2 }], leaves: false },
  'leaves it to one with fewer connections': {
    own: { connections: 3 },
    others: [
      { accepting, connections: 5 },
      { accepting, connections: 2 },
    ],
    leaves: true,
  },
  'of those with as many, to one that has had clearly fewer': {
    own: { connections: 1, turn: 103 },
    others: [{ accepting, connections: 1, turn: 100 }],
    leaves: true,
  },
  'but not to one that has had hardly fewer': {
    own: { connections: 1, turn: 102 },
    others: [{ accepting, connections: 1, turn: 100 }],
    leaves: false,
  },
  'not to one that does not accept': { own: { connections: 3 }, others: [{ connections: 0 }], leaves: false },
  'not to one that ends': { own: { connections: 3 }, others: [{ accepting, retiring: 1 }], leaves: false },
  'for a moment to one with a request in hand': {
    own: { connections: 3 },
    others: [{ accepting, connections: 1, begun: 8, ended: 7 }],
    leftMs: 0.3,
    leaves: true,
  },
  'and not for longer': {
    own: { connections: 3 },
    others: [{ accepting, connections: 1, begun: 8, ended: 7 }],
    leftMs: 0.6,
    leaves: false,
  },
  'for longer to one that has nothing to do': {
    own: { connections: 3 },
    others: [{ accepting, connections: 1, begun: 8, ended: 8 }],
    leftMs: 4,
    leaves: true,
  },
  'and not for ever': {
    own: { connections: 3 },
    others: [{ accepting, connections: 1, begun: 8, ended: 8 }],
    leftMs: 6,
    leaves: false,
  },
};

const slot = 1;

/** The others have the rows before and after. */
function memoryOf({ own, others }: Case): ArrayBuffer {
  const memory = new ArrayBuffer(headerBytes + maxRows * rowBytes);
  const [first, ...rest] = others;
  const rows = [first ?? {}, { accepting, ...own }, ...rest];
  new Uint32Array(memory, header.rows, 1)[0] = rows.length;
  for (const [index, numbers] of rows.entries()) {
    const at = new Float64Array(memory, headerBytes + index * rowBytes, rowBytes / 8);
    for (const [name, byte] of Object.entries(row)) {
      const value = Object.entries(numbers).find(([key]) => key === name)?.[1];
      if (value !== undefined) at[byte / 8] = value;
    }
  }
  return memory;
}

describe('a worker that is woken for a connection, in Node,', () => {
  for (const [name, one] of Object.entries(cases)) {
    test(name, () => {
      const balance = new Balance(memoryOf(one), slot);
      // What it left first was left at 0.
      const first = balance.leaves(0);
      if (one.leftMs === undefined) return assert.equal(first, one.leaves);
      assert.equal(first, true);
      return assert.equal(balance.leaves(one.leftMs), one.leaves);
    });
  }

  test('begins where the others are, and does not fall far behind', () => {
    const memory = memoryOf({ own: {}, others: [{ accepting, turn: 500 }], leaves: false });
    const numbers = new Float64Array(memory);
    const turn = (index: number): number => (headerBytes + index * rowBytes + row.turn) / 8;
    const balance = new Balance(memory, slot);
    balance.begin();
    assert.equal(numbers[turn(slot)], 500);
    balance.took();
    assert.equal(numbers[turn(slot)], 501);
    numbers[turn(0)] = 900;
    balance.took();
    assert.equal(numbers[turn(slot)], 884);
  });

  test('is not waited for once it has stopped accepting', () => {
    const memory = memoryOf({ own: {}, others: [{ accepting, connections: 4 }], leaves: false });
    const other = new Balance(memory, 0);
    assert.equal(other.leaves(0), true);
    new Balance(memory, slot).end();
    assert.equal(other.leaves(1), false);
  });

  test('waits anew after another has taken what was left', () => {
    const balance = new Balance(
      memoryOf({ own: { connections: 3 }, others: [{ accepting, connections: 1 }], leaves: true }),
      slot,
    );
    balance.leaves(0);
    balance.gone();
    assert.equal(balance.leaves(100), true);
    assert.equal(balance.leaves(106), false);
  });
});

describe('a worker that is woken for a connection, in Python,', () => {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-balance-'));
  after(() => rmSync(dir, { recursive: true }));
  const program = `
import sys
sys.path.insert(0, sys.argv[1])
from appserver_worker.balance import Balance
from appserver_worker.shared_memory import Row
for line in sys.argv[2:]:
    path, left = line.split(" ")
    with open(path, "r+b") as file:
        print(Balance(Row(file.fileno(), ${slot}, []), 4).other_has_less(float(left)))
`;
  const python = (all: readonly Case[]): boolean[] => {
    const lines = all.map((one, index) => {
      const path = join(dir, String(index));
      writeFileSync(path, new Uint8Array(memoryOf(one)));
      return `${path} ${(one.leftMs ?? 0) / 1e3}`;
    });
    const home = join(import.meta.dirname, '../../../src/runtime/workers/python');
    const output = execFileSync('python3', ['-B', '-c', program, home, ...lines], { encoding: 'utf8' });
    return output
      .trim()
      .split('\n')
      .map((line) => line === 'True');
  };

  test('does the same', { skip: process.platform === 'linux' ? false : 'it needs Linux' }, () => {
    assert.deepEqual(
      python(Object.values(cases)),
      Object.values(cases).map(({ leaves }) => leaves),
    );
  });

  test(
    'leaves it to anyone who has a thread when all of its own have a request',
    { skip: process.platform === 'linux' ? false : 'it needs Linux' },
    () => {
      const full = { connections: 1, begun: 4, ended: 0 };
      assert.deepEqual(
        python([
          { own: full, others: [{ accepting, connections: 9, begun: 7, ended: 4 }], leaves: true },
          { own: full, others: [{ accepting, connections: 0, begun: 7, ended: 3 }], leaves: false },
        ]),
        [true, false],
      );
    },
  );
});
