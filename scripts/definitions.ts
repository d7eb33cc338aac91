// CustomResourceDefinitions of others, as their projects publish them: out of their Go modules.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir } from '../e2e/cluster/layout.ts';

export const definitionsDir = join(cacheDir, 'definitions');

const monitoring = {
  module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
  folder: 'example/prometheus-operator-crd',
};

export const definitions = {
  HTTPRoute: {
    module: 'sigs.k8s.io/gateway-api@v1.4.1',
    folder: 'config/crd/standard',
    file: 'gateway.networking.k8s.io_httproutes.yaml',
  },
  PodMonitor: { ...monitoring, file: 'monitoring.coreos.com_podmonitors.yaml' },
  ServiceMonitor: { ...monitoring, file: 'monitoring.coreos.com_servicemonitors.yaml' },
  PrometheusRule: { ...monitoring, file: 'monitoring.coreos.com_prometheusrules.yaml' },
} as const;

const downloaded = z.object({ Dir: z.string() });

export async function ensureDefinitions(): Promise<void> {
  mkdirSync(definitionsDir, { recursive: true });
  for (const { module, folder, file } of Object.values(definitions)) {
    const target = join(definitionsDir, file);
    if (existsSync(target)) continue;
    const output = await run(['go', 'mod', 'download', '-json', module], {
      cwd: cacheDir,
      env: { GOFLAGS: '-mod=mod' },
    });
    copyFileSync(join(downloaded.parse(JSON.parse(output)).Dir, folder, file), target);
  }
}
