// Measures the operator on an API server and etcd alone; started by bench/main.ts in their network.
import { say, step } from '../../e2e/cluster/progress.ts';
import { print, type Figure } from '../figure.ts';
import { createNamespace } from './api.ts';
import { create } from './create.ts';
import { handover } from './handover.ts';
import { react } from './react.ts';
import { rest } from './rest.ts';
import { sweep } from './sweep.ts';

/** Each gives several figures: what they are measured on is dear to make. */
const scenarios: Readonly<Record<string, () => Promise<Figure[]>>> = { create, handover, react, rest, sweep };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(scenarios, name));
if (unknown.length > 0) {
  say(`there is no ${unknown.join(', ')}; there are ${Object.keys(scenarios).join(', ')}`);
  process.exit(1);
}
await createNamespace();
for (const [name, measure] of Object.entries(scenarios)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const figure of await step(name, measure)) print('operator', figure);
}
