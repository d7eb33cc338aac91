// Kinds of others, which come to the cluster and go.
import { join } from 'node:path';
import { definitions, definitionsDir } from '../../scripts/definitions.ts';
import { untilEstablished } from '../cluster/established.ts';
import { kubectl } from './operator.ts';

type DefinedKind = keyof typeof definitions;

const allKinds = Object.keys(definitions) as DefinedKind[];

/** Flags of kubectl for their files. */
const files = (kinds: readonly DefinedKind[]): string[] =>
  kinds.flatMap((kind) => ['-f', join(definitionsDir, definitions[kind].file)]);

export async function installDefinitions(kinds: readonly DefinedKind[] = allKinds): Promise<void> {
  await kubectl('apply', '--server-side', ...files(kinds));
  for (const kind of kinds) await untilEstablished((args) => kubectl(...args), ...files([kind]));
}

/** And with them all objects of these kinds. */
export async function removeDefinitions(kinds: readonly DefinedKind[] = allKinds): Promise<void> {
  await kubectl('delete', '--ignore-not-found', ...files(kinds));
}
