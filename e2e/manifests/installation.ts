// Releases of the chart on an API server without controllers: what is there, and what is refused. Nothing of it starts.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { applyAs, types } from '../harness/api.ts';
import { chart, helm } from '../harness/operator.ts';

let count = 0;

/** A new namespace. Without a controller none is ever deleted. */
export async function newNamespace(): Promise<string> {
  const name = `m${process.pid}-${++count}`;
  await applyAs(types.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return name;
}

interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly values?: readonly string[];
  /** Default: the chart as it is. */
  readonly chart?: string;
}

/** Installs a release or upgrades it. @throws CommandFailed with what Helm says */
export async function install({ name, namespace, values = [], chart: path = chart }: Release): Promise<void> {
  await helm('upgrade', '--install', name, path, '--namespace', namespace, ...values);
}

export async function uninstall({ name, namespace }: Release): Promise<void> {
  await helm('uninstall', name, '--namespace', namespace);
}

/** The chart as a version before this one would have it, in a directory of its own. */
export function olderChart(version: string): { path: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-chart-'));
  cpSync(chart, dir, { recursive: true });
  for (const file of ['Chart.yaml', 'templates/crd.yaml']) {
    const text = readFileSync(join(dir, file), 'utf8');
    writeFileSync(join(dir, file), text.replaceAll(packageJson.version, version));
  }
  return { path: dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}
