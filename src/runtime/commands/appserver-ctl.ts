// appserver-ctl: speaks to a runtime over its control socket. Works without a shell in the image.
import { defaultControlPath } from '../config/control-path.ts';
import { errorCode } from '../host/error-code.ts';
import { nodeHost } from '../host/node/host.ts';
import type { Operand, Program } from '../text/arguments.ts';
import { visible } from '../text/control-characters.ts';
import { readCommandLine } from './command-line.ts';
import { isStatus, statusTable } from './status-table.ts';

/** Exit code when there is nobody to speak to, and when the runtime refused. */
const unreachable = 3;
const refused = 1;
/** Stacks of 128 workers are long. */
const maxAnswerBytes = 64 * 2 ** 20;

const host = nodeHost();

const known: Readonly<Record<string, string>> = {
  ENOENT: 'no runtime listens there; name its socket with --socket',
  ECONNREFUSED: 'the runtime that made it is gone',
  EACCES: 'it belongs to another user; run this as the user of the runtime',
};

async function call(socket: string, method: 'GET' | 'POST', target: string): Promise<unknown> {
  const answer = await host.http
    .call({ path: socket }, { method, target, maxBodyBytes: maxAnswerBytes })
    .catch((error: unknown) => {
      const why = known[errorCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
      return fail(`${socket}: ${why}`, unreachable);
    });
  const body = parsed(answer.body);
  if (body === undefined) return fail(`${socket}: what listens there is no runtime`, unreachable);
  if (answer.status === 200) return body;
  const error = typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : answer.body;
  return fail(error, refused);
}

/** Undefined for what is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    return undefined;
  }
}

function fail(message: string, code: number): never {
  process.stderr.write(`appserver-ctl: ${visible(message)}\n`);
  process.exit(code);
}

function command(name: string, description: string, ...operands: readonly Operand[]): Program['commands'][number] {
  return { name, description, options: [], operands };
}

const program: Program = {
  name: 'appserver-ctl',
  description: 'Control the appserver runtime of this container or machine.',
  options: [
    {
      short: '-s',
      long: '--socket',
      value: '<path>',
      description: 'control socket of the runtime',
      default: defaultControlPath(host),
    },
  ],
  operands: [],
  commands: [
    {
      ...command('status', 'Show phase, workers and what they have done.'),
      options: [
        { short: '-o', long: '--output', value: '<format>', description: 'table or json', default: 'table' },
        { short: '-w', long: '--watch', description: 'show it again every two seconds, until interrupted' },
      ],
    },
    command('reload', 'Replace all workers, one after the other; returns when that is done or has failed.'),
    command('scale', 'Run so many workers until the next reload; 0 pauses.', {
      name: 'workers',
      description: 'how many',
      kind: 'number',
    }),
    command('stop-worker', 'Retire one worker once another has taken its place.', {
      name: 'id',
      description: 'as status shows it',
      kind: 'number',
    }),
    command('dump-stacks', 'Have all workers write their stacks, to the log and here.'),
    command('drain', 'End in order, as on TERM.'),
  ],
};

function showStacks(body: unknown): void {
  if (typeof body === 'object' && body !== null && 'stacks' in body) {
    process.stdout.write(`${visible(String(body.stacks))}\n`);
  }
}

/** Between the samples that give requests per second, and from one status to the next of --watch. */
const rateMs = 500;
const watchMs = 2_000;

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param before an earlier status, and the milliseconds since */
function rate(before: unknown, after: unknown, ms: number): number | undefined {
  if (!isStatus(before) || !isStatus(after)) return undefined;
  return Math.max(0, after.counters.ended - before.counters.ended) / (ms / 1000);
}

async function showStatus(socket: string, format: string | undefined, watch: boolean): Promise<void> {
  let before = await call(socket, 'GET', '/status');
  if (format === 'json' && !watch) return write(before);
  let sampled = performance.now();
  for (let waitMs = rateMs; ; waitMs = watchMs) {
    await pass(waitMs);
    const body = await call(socket, 'GET', '/status');
    const now = performance.now();
    if (format === 'json') write(body);
    else {
      const text = statusTable(body, { now: Date.now(), perSecond: rate(before, body, now - sampled) });
      // Over what was shown before, where that is a terminal.
      process.stdout.write(watch && process.stdout.isTTY ? `\u001B[H\u001B[2J${text}` : text);
    }
    if (!watch) return;
    [before, sampled] = [body, now];
  }
}

function write(body: unknown): void {
  process.stdout.write(`${visible(JSON.stringify(body, null, 2))}\n`);
}

const { command: name, options, operands } = readCommandLine(program, process.argv.slice(2));
const socket = options.last('--socket') ?? defaultControlPath(host);
const [number = ''] = operands;

switch (name) {
  case 'status':
    await showStatus(socket, options.last('--output'), options.has('--watch'));
    break;
  case 'reload':
    process.stdout.write(statusTable(await call(socket, 'POST', '/reload'), { now: Date.now() }));
    break;
  case 'scale':
    process.stdout.write(
      statusTable(await call(socket, 'POST', `/scale?workers=${Number(number)}`), { now: Date.now() }),
    );
    break;
  case 'stop-worker':
    await call(socket, 'POST', `/stop-worker?id=${Number(number)}`);
    break;
  case 'dump-stacks':
    showStacks(await call(socket, 'POST', '/dump-stacks'));
    break;
  case 'drain':
    await call(socket, 'POST', '/drain');
    break;
}
