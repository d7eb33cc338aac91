// Linters of manifests, of pinned versions: kube-score is built from its Go module, checkov installed from PyPI.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir } from '../e2e/cluster/layout.ts';
import { step } from '../e2e/cluster/progress.ts';

const kubeScoreVersion = 'v1.20.0';
const checkovVersion = '3.3.30';

const home = join(cacheDir, 'linters');
const kubeScoreDir = join(home, `kube-score-${kubeScoreVersion}`);
const checkovDir = join(home, `checkov-${checkovVersion}`);

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
  if (!existsSync(checkov)) {
    await step('Python packages: checkov', async () => {
      await run(['python3', '-m', 'venv', '--clear', checkovDir]);
      await run([join(checkovDir, 'bin/pip'), 'install', '--quiet', `checkov==${checkovVersion}`]);
    });
  }
}
