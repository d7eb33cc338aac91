// The health check expressions that the GitOps page recommends, evaluated by Flux's own code over AppServers as the operator
// reports them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { load } from 'js-yaml';
import { z } from 'zod';
import { fluxHealth } from '../../scripts/linters.ts';
import { run } from '../cluster/command.ts';
import { repository } from '../cluster/layout.ts';
import { recorded } from '../gitops/recorded.ts';

const kustomization = z.object({
  spec: z.object({
    healthCheckExprs: z.tuple([z.object({ inProgress: z.string(), failed: z.string(), current: z.string() })]),
  }),
});

/** Those of the page. */
function expressions(): object {
  const page = readFileSync(join(repository, 'docs/gitops.md'), 'utf8');
  const block = /```yaml\n((?:(?!```)[\s\S])*healthCheckExprs[\s\S]*?)```/.exec(page)?.[1];
  assert.ok(block, 'the page has an example');
  const [{ inProgress, failed, current }] = kustomization.parse(load(block)).spec.healthCheckExprs;
  return { inProgress, failed, current };
}

const appServer = z.looseObject({
  metadata: z.looseObject({ generation: z.number() }),
  status: z
    .looseObject({
      observedGeneration: z.number().optional(),
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).optional(),
    })
    .optional(),
});

/** What the page promises: Current as soon as enough pods serve, Failed where waiting does not help. Flux waits else. */
function promised(resource: object): string {
  const { metadata, status } = appServer.parse(resource);
  if (status === undefined) return 'Unknown';
  const { conditions, observedGeneration } = status;
  if (conditions === undefined || observedGeneration !== metadata.generation) return 'InProgress';
  const isTrue = (type: string): boolean => conditions.some((one) => one.type === type && one.status === 'True');
  if (isTrue('Stalled')) return 'Failed';
  return isTrue('Available') ? 'Current' : 'InProgress';
}

describe('to Flux with the expressions of the GitOps page, an AppServer when', () => {
  let statuses: readonly string[];

  before(async () => {
    const input = recorded.map(({ resource }) => `${JSON.stringify(resource)}\n`).join('');
    statuses = (await run([fluxHealth, JSON.stringify(expressions())], { input })).trim().split('\n');
  });

  for (const [i, { when, resource }] of recorded.entries()) {
    const expected = promised(resource);
    test(`${when} is ${expected}`, () => assert.equal(statuses[i], expected));
  }
});
