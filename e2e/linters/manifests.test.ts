// What kube-score and checkov find in install.yaml and in the chart with everything switched on. Each finding is explained here, or
// a fault; and an explanation that nothing is found for any more goes.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { checkov, kubeScore } from '../../scripts/linters.ts';
import { run } from '../cluster/command.ts';
import { binDir, repository } from '../cluster/layout.ts';
import { everything } from '../manifests/everything.ts';

/** Why a finding stays, by the id of the check. */
type Explained = Readonly<Record<string, string>>;

const explainedToKubeScore: Explained = {
  'container-image-pull-policy':
    'Tags are versions that are pushed once; with Always, nodes could not start the operator without the registry.',
  'container-ephemeral-storage-request-and-limit':
    'It writes nothing but its log, of which the kubelet keeps little; a limit would evict it for that.',
  'deployment-has-host-podantiaffinity': 'topologySpreadConstraints spread the replicas over nodes and zones.',
  'pod-networkpolicy':
    'Where the API server listens differs from cluster to cluster; networkPolicy.install makes the NetworkPolicy.',
};

const explainedToCheckov: Explained = {
  CKV_K8S_11: 'A limit of CPU throttles the renewal of the Lease; the request is what is guaranteed.',
  CKV_K8S_15:
    'Tags are versions that are pushed once; with Always, nodes could not start the operator without the registry.',
  CKV_K8S_38: 'An operator talks to the API server.',
  CKV_K8S_43: 'The digest of an image depends on the registry that it was pushed to; image.digest pins it.',
  CKV2_K8S_6:
    'Where the API server listens differs from cluster to cluster; networkPolicy.install makes the NetworkPolicy.',
};

let dir = '';
const inputs: string[] = [];

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'appserver-linters-'));
  const [values, full] = [join(dir, 'values.json'), join(dir, 'everything.yaml')];
  writeFileSync(values, JSON.stringify(everything));
  const chart = join(repository, 'charts/appserver-operator');
  const helm = [join(binDir, 'helm'), 'template', 'operator', chart, '--namespace', 'ops', '--values', values];
  writeFileSync(full, await run([...helm, '--set', 'crds.install=false']));
  writeFileSync(join(dir, 'install.yaml'), readFileSync(join(repository, 'install.yaml')));
  inputs.push(join(dir, 'install.yaml'), full);
});
after(() => rmSync(dir, { recursive: true }));

interface Finding {
  readonly check: string;
  readonly what: string;
}

/** Output of a linter, which ends with 1 where it has found something. */
async function report(command: readonly string[]): Promise<unknown> {
  return JSON.parse(await run(['sh', '-c', '"$@" || [ $? -eq 1 ]', 'sh', ...command]));
}

const checkovReport = z.object({
  results: z.object({ failed_checks: z.array(z.object({ check_id: z.string(), check_name: z.string() })) }),
});

async function byCheckov(file: string): Promise<Finding[]> {
  const command = [checkov, '--framework', 'kubernetes', '--skip-download', '--output', 'json', '--file', file];
  const { results } = checkovReport.parse(await report(command));
  return results.failed_checks.map(({ check_id: check, check_name: what }) => ({ check, what }));
}

const kubeScoreReport = z.array(
  z.object({
    object_name: z.string(),
    checks: z.array(
      z.object({
        check: z.object({ id: z.string() }),
        grade: z.number(),
        skipped: z.boolean(),
        comments: z.array(z.object({ summary: z.string() })).nullable(),
      }),
    ),
  }),
);
const allOk = 10;

async function byKubeScore(file: string): Promise<Finding[]> {
  // A limit of CPU would throttle the renewal of the Lease; that one limit is left out, and memory still asked for.
  const flags = ['--ignore-container-cpu-limit', '--output-format', 'json'];
  const objects = kubeScoreReport.parse(await report([kubeScore, 'score', ...flags, file]));
  return objects.flatMap(({ object_name: name, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < allOk)
      .map(({ check, comments }) => ({
        check: check.id,
        what: `${name}: ${(comments ?? []).map(({ summary }) => summary).join('; ')}`,
      })),
  );
}

const linters: Record<string, [lint: (file: string) => Promise<Finding[]>, explained: Explained]> = {
  'kube-score': [byKubeScore, explainedToKubeScore],
  checkov: [byCheckov, explainedToCheckov],
};

describe('manifests', { concurrency: 1 }, () => {
  for (const [name, [lint, explained]] of Object.entries(linters)) {
    test(`have no finding of ${name} that is not explained, and none is explained in vain`, async () => {
      const found = (await Promise.all(inputs.map(lint))).flat();
      const unexplained = found.filter(({ check }) => !(check in explained));
      assert.deepEqual(unexplained, []);
      const checks = new Set(found.map(({ check }) => check));
      assert.deepEqual(
        Object.keys(explained).filter((check) => !checks.has(check)),
        [],
      );
    });
  }
});
