// npm run generate: writes all generated files.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binDir, repository } from '../e2e/cluster/layout.ts';
import { say } from '../e2e/cluster/progress.ts';
import { generatedFiles } from './generated.ts';
import { installManifest } from './install-manifest.ts';

function write(path: string, content: string): void {
  const target = join(repository, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  say(`  wrote ${path}`);
}

for (const [path, content] of Object.entries(generatedFiles())) write(path, content);
if (existsSync(join(binDir, 'helm'))) write('install.yaml', await installManifest());
else say('  left install.yaml as it is: Helm is not built yet; `npm run cluster -- up` builds it');
