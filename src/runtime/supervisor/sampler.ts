// What is looked at from time to time or when it is asked for, as nobody tells it: the shared memory, the kernel's queues,
// the memory of processes.
import { portOf } from '../config/address.ts';
import type { FixedConfig } from '../config/config.ts';
import type { Files } from '../host/host.ts';
import { deafPorts, readAcceptQueue } from '../linux/accept-queue.ts';
import { readResidentBytes } from '../linux/process-memory.ts';
import { addCounters, type Counters } from '../machine/accounting.ts';
import type { Sample, State } from '../machine/state.ts';
import type { SharedMemory } from '../processes/shared-memory.ts';
import type { Sampled } from '../status/report.ts';
import type { LostTime } from './lost-time.ts';
import type { Traffic } from './traffic.ts';

interface SamplerOptions {
  readonly files: Files;
  readonly fixed: FixedConfig;
  readonly memory: SharedMemory;
  readonly lostTime: LostTime;
}

function portsOf({ listen }: FixedConfig): number[] {
  return (
    listen
      .filter((address) => !address.startsWith('unix:'))
      .map((address) => Number(portOf(address)))
      // Of port 0, which stands for any, the kernel's own choice is not known here.
      .filter((port) => port !== 0)
  );
}

export class Sampler {
  readonly #options: SamplerOptions;
  readonly #ports: readonly number[];

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#ports = portsOf(options.fixed);
  }

  /** What step() judges workers by. */
  samples({ workers, settings }: State, now: number): Sample[] {
    const { files, memory, lostTime } = this.#options;
    return workers.flatMap((worker): Sample[] => {
      if (worker.kind !== 'ready') return [];
      const { counters, inHand } = memory.read(worker.slot);
      const first = inHand.find(({ hasDeadline }) => hasDeadline) ?? inHand[0];
      // None is older than its worker, whatever others have written into its row.
      const began = first === undefined ? 0 : Math.max(first.began * 1e3, worker.since);
      // One without a deadline shows that the worker has something in hand, no more.
      const ageMs = first?.hasDeadline === true ? now - began - lostTime.since(began) : 0;
      const wanted = settings.recycle.memoryBytes !== undefined && worker.pid !== undefined;
      const memoryBytes = wanted ? readResidentBytes(files, worker.pid) : 0;
      const oldest = first && { text: first.text, ageMs };
      return [{ id: worker.id, requests: counters.ended, memoryBytes, oldest }];
    });
  }

  /** What /status and /metrics tell. */
  sampled({ workers, accounts }: State): Sampled {
    const { files, memory } = this.#options;
    const rows = new Map(workers.map(({ slot }) => [slot, memory.read(slot)]));
    const resident = workers.map(
      ({ slot, pid }) => [slot, pid === undefined ? 0 : readResidentBytes(files, pid)] as const,
    );
    return {
      total: [...rows.values()].reduce((sum, { counters }) => addCounters(sum, counters), accounts.ended),
      bySlot: rows,
      memoryBySlot: new Map(resident),
      acceptQueue: readAcceptQueue(files, this.#ports),
    };
  }

  /** Whether requests are in hand or on their way. */
  traffic({ workers, accounts }: State): Traffic {
    const { files, memory, fixed } = this.#options;
    const counters = workers.map(({ slot }): Counters => memory.read(slot).counters);
    const { begun, ended } = counters.reduce(addCounters, accounts.ended);
    const queued = readAcceptQueue(files, this.#ports).length > 0;
    // A proxy in front has accepted what it has not passed on yet, as long as it is there.
    const proxied = fixed.proxyPidFile !== undefined && files.stat(fixed.proxyPidFile) !== undefined;
    return { begun, busy: begun > ended || queued || proxied };
  }

  /** One of the ports on which nothing listens any more. */
  deafPort(): number | undefined {
    return deafPorts(this.#options.files, this.#ports)[0];
  }
}
