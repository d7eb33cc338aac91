// Connections of one server. When there are too many, the address that has most of them loses one: the oldest on which no request
// is being answered, or else the oldest. Whoever opens connections and says nothing, or reads no answer, must not keep the kubelet
// out.
import type { Socket } from 'node:net';
import { Tally } from '../../kube/index.ts';

export class Connections {
  readonly #most: number;
  /** Oldest first, by the address of the other side: under TLS a request has another socket than its connection. */
  readonly #open = new Map<string, Socket>();
  /** Requests under way. */
  readonly #busy = new Tally();

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes the connection up, in the place of another one if there has to be. */
  add(socket: Socket): void {
    const key = keyOf(socket);
    if (this.#open.size >= this.#most) this.#evict();
    this.#open.set(key, socket);
    socket.once('close', () => {
      if (this.#open.get(key) === socket) this.#open.delete(key);
    });
  }

  /** To be called when a request begins; returns what is to be called when it is over. */
  busy(socket: Socket): () => void {
    const key = keyOf(socket);
    this.#busy.add(key);
    return () => this.#busy.remove(key);
  }

  #evict(): void {
    const byAddress = Map.groupBy(this.#open.keys(), addressOf);
    const [keys = []] = [...byAddress.values()].toSorted((a, b) => b.length - a.length);
    const key = keys.find((one) => this.#busy.of(one) === 0) ?? keys[0];
    if (key === undefined) return;
    this.#open.get(key)?.destroy();
    this.#open.delete(key);
  }
}

const addressOf = (key: string): string => key.slice(0, key.indexOf(' '));

const keyOf = ({ remoteAddress = '', remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`;
