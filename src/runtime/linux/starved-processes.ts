// Workers that want to run and are not let: a CPU quota or a neighbour keeps them from it, and their silence says nothing.
// A process that sleeps, waits or spins has only itself to blame.
import type { Files } from '../host/host.ts';

/** The kernel counts CPU time in ticks of so many milliseconds. */
const tickMs = 10;
/** Looks closer together than this say nothing new. */
const shortestMs = 20 * tickMs;
/** With less of its time than this, a process that wants to run is starved. */
const fairShare = 0.05;

export interface RunState {
  /** On a CPU, or waiting for one. */
  readonly runnable: boolean;
  readonly cpuMs: number;
}

/** Undefined when the process has ended. */
export function readRunState(files: Files, pid: number): RunState | undefined {
  try {
    const stat = files.read(`/proc/${pid}/stat`);
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [user = 0, system = 0] = fields.slice(10, 12).map(Number);
    return { runnable: state === 'R', cpuMs: (user + system) * tickMs };
  } catch {
    return undefined;
  }
}

interface Look {
  readonly at: number;
  readonly cpuMs: number;
  readonly starved: boolean;
}

export class Starved {
  readonly #read: (pid: number) => RunState | undefined;
  #looks: ReadonlyMap<number, Look> = new Map();

  constructor(read: (pid: number) => RunState | undefined) {
    this.#read = read;
  }

  /**
   * @param silent workers that have not been heard of for some time, all of them
   * @returns ids of those that could not speak
   */
  look(silent: readonly { readonly id: number; readonly pid: number }[], now: number): number[] {
    this.#looks = new Map(
      silent.flatMap(({ id, pid }): [number, Look][] => {
        const state = this.#read(pid);
        if (state?.runnable !== true) return [];
        return [[id, judge(this.#looks.get(id), state, now)]];
      }),
    );
    return [...this.#looks].filter(([, { starved }]) => starved).map(([id]) => id);
  }
}

function judge(before: Look | undefined, { cpuMs }: RunState, now: number): Look {
  // Without an earlier look it has the benefit of the doubt until the next one.
  if (before === undefined) return { at: now, cpuMs, starved: true };
  const passed = now - before.at;
  if (passed < shortestMs) return before;
  return { at: now, cpuMs, starved: cpuMs - before.cpuMs < passed * fairShare };
}
