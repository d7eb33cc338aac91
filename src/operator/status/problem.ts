// What keeps an AppServer from being as desired.
import type { Reason } from '../../api/index.ts';

/** What happens without a change by the user: it is retried, it is waited for, or nothing. */
type ProblemState =
  /** Nothing: only a change of the AppServer or of the cluster helps. */
  | 'stalled'
  /** Retried by Kubernetes or the operator, and may succeed. */
  | 'failing'
  /** It takes its time, as it always does: no reason for an alert. */
  | 'waiting'
  /** Nothing, as the user has asked for. */
  | 'suspended';

export interface Problem {
  readonly reason: Reason;
  /** `1 of 3 pods`; undefined where it does not concern single pods. */
  readonly affected?: string;
  /** Sentence with object, cause and remedy. */
  readonly cause: string;
  /** What is the same as long as the cause is, where the sentence is not: events are aggregated by it. */
  readonly key?: string;
  readonly state: ProblemState;
}

export const messageOf = ({ affected, cause }: Problem): string =>
  affected === undefined ? cause : `${affected}: ${cause}`;

/** Digits are counters, ports and generated names: what differs in nothing else has the same cause. */
export const keyOf = ({ cause, key }: Problem): string => key ?? cause.replaceAll(/\d+/g, '#');

const mostCharacters = 400;

/**
 * Text from outside, as part of a sentence: one line, bounded, without a full stop, without the ports that change with each try,
 * and without what a terminal would take for a command.
 */
export function quoted(text: string, most = mostCharacters): string {
  const line = text
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .replaceAll(/(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\]):\d+->/g, '$1->')
    .replace(/\.$/, '');
  return line.length > most ? `${line.slice(0, most)}…` : line;
}

/** The API server's message without what it is about, which is said already; names of pods are new with each try. */
export const withoutSubject = (text: string): string => text.replace(/^\S+ "[^"]*" is (?:forbidden|invalid): /, '');
