// What commands do with a command line that asks for help, for the version, or is wrong.
import { parse, type Parsed, type Program } from '../text/arguments.ts';
import { visible } from '../text/control-characters.ts';
import { helpText } from '../text/help.ts';
import { version } from '../version.ts';

/** Of a terminal; what is piped elsewhere has 80. */
function columns(of: NodeJS.WriteStream): number {
  return of.isTTY ? of.columns : 80;
}

/** Returns what is to run. Anything else is answered here, and ends the process. */
export function readCommandLine(program: Program, args: readonly string[]): Extract<Parsed, { kind: 'run' }> {
  const parsed = parse(program, args);
  switch (parsed.kind) {
    case 'run':
      return parsed;
    case 'help':
      process.stdout.write(helpText(program, parsed.command ?? program, columns(process.stdout)));
      return process.exit(0);
    case 'version':
      process.stdout.write(`${version}\n`);
      return process.exit(0);
    case 'incomplete':
      process.stderr.write(helpText(program, program, columns(process.stderr)));
      return process.exit(1);
    case 'wrong':
      process.stderr.write(`error: ${visible(parsed.message)}\n`);
      return process.exit(1);
  }
}
