// What `appserver-ctl status` shows a person.
import Table from 'cli-table3';
import type { Report } from '../status/report.ts';

function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && 'phase' in value && 'workers' in value;
}

function age(seconds: number): string {
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

const noLines = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '',
  'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ',
}; // prettier-ignore

/** @param body of GET /status on the control socket */
export function statusTable(body: unknown): string {
  if (!isReport(body)) return '';
  const { workers, counters } = body;
  const table = new Table({
    head: ['WORKER', 'PID', 'STATE', 'AGE', 'BUSY', 'REQUESTS', 'MEMORY', 'GENERATION'],
    chars: noLines,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const one of workers.list) {
    const memory = one.memoryBytes === 0 ? '-' : `${Math.round(one.memoryBytes / 2 ** 20)}Mi`;
    table.push([
      one.id,
      one.pid ?? '-',
      one.state,
      age(one.ageSeconds),
      one.busy,
      one.requests,
      memory,
      one.generation,
    ]);
  }
  const restarts = Object.entries(body.restarts).map(([code, count]) => `${code} ${count}`);
  const lines = [
    `phase     ${body.phase}${body.ready ? ', ready' : ', not ready'}${body.reload === 'none' ? '' : `, reload ${body.reload}`}`,
    `workers   ${workers.ready} of ${workers.desired} ready`,
    `requests  ${counters.ended}, ${body.acceptQueue} waiting`,
    `restarts  ${restarts.length === 0 ? 'none' : restarts.join(', ')}`,
    ...(body.lastFailure === null ? [] : [`last      ${body.lastFailure}`]),
  ];
  return `${lines.join('\n')}\n\n${table.toString()}\n`;
}
