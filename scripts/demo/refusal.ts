// Why the demonstration does not start on a cluster that has some of it already: what there is, and what to do.
import { describe, type ObjectReference } from './ledger.ts';

export type Conflict =
  | { readonly kind: 'release'; readonly name: string; readonly namespace: string }
  | { readonly kind: 'object'; readonly reference: ObjectReference; readonly from: 'a demo' | 'others' | 'on its way' }
  | { readonly kind: 'appserver'; readonly namespace: string; readonly name: string };

function tell(conflict: Conflict): string {
  switch (conflict.kind) {
    case 'release':
      return `Helm release ${conflict.name} in namespace ${conflict.namespace}`;
    case 'appserver':
      return `AppServer ${conflict.name} in namespace ${conflict.namespace}`;
    case 'object':
      switch (conflict.from) {
        case 'a demo':
          return `${describe(conflict.reference)}, made by a demo`;
        case 'on its way':
          return `${describe(conflict.reference)}, which is being deleted`;
        case 'others':
          return describe(conflict.reference);
      }
  }
}

/** More lines than this say nothing new. */
const most = 12;

/**
 * @param where `the cluster of context NAME`
 * @param removal the command that removes what demos have left
 */
export function refusal(conflicts: readonly Conflict[], where: string, removal: string): string {
  const lines = conflicts.slice(0, most).map((one) => `  ${tell(one)}`);
  if (conflicts.length > most) lines.push(`  and ${conflicts.length - most} more`);
  const objects = conflicts.filter((one) => one.kind === 'object');
  const remedies = [
    'Name another cluster with --context (kubectl config get-contexts lists them), or leave --context out for a cluster of the demo’s own.',
  ];
  if (objects.some(({ from }) => from === 'on its way')) {
    remedies.push('What is being deleted may be gone in a moment: then run the demo again.');
  }
  if (objects.some(({ from }) => from === 'a demo')) {
    remedies.push(`If no demo runs any more, this removes what one has left:\n  ${removal}`);
  }
  return [
    `The demo installs an operator of its own and removes it at the end, and ${where} has these already:`,
    ...lines,
    'Nothing was changed.',
    ...remedies,
  ].join('\n');
}
