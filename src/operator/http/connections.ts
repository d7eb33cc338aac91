// Connections of one server. When there are too many, the oldest has to go, one on which no request is being answered before the
// others: whoever opens connections and says nothing, or reads no answer, must not keep the kubelet out.
import type { Socket } from 'node:net';

export class Connections {
  readonly #most: number;
  /** Oldest first, by the address of the other side: under TLS a request has another socket than its connection. */
  readonly #open = new Map<string, Socket>();
  /** Requests under way. */
  readonly #busy = new Map<string, number>();

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
    this.#busy.set(key, (this.#busy.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#busy.get(key) ?? 1) - 1;
      if (left > 0) this.#busy.set(key, left);
      else this.#busy.delete(key);
    };
  }

  #evict(): void {
    const keys = [...this.#open.keys()];
    const key = keys.find((one) => !this.#busy.has(one)) ?? keys[0];
    if (key === undefined) return;
    this.#open.get(key)?.destroy();
    this.#open.delete(key);
  }
}

const keyOf = ({ remoteAddress = '', remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`;
