// The program with Argo CD's own code. It is built for its suite alone: Argo CD is large, and needs a later Go than the rest.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { binDir, repository } from '../e2e/cluster/layout.ts';
import { step } from '../e2e/cluster/progress.ts';

export const argoCd = join(binDir, 'argocd');

/** Go's own cache makes the second call a matter of seconds. */
export async function ensureArgoCd(): Promise<void> {
  mkdirSync(binDir, { recursive: true });
  const env = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'auto' };
  const cwd = join(repository, 'e2e/argocd');
  await step('Go build: argocd', () =>
    run(['go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', argoCd, '.'], { env, cwd }),
  );
}
