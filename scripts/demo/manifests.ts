// The objects that the demonstration makes: the chart's, and the example in a namespace of its own.
import { loadAll } from 'js-yaml';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../e2e/cluster/layout.ts';
import { isKubeObject, type KubeObject } from '../../src/kube/index.ts';
import { chartImageFlags } from '../images.ts';
import type { RunInCluster } from './requests.ts';

export const release = 'appserver-operator';
export const operatorNamespace = 'appserver-system';
/** Of its own, so that whatever the operator makes of the example, events included, goes with it. */
export const exampleNamespace = 'appserver-demo';

const chart = join(repository, 'charts/appserver-operator');
export const exampleFile = 'examples/flask/appserver.yaml';

export interface Manifests {
  /** In the order in which they are to be made. */
  readonly operator: readonly KubeObject[];
  readonly example: readonly KubeObject[];
}

function namespace(name: string): KubeObject {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function parse(yaml: string): KubeObject[] {
  return loadAll(yaml).filter(isKubeObject);
}

function inExampleNamespace(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, namespace: exampleNamespace } };
}

async function kubernetesVersion(run: RunInCluster): Promise<string> {
  const version = JSON.parse(await run(['kubectl', 'version', '--output=json'])) as {
    serverVersion?: { gitVersion?: string };
  };
  const found = version.serverVersion?.gitVersion;
  if (found === undefined) throw new Error('the cluster does not tell its version; check that `kubectl version` does');
  return found;
}

/** Renders the chart for the cluster's version. A release is not made: removing one removes objects by their names. */
export async function manifests(run: RunInCluster): Promise<Manifests> {
  const rendered = await run([
    ...['helm', 'template', release, chart, '--namespace', operatorNamespace],
    ...['--kube-version', await kubernetesVersion(run), ...chartImageFlags()],
  ]);
  const example = parse(readFileSync(join(repository, exampleFile), 'utf8')).map(inExampleNamespace);
  return {
    operator: [namespace(operatorNamespace), ...parse(rendered)],
    example: [namespace(exampleNamespace), ...example],
  };
}
