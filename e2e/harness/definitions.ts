// Kinds of others, which come to the cluster and go.
import { join } from 'node:path';
import { definitions, definitionsDir } from '../../scripts/definitions.ts';
import { kubectl } from './operator.ts';

export type DefinedKind = keyof typeof definitions;

const definedKinds = ['HTTPRoute', 'PodMonitor', 'ServiceMonitor'] as const satisfies readonly DefinedKind[];

const file = (kind: DefinedKind): string => join(definitionsDir, definitions[kind].file);

/** Without a kind, all. */
export async function installDefinitions(...kinds: readonly DefinedKind[]): Promise<void> {
  for (const kind of kinds.length === 0 ? definedKinds : kinds) {
    await kubectl('apply', '--server-side', '-f', file(kind));
    await kubectl('wait', '--for=condition=Established', '-f', file(kind), '--timeout=30s');
  }
}

/** And with them all objects of these kinds. Without a kind, all. */
export async function removeDefinitions(...kinds: readonly DefinedKind[]): Promise<void> {
  for (const kind of kinds.length === 0 ? definedKinds : kinds) {
    await kubectl('delete', '--ignore-not-found', '-f', file(kind));
  }
}
