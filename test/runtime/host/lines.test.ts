import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { eachLine } from '../../../src/runtime/host/node/lines.ts';

test('lines are told apart over chunks, and one without end comes in parts', async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(line));
  for (const chunk of ['a', 'b\nc', '\n', 'x'.repeat(40_000), 'end', `\n${'y'.repeat(40_000)}\n`]) stream.write(chunk);
  stream.end();
  await new Promise((resolve) => stream.on('close', resolve));
  assert.deepEqual(lines.slice(0, 2), ['ab', 'c']);
  assert.equal(lines.slice(2).join(''), `${'x'.repeat(40_000)}end${'y'.repeat(40_000)}`);
  assert.ok(lines.every((line) => line.length <= 16_384));
});
