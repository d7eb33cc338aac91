// Says what is being done and how long it took, one line a step, on stderr: stdout belongs to results.

const started = performance.now();
/** What is under way, several at once perhaps. */
const running = new Set<string>();

/** Prints `text`. On a terminal the last line, which is overwritten, says what is under way. */
function print(text: string): void {
  if (!process.stderr.isTTY) return void process.stderr.write(text);
  const now = running.size === 0 ? '' : `  … ${[...running].join(', ')}`;
  process.stderr.write(`\r\x1b[K${text}${now.slice(0, process.stderr.columns - 1)}`);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Runs `work`, printing `title` when it begins (on a terminal) and its time when it ends. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  running.add(title);
  print('');
  try {
    const result = await work();
    running.delete(title);
    print(
      `  ✓ ${title.padEnd(58)} ${seconds(performance.now() - from).padStart(8)}   ${seconds(performance.now() - started).padStart(8)} in all\n`,
    );
    return result;
  } catch (error) {
    running.delete(title);
    print(`  ✗ ${title}  after ${seconds(performance.now() - from)}\n`);
    throw error;
  }
}

export function say(text: string): void {
  print(`${text}\n`);
}
