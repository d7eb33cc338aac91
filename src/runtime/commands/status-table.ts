// What `appserver-ctl status` shows a person.
import type { Report } from '../status/report.ts';
import { visible } from '../text/control-characters.ts';
import { table } from '../text/table.ts';

const head = ['WORKER', 'PID', 'STATE', 'AGE', 'BUSY', 'REQUESTS', 'MEMORY', 'GENERATION'];

function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && 'phase' in value && 'workers' in value;
}

function age(seconds: number): string {
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** @param body of GET /status on the control socket. A worker's last words in it reach no terminal unescaped */
export function statusTable(body: unknown): string {
  if (!isReport(body)) return '';
  const { workers, counters } = body;
  const rows = workers.list.map((one) => {
    const memory = one.memoryBytes === 0 ? '-' : `${Math.round(one.memoryBytes / 2 ** 20)}Mi`;
    const { id, pid, state, busy, requests, generation } = one;
    return [id, pid ?? '-', state, age(one.ageSeconds), busy, requests, memory, generation];
  });
  const restarts = Object.entries(body.restarts).map(([code, count]) => `${code} ${count}`);
  const lines = [
    `phase     ${body.phase}${body.ready ? ', ready' : ', not ready'}${body.reload === 'none' ? '' : `, reload ${body.reload}`}`,
    `workers   ${workers.ready} of ${workers.desired} ready`,
    `requests  ${counters.ended}, ${body.acceptQueue} waiting`,
    `restarts  ${restarts.length === 0 ? 'none' : restarts.join(', ')}`,
    ...(body.lastFailure === null ? [] : [`last      ${body.lastFailure}`]),
  ];
  return `${visible(lines.join('\n'))}\n\n${table([head, ...rows])}\n`;
}
