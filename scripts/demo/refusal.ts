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

/** More lines than these of a kind say nothing new. */
const most = { release: 5, appserver: 5, object: 8 };

/** Foremost what somebody would miss. */
const order = ['release', 'appserver', 'object'] as const;

function linesOf(conflicts: readonly Conflict[], kind: Conflict['kind']): string[] {
  const all = conflicts.filter((one) => one.kind === kind).map((one) => `  ${tell(one)}`);
  const more = all.length - most[kind];
  return more > 0 ? [...all.slice(0, most[kind]), `  and ${more} more`] : all;
}

/**
 * @param where `the cluster of context NAME`
 * @param removal the command that removes what demos have left
 */
export function refusal(conflicts: readonly Conflict[], where: string, removal: string): string {
  const from = new Set(conflicts.map((one) => (one.kind === 'object' ? one.from : 'others')));
  const remedies = [
    "Name another cluster with --context (kubectl config get-contexts lists them), or leave --context out for a cluster of the demo's own.",
  ];
  if (from.has('on its way')) {
    remedies.push('What is being deleted may be gone in a moment: then run the demo again.');
  }
  if (from.has('a demo')) {
    remedies.push(`If no demo runs any more, this removes what one has left:\n  ${removal}`);
  }
  return [
    `The demo installs an operator of its own and removes it at the end, and ${where} has these already:`,
    ...order.flatMap((kind) => linesOf(conflicts, kind)),
    'Nothing was changed.',
    ...remedies,
  ].join('\n');
}
