// The Rights table of docs/security.md.
import { groupOf } from '../../kube/objects.ts';
import { childKinds, childRights, childTypes, type ChildKind } from '../model/kinds.ts';
import { questions } from './writers.ts';

interface Row {
  /** Of the spec; `always` for what every AppServer has. */
  readonly field: string;
  readonly makes: ChildKind;
  /** The right that is asked for. */
  readonly asks: string;
}

const useOfAccount = 'use serviceaccounts/NAME, or create pods';
const accountFields = [
  'spec.serviceAccountName',
  'spec.automountServiceAccountToken',
  'spec.volumes and spec.podTemplate with a token',
];

function isQuestioned(kind: ChildKind): kind is keyof typeof questions {
  return Object.hasOwn(questions, kind);
}

function asked(kind: ChildKind): Row[] {
  const accounts = kind === 'ServiceAccount' ? accountFields : [];
  if (!isQuestioned(kind)) return [];
  const type = childTypes[kind];
  const group = groupOf(type);
  const asks = `create ${type.plural}${group === '' ? '' : `.${group}`}`;
  return [
    ...accounts.map((field) => ({ field, makes: kind, asks: useOfAccount })),
    ...questions[kind].map(({ field }) => ({ field, makes: kind, asks })),
  ];
}

/** One row for each question, and one for each kind that nobody is asked about. */
export function rightsTable(): Row[] {
  const always = childKinds.filter((kind) => childRights[kind] !== 'asked');
  return [
    ...always.map((makes): Row => ({ field: 'always', makes, asks: 'nothing' })),
    ...childKinds.flatMap((kind) => asked(kind)),
  ];
}
