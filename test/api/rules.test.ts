import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceRules, specRules } from '../../src/api/rules.ts';

test('every rule names the field, and what to do about it', () => {
  for (const { message } of [...specRules, ...resourceRules]) {
    assert.match(message, /^(spec|metadata)\..*; (choose|set|raise|lower|correct|leave|remove|use) |choose such/);
  }
});
