// Keeps the process alive as a listening socket does, for one on which nothing is accepted any more.

/** The longest time of a timer. */
const farMs = 2 ** 31 - 1;

export class Holder {
  #timer: NodeJS.Timeout | undefined;

  hold(yes: boolean): void {
    if (yes) this.#timer ??= setInterval(() => undefined, farMs);
    else this.end();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
