import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generatedFiles } from '../scripts/generated.ts';

for (const [path, content] of Object.entries(generatedFiles())) {
  test(`${path} is what \`npm run generate\` writes`, () => {
    assert.equal(readFileSync(join(import.meta.dirname, '..', path), 'utf8'), content);
  });
}
