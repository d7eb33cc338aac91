// Connections of one server. When there are too many, the oldest has to go, one on which no request is being answered before the
// others: whoever opens connections and says nothing, or reads no answer, must not keep the kubelet out, whose address cannot be known in a pod.
import type { Socket } from 'node:net';

export class Connections {
  readonly #most: number;
  /** Oldest first. */
  readonly #open = new Set<Socket>();
  /** Requests under way. */
  readonly #busy = new Map<Socket, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes the connection up, in the place of another one if there has to be. */
  add(socket: Socket): void {
    if (this.#open.size >= this.#most) this.#evict();
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }

  /** To be called when a request begins; returns what is to be called when it is over. */
  busy(socket: Socket): () => void {
    this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1);
    return () => {
      const left = (this.#busy.get(socket) ?? 1) - 1;
      if (left > 0) this.#busy.set(socket, left);
      else this.#busy.delete(socket);
    };
  }

  closeAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #evict(): void {
    const sockets = [...this.#open];
    const socket = sockets.find((one) => !this.#busy.has(one)) ?? sockets[0];
    if (socket === undefined) return;
    this.#open.delete(socket);
    socket.destroy();
  }
}
