import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { interpreterProblem } from '../../../src/runtime/workers/node/interpreter.ts';

describe('the program called node', () => {
  const cases: Readonly<Record<string, [versions: Record<string, string>, problem: string | undefined]>> = {
    'is Node 20': [{ node: '20.0.0' }, undefined],
    'is Node 26': [{ node: '26.10.0', v8: '14.6' }, undefined],
    'is Node 18': [{ node: '18.20.0' }, 'Node 18.20.0 is too old'],
    'is Bun, which says that it is a Node too': [
      { node: '24.3.0', bun: '1.3.0' },
      'the program called node is Bun 1.3.0',
    ],
    'is Deno': [{ node: '24.3.0', deno: '2.5.0' }, 'the program called node is Deno 2.5.0'],
  };
  for (const [name, [versions, problem]] of Object.entries(cases)) {
    test(name, () => assert.equal(interpreterProblem(versions), problem));
  }
});
