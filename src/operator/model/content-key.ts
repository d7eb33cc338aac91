// What the contents of ConfigMaps and Secrets are known by on a Deployment, where everybody who may view it reads them: HMACs
// with a key of the operator. Without the key no content can be guessed from them, equal contents of two places do not show,
// and nobody can write one that counts.
import { createHash, createHmac } from 'node:crypto';
import type { ReferenceKind } from './references.ts';

/** Where an object is. */
export interface Place {
  readonly kind: ReferenceKind;
  readonly namespace: string;
  readonly name: string;
}

/** What was found at a place. */
export interface Content {
  /** `absent` where there is nothing. */
  readonly hash: string;
  /** Empty where there is nothing. */
  readonly resourceVersion: string;
}

/** `ID.HASH.CHECK@RESOURCEVERSION`: id of the key, and what proves that it was noted by who has the key. */
export type Note = string;

export const absent: Content = { hash: 'absent', resourceVersion: '' };

/** The part that changes with the content or the key alone. */
export function hashOfNote(note: Note): string {
  const [id, hash] = note.split('@', 1)[0]?.split('.') ?? [];
  return `${id ?? ''}.${hash ?? ''}`;
}

const form = /^([0-9a-f]{8})\.([0-9a-f]{32}|absent)\.([0-9a-f]{32})@([0-9A-Za-z]{0,64})$/;

export class ContentKey {
  /** By which notes are told from those with another key: of the key, from which it cannot be guessed. */
  readonly id: string;
  readonly #key: Uint8Array;

  /** @param key 32 random bytes */
  constructor(key: Uint8Array) {
    this.#key = key;
    this.id = createHash('sha256').update('id of appserver.dev/operator-key').update(key).digest('hex').slice(0, 8);
  }

  /** @param fields what pods see, in an order that is always the same */
  hash(place: Place, fields: unknown): string {
    return this.#mac(['content', place.kind, place.namespace, place.name, fields]);
  }

  note(place: Place, { hash, resourceVersion }: Content): Note {
    return `${this.id}.${hash}.${this.#check(place, hash, resourceVersion)}@${resourceVersion}`;
  }

  /** What was noted of this place with this key; undefined for any other text. */
  read(place: Place, note: Note): Content | undefined {
    const [, id, hash = '', check, resourceVersion = ''] = form.exec(note) ?? [];
    if (id !== this.id || check !== this.#check(place, hash, resourceVersion)) return undefined;
    return { hash, resourceVersion };
  }

  #check({ kind, namespace, name }: Place, hash: string, resourceVersion: string): string {
    return this.#mac(['note', kind, namespace, name, hash, resourceVersion]);
  }

  #mac(content: unknown): string {
    return createHmac('sha256', this.#key).update(JSON.stringify(content)).digest('hex').slice(0, 32);
  }
}
