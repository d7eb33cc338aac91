// npm run runtime -- FLAGS: appserver-runtime from this checkout, with the examples' Python packages.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { buildRuntime, runtimeDir } from './build.ts';
import { ensurePythonPackages, pythonPackagesDir } from './python-packages.ts';

await buildRuntime();
await ensurePythonPackages();
const child = spawn(join(runtimeDir, 'bin/appserver-runtime'), process.argv.slice(2), {
  stdio: 'inherit',
  env: {
    ...process.env,
    PYTHONPATH: [pythonPackagesDir('newest'), process.env['PYTHONPATH']].filter(Boolean).join(':'),
    // The Node that runs this, as the one of the runtime's image is made for that image alone.
    PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
  },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
  process.on(signal, () => void child.kill(signal));
}
child.on('exit', (code) => process.exit(code ?? 1));
