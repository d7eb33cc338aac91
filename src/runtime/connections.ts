// Connections of one server. When there are too many, the oldest on which no request is being answered has to go: whoever opens
// connections and says nothing must not keep the kubelet out, whose address cannot be known in a pod.
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
    if (this.#open.size >= this.#most) this.#evict(socket);
    if (socket.destroyed) return;
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

  #evict(incoming: Socket): void {
    for (const socket of this.#open) {
      if (this.#busy.has(socket)) continue;
      this.#open.delete(socket);
      socket.destroy();
      return;
    }
    incoming.destroy();
  }
}
