// How long nobody acts when the replica that leads goes.
import { summary, type Figure } from '../figure.ts';
import { OperatorProcess } from '../../e2e/harness/operator-process.ts';

async function handedOver(signal: NodeJS.Signals): Promise<number> {
  const first = new OperatorProcess({ adminPort: 8090 });
  await first.says('leading');
  await using second = new OperatorProcess({ adminPort: 8091 });
  await second.says('caches filled');
  const begun = performance.now();
  void first.end(signal);
  return (await second.says('leading')) - begun;
}

async function times(runs: number, signal: NodeJS.Signals): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < runs; i++) all.push(await handedOver(signal));
  return all;
}

export async function handover(): Promise<Figure[]> {
  return [
    summary({ figure: 'handover_ms_graceful', unit: 'ms' }, await times(9, 'SIGTERM')),
    summary({ figure: 'handover_ms_crash', unit: 'ms' }, await times(3, 'SIGKILL')),
  ];
}
