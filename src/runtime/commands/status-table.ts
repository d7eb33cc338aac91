// What `appserver-ctl status` shows a person.
import type { About, Report } from '../status/report.ts';
import { visible } from '../text/control-characters.ts';
import { table } from '../text/table.ts';

/** What runtimes of other versions do not tell is left out. */
export type Status = Report & Partial<About>;

const head = ['WORKER', 'PID', 'STATE', 'AGE', 'BUSY', 'REQUESTS', 'MEMORY'];

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'phase' in value && 'workers' in value;
}

function age(seconds: number): string {
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)}Mi`;
}

function limitsText(limits: About['limits']): string {
  const { bootTimeout, heartbeatTimeout, requestTimeout, gracefulTimeout, workerMemory } = limits;
  return [
    `boot ${bootTimeout}s`,
    `heartbeat ${heartbeatTimeout}s`,
    requestTimeout === null ? 'requests unlimited' : `request ${requestTimeout}s`,
    `graceful ${gracefulTimeout}s`,
    ...(workerMemory === null ? [] : [`memory ${mebibytes(workerMemory)} a worker`]),
  ].join(', ');
}

/** @param now in milliseconds of Unix time */
function since(time: string, now: number): string {
  return `${time.replace(/\.\d+Z$/, 'Z')} (${age(Math.max(0, Math.round((now - Date.parse(time)) / 1000)))})`;
}

function facts(status: Status, now: number, perSecond: number | undefined): [string, string][] {
  const { phase, ready, reload, workers, counters, acceptQueue, lastFailure, lastFailureAt } = status;
  const restarts = Object.entries(status.restarts).map(([code, count]) => `${code} ${count}`);
  const rate = perSecond === undefined ? '' : `, ${perSecond.toFixed(1)} per second`;
  const failedAt = typeof lastFailureAt === 'string' ? `${since(lastFailureAt, now)} ` : '';
  const kind = typeof status.class === 'string' ? `, class ${status.class}` : '';
  return [
    ...(status.application === undefined
      ? []
      : [['runs', `${status.application}${kind} on ${status.listen?.join(', ') ?? '-'}`] as [string, string]]),
    ['version', status.version],
    ...(status.startedAt === undefined ? [] : [['since', since(status.startedAt, now)] as [string, string]]),
    ['phase', `${phase}${ready ? ', ready' : ', not ready'}${reload === 'none' ? '' : `, reload ${reload}`}`],
    ['workers', `${workers.ready} of ${workers.desired} ready`],
    ...(status.limits === undefined ? [] : [['limits', limitsText(status.limits)] as [string, string]]),
    ['requests', `${counters.ended}${rate}, ${acceptQueue} waiting`],
    ['restarts', restarts.length === 0 ? 'none' : restarts.join(', ')],
    ...(lastFailure === null ? [] : [['last', `${failedAt}${lastFailure}`] as [string, string]]),
  ];
}

export interface Shown {
  /** Milliseconds of Unix time. */
  readonly now: number;
  /** Requests per second, where two samples were taken. */
  readonly perSecond?: number | undefined;
}

/** @param body of GET /status on the control socket. A worker's last words in it reach no terminal unescaped */
export function statusTable(body: unknown, { now, perSecond }: Shown): string {
  if (!isStatus(body)) return '';
  const { list } = body.workers;
  // While all workers are of one generation, its number says nothing.
  const mixed = new Set(list.map(({ generation }) => generation)).size > 1;
  const rows = list.map((one) => {
    const memory = one.memoryBytes === 0 ? '-' : mebibytes(one.memoryBytes);
    const { id, pid, state, busy, requests, generation } = one;
    const cells = [id, pid ?? '-', state, age(one.ageSeconds), busy, requests, memory];
    return mixed ? cells.concat(generation) : cells;
  });
  const lines = facts(body, now, perSecond).map(([name, value]) => `${name.padEnd(8)}  ${value}`);
  return `${visible(lines.join('\n'))}\n\n${table([[...head, ...(mixed ? ['GENERATION'] : [])], ...rows])}\n`;
}
