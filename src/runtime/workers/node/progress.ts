// What of a request's time is the application's: not that in which the client's bytes are awaited, and none once the answer
// has begun.
import type { Readable } from 'node:stream';
import { monotonicSeconds, type Begun, type WorkerRow } from './row.ts';

type Input = Readable & { readonly complete?: boolean };

interface Answer {
  readonly headersSent: boolean;
}

/** An HTTP/1 answer with its request, or a stream of HTTP/2, which is both. */
export type Exchange = Answer & ({ readonly req: Input } | Input);

/** Whether the application asks for bytes that have not come. */
function awaitsClient(exchange: Exchange): boolean {
  const input = 'req' in exchange ? exchange.req : exchange;
  if (input.complete === true || input.readableEnded || input.destroyed || input.readableLength > 0) return false;
  return input.readableFlowing === true || input.listenerCount('readable') > 0;
}

/** Looks at the requests that the supervisor sees. */
export class Progress {
  readonly #row: WorkerRow;
  readonly #seen: ({ readonly begun: Begun; readonly exchange: Exchange } | undefined)[] = [];
  #looked = monotonicSeconds();

  constructor(row: WorkerRow) {
    this.#row = row;
  }

  follow(begun: Begun, exchange: Exchange): void {
    if (begun.record !== undefined) this.#seen[begun.record] = { begun, exchange };
  }

  /** To be called some times a second. */
  tick(): void {
    const now = monotonicSeconds();
    const since = this.#looked;
    this.#looked = now;
    for (const [record, one] of this.#seen.entries()) {
      if (one === undefined) continue;
      if (one.begun.record !== record) this.#seen[record] = undefined;
      else if (one.exchange.headersSent) this.#row.release(one.begun);
      else if (awaitsClient(one.exchange)) this.#row.postpone(one.begun, now - Math.max(since, one.begun.at));
    }
  }
}
