// appserver-ctl: speaks to a runtime over its control socket. Works without a shell in the image.
import { Command, InvalidArgumentError } from 'commander';
import { request } from 'node:http';
import { defaultControlPath } from '../config/control-path.ts';
import { visible } from '../text/control-characters.ts';
import { version } from '../version.ts';
import { statusTable } from './status-table.ts';

interface Options {
  readonly socket: string;
  readonly output: 'table' | 'json';
}

/** Exit code when there is nobody to speak to, and when the runtime refused. */
const unreachable = 3;
const refused = 1;

function call(socket: string, method: 'GET' | 'POST', path: string): Promise<unknown> {
  return new Promise((resolve) => {
    const sent = request({ socketPath: socket, method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const body = parsed(text);
        if (body === undefined) return fail(`${socket}: what listens there is no runtime`, unreachable);
        if (response.statusCode === 200) return resolve(body);
        const error = typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : text;
        return fail(error, refused);
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const known: Record<string, string> = {
        ENOENT: 'no runtime listens there; name its socket with --socket',
        ECONNREFUSED: 'the runtime that made it is gone',
        EACCES: 'it belongs to another user; run this as the user of the runtime',
      };
      fail(`${socket}: ${known[error.code ?? ''] ?? error.message}`, unreachable);
    });
    sent.end();
  });
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

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It is to be a whole number.');
  return value;
}

const program = new Command('appserver-ctl')
  .description('Control the appserver runtime of this container or machine.')
  .version(version)
  .option('-s, --socket <path>', 'control socket of the runtime', defaultControlPath());

const options = (): Options => ({ output: 'table', ...program.opts<Pick<Options, 'socket'>>() });

function show(body: unknown, output: Options['output']): void {
  process.stdout.write(output === 'json' ? `${JSON.stringify(body, null, 2)}\n` : statusTable(body));
}

program
  .command('status')
  .description('Show phase, workers and what they have done.')
  .option('-o, --output <format>', 'table or json', 'table')
  .action(async (own: { output: Options['output'] }) =>
    show(await call(options().socket, 'GET', '/status'), own.output),
  );

program
  .command('reload')
  .description('Replace all workers, one after the other; returns when that is done or has failed.')
  .action(async () => show(await call(options().socket, 'POST', '/reload'), 'table'));

program
  .command('scale')
  .description('Run so many workers until the next reload; 0 pauses.')
  .argument('<workers>', 'how many', wholeNumber)
  .action(async (workers: number) => show(await call(options().socket, 'POST', `/scale?workers=${workers}`), 'table'));

program
  .command('stop-worker')
  .description('Retire one worker once another has taken its place.')
  .argument('<id>', 'as status shows it', wholeNumber)
  .action(async (id: number) => void (await call(options().socket, 'POST', `/stop-worker?id=${id}`)));

program
  .command('dump-stacks')
  .description('Have all workers write their stacks, to the log and here.')
  .action(async () => {
    const body = await call(options().socket, 'POST', '/dump-stacks');
    if (typeof body === 'object' && body !== null && 'stacks' in body)
      process.stdout.write(`${visible(String(body.stacks))}\n`);
  });

program
  .command('drain')
  .description('End in order, as on TERM.')
  .action(async () => void (await call(options().socket, 'POST', '/drain')));

await program.parseAsync();
