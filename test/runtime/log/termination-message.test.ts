import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StderrTail, terminationMessage } from '../../../src/runtime/log/termination-message.ts';

test('the termination message keeps its first line and as much of the end of stderr as fits', () => {
  const tail = new StderrTail();
  for (let i = 0; i < 50; i++) tail.add(`line ${i} ${'x'.repeat(400)}`);
  const message = terminationMessage('CODE: cause. remedy', tail.text());
  assert.ok(message.startsWith('CODE: cause. remedy\n'));
  assert.ok(message.length < 4_096);
  assert.ok(message.includes('line 49'));
  assert.ok(!message.includes('line 20 '));
});

test('the termination message is cut by bytes, at a character, and keeps its first line whatever stderr is written in', () => {
  const tail = new StderrTail();
  for (let i = 0; i < 50; i++) tail.add('\u00fc\u4e2d\u{1f600}'.repeat(400));
  const message = terminationMessage('CODE: cause. remedy', tail.text());
  assert.ok(message.startsWith('CODE: cause. remedy\n'));
  assert.ok(Buffer.byteLength(message) < 4_096, `${Buffer.byteLength(message)} bytes`);
  assert.ok(message.isWellFormed());
  const long = terminationMessage('\u{1f600}'.repeat(2_000), tail.text());
  assert.ok(Buffer.byteLength(long) < 4_096);
  assert.ok(long.isWellFormed());
});

test('nothing in a termination message acts on the terminal of who reads it', () => {
  assert.equal(
    terminationMessage('CODE: \u001B]0;x\u0007', 'Error: \u009B31m\u202E\n  at x'),
    'CODE: \\u001b]0;x\\u0007\nError: \\u009b31m\\u202e\n  at x\n',
  );
});
