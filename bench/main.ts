// npm run bench -- runtime [FIGURE...]: measures the runtime beside its peers and prints one JSON line a figure. Without
// figures, all; a name that ends with * stands for all that begin so.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { run, succeeds } from '../e2e/cluster/command.ts';
import { binDir } from '../e2e/cluster/layout.ts';
import { say, step } from '../e2e/cluster/progress.ts';
import { buildRuntime } from '../scripts/build.ts';
import { ensurePythonPackages } from '../scripts/python-packages.ts';
import { contest, print, type Contest } from './figure.ts';
import { footprint } from './runtime/footprint.ts';
import { reliability } from './runtime/reliability.ts';
import { apps } from './server.ts';
import { throughputContests } from './runtime/throughput.ts';

const vegetaVersion = 'v12.13.0';

async function prepare(): Promise<void> {
  await step('runtime', async () => {
    await buildRuntime();
    await ensurePythonPackages();
  });
  if (!existsSync(join(apps, 'node_modules/.package-lock.json'))) {
    await step('peers from npm', () => run(['npm', 'ci', '--no-audit', '--no-fund'], { cwd: apps }));
  }
  for (const tool of ['wrk', 'puma']) {
    if (await succeeds(['sh', '-c', `command -v ${tool}`])) continue;
    await step(tool, () => run(['apt-get', 'install', '-y', '--no-install-recommends', tool]));
  }
  if (!existsSync(join(binDir, 'vegeta'))) {
    const env = { CGO_ENABLED: '0', GOBIN: binDir };
    await step('vegeta', () => run(['go', 'install', `github.com/tsenart/vegeta/v12@${vegetaVersion}`], { env }));
  }
}

const suites = {
  runtime: (): Readonly<Record<string, () => Promise<Contest>>> => ({
    ...reliability,
    ...footprint,
    ...throughputContests(),
  }),
};

async function main(suite: string, wanted: readonly string[]): Promise<void> {
  if (suite !== 'runtime') throw new Error(`there is no suite ${suite}; there is runtime`);
  const all = Object.entries(suites.runtime());
  const matches = (name: string): boolean =>
    wanted.length === 0 || wanted.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
  const chosen = all.filter(([name]) => matches(name));
  if (chosen.length === 0) throw new Error(`no such figure; there are ${all.map(([name]) => name).join(', ')}`);
  await prepare();
  for (const [name, make] of chosen) print(suite, await step(name, async () => contest(await make())));
}

const program = new Command('bench')
  .argument('<suite>', 'runtime')
  .argument('[figures...]', 'by name; all when there is none')
  .action(async (suite: string, figures: string[]) => {
    try {
      await main(suite, figures);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    }
  });
await program.parseAsync();
