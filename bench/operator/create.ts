// Many AppServers at once, beside bare requests that make the very same objects.
import { summary, contest, type Figure } from '../figure.ts';
import { destroyAll } from './api.ts';
import { bareApply, converge } from './population.ts';
import { OperatorProcess } from '../../e2e/harness/operator-process.ts';

async function withOperator(total: number): Promise<number> {
  await using operator = new OperatorProcess({ adminPort: 8090 });
  await operator.says('leading');
  try {
    return await converge(0, total);
  } finally {
    await operator.end('SIGTERM');
    await destroyAll();
  }
}

async function bare(total: number): Promise<number> {
  const seconds = await bareApply(total);
  await destroyAll();
  return seconds;
}

export async function create(): Promise<Figure[]> {
  const rates: number[] = [];
  const ratio = await contest({
    figure: 'create_200_ratio',
    unit: 's',
    runs: 9,
    ours: async () => {
      const seconds = await withOperator(200);
      rates.push(200 / seconds);
      return seconds;
    },
    peers: { 'bare apply': () => bare(200) },
  });
  const many = 5_000 / (await withOperator(5_000));
  const few = summary({ figure: 'create_200_rate', unit: 'AppServers/s' }, rates);
  return [
    ratio,
    few,
    summary({ figure: 'create_5000_rate', unit: 'AppServers/s' }, [many], { '200 at once': few.ours }),
  ];
}
