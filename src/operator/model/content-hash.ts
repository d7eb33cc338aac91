import { createHash } from 'node:crypto';

/** Ten hexadecimal digits that change with the content. */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 10);
}
