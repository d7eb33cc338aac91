// The workflows under .github call nothing that does not exist.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { load } from 'js-yaml';
import { z } from 'zod';
import { repository } from '../e2e/cluster/layout.ts';

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')));

const step = z.looseObject({ uses: z.string().optional(), run: z.string().optional() });
const workflow = z.looseObject({
  permissions: z.object({ contents: z.literal('read') }),
  jobs: z.record(
    z.string(),
    z.looseObject({
      'timeout-minutes': z.number(),
      needs: z.string().optional(),
      strategy: z.looseObject({ matrix: z.looseObject({ script: z.array(z.string()).optional() }) }).optional(),
      steps: z.array(step),
    }),
  ),
});

for (const file of globSync('.github/workflows/*.yml', { cwd: repository })) {
  describe(file, () => {
    const { jobs } = workflow.parse(load(readFileSync(join(repository, file), 'utf8')));
    for (const [name, { needs, strategy, steps }] of Object.entries(jobs)) {
      test(`${name} runs npm scripts and programs that there are`, () => {
        const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run])).join('\n');
        const named = [...commands.matchAll(/npm run ([a-z:]+)/g)].map(([, script = '']) => script);
        for (const script of [...named, ...(strategy?.matrix.script ?? [])]) assert.ok(scripts[script], script);
        for (const [program = ''] of commands.matchAll(/\.ci\/\w+/g)) assert.ok(existsSync(join(repository, program)));
        assert.ok(needs === undefined || jobs[needs] !== undefined, `it needs ${needs}`);
      });
    }
  });
}
