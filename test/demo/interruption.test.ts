import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../e2e/cluster/command.ts';
import { Interrupted, interruptible, untilInterrupted } from '../../e2e/cluster/interruption.ts';
import { commandLine, defaultPrefix } from '../../e2e/cluster/layout.ts';

test('an interruption ends a program with all that it has started, and starts no other', async () => {
  const stop = new AbortController();
  await interruptible(stop.signal, async () => {
    const running = run(['sh', '-c', 'sleep 600 & wait']);
    stop.abort();
    await assert.rejects(running, Interrupted);
    await assert.rejects(run(['true']), Interrupted);
    await assert.rejects(untilInterrupted(), Interrupted);
  });
});

test('an interruption waits for a program that must not be left half done', async () => {
  const stop = new AbortController();
  await interruptible(stop.signal, async () => {
    const running = run(['sh', '-c', 'read line; echo "$line"'], { input: 'done\n', toItsEnd: true });
    stop.abort();
    assert.equal(await running, 'done\n');
  });
});

test('work outside of what is interrupted goes on', async () => {
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(
    interruptible(stop.signal, () => run(['true'])),
    Interrupted,
  );
  assert.equal(await interruptible(new AbortController().signal, () => run(['echo', 'cleared'])), 'cleared\n');
  assert.equal(await run(['echo', 'cleared']), 'cleared\n');
});

test('the command line for a cluster names it, unless it is the one that is meant without a name', () => {
  assert.equal(commandLine({ prefix: 'x' }, 'down'), 'npm run cluster -- --prefix x down');
  assert.equal(commandLine({ prefix: defaultPrefix('cluster') }, 'down'), 'npm run cluster -- down');
});
