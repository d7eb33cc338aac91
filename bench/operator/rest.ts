// What the operator costs when nothing changes, at several sizes, and what a restart costs then.
import { setTimeout as delay } from 'node:timers/promises';
import { summary, type Figure } from '../figure.ts';
import { answered, destroyAll } from './api.ts';
import { converge } from './population.ts';
import { OperatorProcess } from '../../e2e/harness/operator-process.ts';

/** For what converging has left to do, garbage of the heap among it. */
const settleMs = 10_000;
const restMs = 60_000;

async function measured(operator: OperatorProcess, total: number): Promise<Figure[]> {
  await delay(settleMs);
  const before = { ...(await answered()), cpu: operator.cpuSeconds() };
  await delay(restMs);
  const after = { ...(await answered()), cpu: operator.cpuSeconds() };
  const cpu = ((after.cpu - before.cpu) / restMs) * 1e5;
  return [
    summary({ figure: `rest_requests_per_min_${total}`, unit: 'requests' }, [after.all - before.all]),
    summary({ figure: `cpu_rest_pct_${total}`, unit: '% of a core' }, [cpu]),
    summary({ figure: `rss_mb_${total}`, unit: 'MiB' }, [operator.rssMb()]),
  ];
}

/** With so many AppServers there, and nothing to do for them. */
async function restarted(total: number): Promise<Figure[]> {
  const { writes } = await answered();
  await using operator = new OperatorProcess({ adminPort: 8090, flags: ['--log-level=debug'] });
  const ready = (await operator.says(total === 0 ? 'leading' : 'reconciled')) - operator.startedAt;
  await delay(settleMs);
  return [
    summary({ figure: `start_ms_${total}`, unit: 'ms' }, [ready]),
    summary({ figure: `restart_writes_${total}`, unit: 'requests' }, [(await answered()).writes - writes]),
  ];
}

export async function rest(): Promise<Figure[]> {
  const figures: Figure[] = [];
  let there = 0;
  for (const total of [0, 200, 5_000]) {
    await using operator = new OperatorProcess({ adminPort: 8090 });
    await operator.says('leading');
    if (total > there) await converge(there, total);
    there = total;
    figures.push(...(await measured(operator, total)));
    await operator.end('SIGTERM');
    figures.push(...(await restarted(total)));
  }
  await destroyAll();
  return figures;
}
