// The termination message: Kubernetes shows it as the container's last state, and the operator puts its first line into
// the AppServer's condition.
import { writeFileSync } from 'node:fs';
import { visible } from '../text/control-characters.ts';

const defaultPath = '/dev/termination-log';
/** Kubernetes cuts a message at 4096 bytes. */
const maxBytes = 3_500;

/** The last lines that workers wrote to stderr. */
export class StderrTail {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line.slice(0, 500));
    if (this.#lines.length > 20) this.#lines.shift();
  }

  text(): string {
    return this.#lines.join('\n');
  }
}

/** @param told the sentence of a code @param written the end of stderr; people see both where a terminal shows them */
export function terminationMessage(told: string, written: string): string {
  const [sentence, tail] = [visible(told), visible(written)];
  const first = sentence.slice(0, maxBytes);
  const room = maxBytes - first.length - 1;
  return tail === '' || room <= 0 ? `${first}\n` : `${first}\n${tail.slice(-room)}\n`;
}

/** Writes to the file that Kubernetes reads, when there is one. */
export function writeTerminationMessage(
  message: string,
  path = process.env['APPSERVER_TERMINATION_LOG'] ?? defaultPath,
): void {
  try {
    writeFileSync(path, message, { flag: 'r+' });
  } catch {
    /* outside of Kubernetes there is no such file, and the log has said the same */
  }
}
