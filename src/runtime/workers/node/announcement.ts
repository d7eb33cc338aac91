// What a worker tells the supervisor of itself: whether it serves, that it lives, and why it does not serve.
import type { NodeWorker } from '../../shared/node-worker-settings.ts';
import type { ListeningSockets } from './listen.ts';

/** So long an application may listen elsewhere before it is said that this is not PORT; it may be on its way there. */
const elsewhereMs = 3_000;
/** The same for one that waits for nothing. */
const elsewhereForGoodMs = 1_000;
/** Of what keeps a process alive, what never makes an application listen: its output. */
const output: ReadonlySet<string> = new Set(['PipeWrap', 'TTYWrap']);
/** Its listening sockets, those that it shares with other workers included. */
const listening: ReadonlySet<string> = new Set(['TCPServerWrap', 'PipeServerWrap', 'TCPSocketWrap']);
/** As other errors of an application that cannot be served. */
const exitCode = 4;

export interface AnnouncementOptions {
  readonly settings: NodeWorker;
  readonly sockets: Pick<ListeningSockets, 'serves' | 'clustered' | 'others'>;
  readonly say: (line: string) => void;
}

export class Announcement {
  readonly #options: AnnouncementOptions;
  #ready = false;
  /** Whether it was ready at any time. */
  #served = false;
  #beaten = 0;
  #looks = false;
  #elsewhereSince: number | undefined;
  #complained = false;
  #refused: string | undefined;

  constructor(options: AnnouncementOptions) {
    this.#options = options;
  }

  /**
   * Whether it listens has changed. It is said after this turn of the loop: a program that looks whether the port is free
   * listens and closes at once.
   */
  changed(): void {
    if (this.#looks) return;
    this.#looks = true;
    setImmediate(() => {
      this.#looks = false;
      const { sockets, say } = this.#options;
      if (sockets.serves === this.#ready) return;
      this.#ready = sockets.serves;
      this.#served ||= this.#ready;
      if (sockets.clustered)
        say(
          'X_APPSERVER_ERROR=APP_SERVES_IN_CHILD the application answers in processes of node:cluster, whose requests are not counted and are lost when a worker is replaced',
        );
      say(this.#ready ? 'READY=1' : 'X_APPSERVER_READY=0');
    });
  }

  /** Another program listens on what the application wants. */
  refused(where: string): void {
    this.#refused = where;
  }

  /** The process ends. */
  ends(code: number): void {
    if (code === 0 || this.#ready || this.#refused === undefined) return;
    this.#options.say(
      `X_APPSERVER_ERROR=APP_PORT_IN_USE the application cannot listen on ${this.#refused}, which is in use`,
    );
  }

  /** @param now seconds */
  tick(now: number, beatSeconds: number): void {
    if (!this.#ready) return this.#elsewhere(now);
    if (now - this.#beaten < beatSeconds) return;
    this.#beaten = now;
    this.#options.say('WATCHDOG=1');
  }

  #elsewhere(now: number): void {
    const { sockets, settings, say } = this.#options;
    const { others } = sockets;
    if (this.#served || others.length === 0) {
      this.#elsewhereSince = undefined;
      return;
    }
    this.#elsewhereSince ??= now;
    const sinceMs = (now - this.#elsewhereSince) * 1e3;
    const forGood = sinceMs >= elsewhereForGoodMs && waitsForNothing(others.length);
    if (!this.#complained && (forGood || sinceMs >= elsewhereMs)) {
      this.#complained = true;
      const cause = `the application listens on ${others.join(', ')}, and not on PORT (${settings.port})`;
      say(`X_APPSERVER_ERROR=APP_LISTENS_ELSEWHERE ${cause}`);
    }
    if (forGood) process.exit(exitCode);
  }
}

function waitsForNothing(sockets: number): boolean {
  const active = process.getActiveResourcesInfo().filter((name) => !output.has(name));
  return active.length <= sockets && active.every((name) => listening.has(name));
}
