// The termination message: Kubernetes shows it as the container's last state, and the operator puts its first line into
// the AppServer's condition.
import type { Host } from '../host/host.ts';
import { visible } from '../text/control-characters.ts';
import { byteLength, firstBytes, lastBytes } from '../text/utf8.ts';

const defaultPath = '/dev/termination-log';
/** Kubernetes cuts a message at 4096 bytes, and keeps the end. */
const maxBytes = 3_500;
const maxLineBytes = 500;

/** The last lines that workers wrote to stderr. */
export class StderrTail {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(firstBytes(line, maxLineBytes));
    if (this.#lines.length > 20) this.#lines.shift();
  }

  text(): string {
    return this.#lines.join('\n');
  }
}

/** @param told the sentence of a code @param written the end of stderr; people see both where a terminal shows them */
export function terminationMessage(told: string, written: string): string {
  const [sentence, tail] = [visible(told), visible(written)];
  const first = firstBytes(sentence, maxBytes);
  const room = maxBytes - byteLength(first) - 1;
  return tail === '' || room <= 0 ? `${first}\n` : `${first}\n${lastBytes(tail, room)}\n`;
}

/** Writes to the file that Kubernetes reads, when there is one. */
export function writeTerminationMessage({ files, env }: Pick<Host, 'files' | 'env'>, message: string): void {
  try {
    files.overwrite(env['APPSERVER_TERMINATION_LOG'] ?? defaultPath, message);
  } catch {
    /* outside of Kubernetes there is no such file, and the log has said the same */
  }
}
