// The children of an AppServer, and what stands in them.
import assert from 'node:assert/strict';
import type { Child } from '../../../src/operator/model/facts.ts';
import { childrenIn, appServer, facts } from '../../builders.ts';

export function children(spec: object = {}): Child[] {
  return childrenIn(facts({ app: appServer(spec) }));
}

export function child(kind: Child['kind'], spec: object = {}): Child {
  const found = children(spec).find((one) => one.kind === kind);
  assert.ok(found, `${kind} is desired`);
  return found;
}

/** The value at `path` of a child, list items by index. */
export function at(object: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => Object.entries(value ?? {}).find(([name]) => name === key)?.[1], object);
}
