// The operator in the cluster, installed with the Helm chart as a user would.
import { join } from 'node:path';
import { run } from '../cluster/command.ts';
import { crdName, untilEstablished } from '../cluster/established.ts';
import { binDir, repository } from '../cluster/layout.ts';
import { chartImageFlags } from '../../scripts/images.ts';
import { applyAs, destroy, eventually, get, kubeconfig, list, types } from './api.ts';
import { restricted } from './appserver.ts';

export const release = 'appserver-operator';
export const operatorNamespace = 'appserver-system';
export const chart = join(repository, 'charts/appserver-operator');

export function helm(...args: readonly string[]): Promise<string> {
  return run([join(binDir, 'helm'), ...args], { env: { KUBECONFIG: kubeconfig } });
}

export function kubectl(...args: readonly string[]): Promise<string> {
  return run([join(binDir, 'kubectl'), ...args], { env: { KUBECONFIG: kubeconfig } });
}

/**
 * Installs the present version, or upgrades to it and these values, and waits until it is ready. One replica unless the values
 * say otherwise: with two, each change of a value takes twice the time.
 */
export function installOperator(...values: readonly string[]): Promise<void> {
  return installChart(chart, ...chartImageFlags(), '--set', 'replicas=1', ...values);
}

/** The same from the chart of any version. */
export async function installChart(path: string, ...values: readonly string[]): Promise<void> {
  await applyAs(types.Namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: operatorNamespace, labels: restricted },
  });
  await helm(
    ...['upgrade', '--install', release, path, '--namespace', operatorNamespace],
    ...['--wait', '--timeout', '60s', ...values],
  );
}

/** Takes the operator away, and the CRD that an uninstall keeps. */
export async function removeOperator(): Promise<void> {
  await helm('uninstall', release, '--namespace', operatorNamespace, '--wait', '--ignore-not-found');
  await removeCrd();
}

const storedCrd = (): ReturnType<typeof get> => get(types.CustomResourceDefinition, undefined, crdName);

/** Removes the CRD with every AppServer. @throws with its status when it is still there after a minute */
export async function removeCrd(): Promise<void> {
  // The API server deletes the instances out of a watch cache. Where none is ready it tries again after ever longer waits, up
  // to minutes; so one is made first.
  if ((await storedCrd()) !== undefined) await eventually('AppServers from the cache', () => list(types.AppServer));
  await destroy(types.CustomResourceDefinition, undefined, crdName);
  await eventually('the CRD gone', async () => {
    const crd = await storedCrd();
    if (crd !== undefined) throw new Error(JSON.stringify(crd['status']));
    return true;
  });
}

export async function applyCrd(): Promise<void> {
  await kubectl('apply', '--server-side', '--force-conflicts', '-f', join(repository, 'crds'));
  await untilEstablished((args) => kubectl(...args), `crd/${crdName}`);
}
