// Everything that a cluster holds, to see that nothing came and nothing went.
import assert from 'node:assert/strict';
import type { KubeObject } from '../../src/kube/index.ts';
import { eventually } from './api.ts';
import { kubectl } from './operator.ts';

/** Events come and go by themselves, and metrics are no objects. */
const passing = /^(events(\.|$)|.*\.metrics\.k8s\.io$)/;

/** Kind, namespace, name and uid of every object of every kind that can be listed. */
export async function listing(): Promise<string[]> {
  const kinds = (await kubectl('api-resources', '--verbs=list', '--output=name')).trim().split('\n');
  const names = kinds.filter((kind) => !passing.test(kind)).join(',');
  const text = await kubectl('get', names, '--all-namespaces', '--output=json');
  const { items } = JSON.parse(text) as { items: KubeObject[] };
  const lines = items.map(
    ({ apiVersion, kind, metadata }) =>
      `${apiVersion} ${kind} ${metadata.namespace ?? '-'} ${metadata.name} ${metadata.uid ?? '-'}`,
  );
  return [...new Set(lines)].toSorted((a, b) => a.localeCompare(b));
}

/** The API server takes a definition's own kind out of its lists a moment after the definition is gone. */
export async function untilListed(wanted: readonly string[]): Promise<void> {
  await eventually('the cluster as it was', async () => {
    const found = await listing();
    assert.deepEqual(
      {
        more: found.filter((line) => !wanted.includes(line)),
        fewer: wanted.filter((line) => !found.includes(line)),
      },
      { more: [], fewer: [] },
    );
    return true;
  });
}
