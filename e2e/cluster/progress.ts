// Says what is being done and how long it took, one line a step, on stderr: stdout belongs to results.

const started = performance.now();
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Runs `work`, printing `title` when it begins (on a terminal) and its time when it ends. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const terminal = process.stderr.isTTY;
  if (terminal) process.stderr.write(`  … ${title}`);
  try {
    const result = await work();
    const line = `  ✓ ${title.padEnd(58)} ${seconds(performance.now() - from).padStart(8)}   ${seconds(performance.now() - started).padStart(8)} in all\n`;
    process.stderr.write(terminal ? `\r\x1b[K${line}` : line);
    return result;
  } catch (error) {
    process.stderr.write(`${terminal ? '\r\x1b[K' : ''}  ✗ ${title}  after ${seconds(performance.now() - from)}\n`);
    throw error;
  }
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
