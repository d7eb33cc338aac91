// What judges what is shipped, in pinned versions: kube-score and Flux's health checks are built from their Go modules, checkov is
// installed from PyPI.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir, repository } from '../e2e/cluster/layout.ts';
import { step } from '../e2e/cluster/progress.ts';

const kubeScoreVersion = 'v1.20.0';
const checkovVersion = '3.3.30';

const home = join(cacheDir, 'linters');
const kubeScoreDir = join(home, `kube-score-${kubeScoreVersion}`);
const checkovDir = join(home, `checkov-${checkovVersion}`);

const fluxModule = join(repository, 'e2e/flux-health');
const fluxSources = createHash('sha256');
for (const file of ['go.mod', 'go.sum', 'main.go']) fluxSources.update(readFileSync(join(fluxModule, file)));

/** Prints what Flux makes of objects by health check expressions. */
export const fluxHealth = join(home, `flux-health-${fluxSources.digest('hex').slice(0, 12)}`);
export const kubeScore = join(kubeScoreDir, 'kube-score');
export const checkov = join(checkovDir, 'bin/checkov');

/** Builds and installs those that are missing. */
export async function ensureLinters(): Promise<void> {
  mkdirSync(home, { recursive: true });
  if (!existsSync(kubeScore)) {
    const env = { CGO_ENABLED: '0', GOBIN: kubeScoreDir, GOFLAGS: '-buildvcs=false' };
    const name = `github.com/zegl/kube-score/cmd/kube-score@${kubeScoreVersion}`;
    await step('Go build: kube-score', () => run(['go', 'install', '-trimpath', '-ldflags=-s -w', name], { env }));
  }
  if (!existsSync(fluxHealth)) {
    const env = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
    const build = ['go', 'build', '-trimpath', '-ldflags=-s -w', '-o', fluxHealth, '.'];
    await step("Go build: Flux's health checks", () => run(build, { env, cwd: fluxModule }));
  }
  if (!existsSync(checkov)) {
    await step('Python packages: checkov', async () => {
      await run(['python3', '-m', 'venv', '--clear', checkovDir]);
      await run([join(checkovDir, 'bin/pip'), 'install', '--quiet', `checkov==${checkovVersion}`]);
    });
  }
}
