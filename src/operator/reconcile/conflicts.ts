// Conflicts in a row of one child. One or two are in the order of things, and are over with the next look; what goes on is
// something that stands in the way: a webhook that refuses with a conflict, or another writer that never rests.
import type { Child } from '../model/facts.ts';

const mostSilent = 5;

const idOf = ({ kind, metadata }: Child): string => `${kind}/${metadata.name}`;

export class Conflicts {
  /** By the key of the AppServer and by child. */
  readonly #apps = new Map<string, Map<string, number>>();

  /** Notes one. Returns whether there have been so many that it is to be reported. */
  add(app: string, child: Child): boolean {
    const counts = this.#apps.get(app) ?? new Map<string, number>();
    const count = (counts.get(idOf(child)) ?? 0) + 1;
    this.#apps.set(app, counts.set(idOf(child), count));
    return count > mostSilent;
  }

  written(app: string, child: Child): void {
    this.#apps.get(app)?.delete(idOf(child));
  }

  /** The AppServer is as it should be, or gone. */
  forget(app: string): void {
    this.#apps.delete(app);
  }
}
