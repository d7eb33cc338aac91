// Text as the bytes that the kernel and other processes count.

/** Bytes of one code point in UTF-8. A surrogate without its other half becomes U+FFFD, which has 3, too. */
function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

export function byteLength(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i) ?? 0;
    bytes += bytesOf(codePoint);
    if (codePoint > 0xffff) i++;
  }
  return bytes;
}

/** The beginning of `text` that has room in `maxBytes`, in whole characters. */
export function firstBytes(text: string, maxBytes: number): string {
  let bytes = 0;
  let at = 0;
  for (const character of text) {
    bytes += bytesOf(character.codePointAt(0) ?? 0);
    if (bytes > maxBytes) break;
    at += character.length;
  }
  return text.slice(0, at);
}

/** The end of `text` that has room in `maxBytes`, in whole characters. */
export function lastBytes(text: string, maxBytes: number): string {
  let bytes = 0;
  let from = text.length;
  while (from > 0) {
    const pair = from > 1 && (text.codePointAt(from - 2) ?? 0) > 0xffff;
    const next = from - (pair ? 2 : 1);
    bytes += bytesOf(text.codePointAt(next) ?? 0);
    if (bytes > maxBytes) break;
    from = next;
  }
  return text.slice(from);
}

/** Bytes of a sequence by its first byte, with the bounds of the second; 0 for what begins none. */
function sequence(first: number): readonly [bytes: number, low: number, high: number] {
  if (first >= 0xc2 && first <= 0xdf) return [2, 0x80, 0xbf];
  if (first === 0xe0) return [3, 0xa0, 0xbf];
  if (first === 0xed) return [3, 0x80, 0x9f];
  if (first >= 0xe1 && first <= 0xef) return [3, 0x80, 0xbf];
  if (first === 0xf0) return [4, 0x90, 0xbf];
  if (first >= 0xf1 && first <= 0xf3) return [4, 0x80, 0xbf];
  return first === 0xf4 ? [4, 0x80, 0x8f] : [0, 0, 0];
}

/** Text of bytes that a process has written; U+FFFD for each longest beginning of a sequence that is none. */
export function decodeUtf8(bytes: DataView): string {
  let text = '';
  for (let at = 0; at < bytes.byteLength;) {
    const first = bytes.getUint8(at++);
    if (first < 0x80) {
      text += String.fromCodePoint(first);
      continue;
    }
    const [length, low, high] = sequence(first);
    let codePoint = first & (0x7f >> length);
    let left = length - 1;
    for (let [from, to] = [low, high]; left > 0 && at < bytes.byteLength; [from, to] = [0x80, 0xbf]) {
      const next = bytes.getUint8(at);
      if (next < from || next > to) break;
      codePoint = (codePoint << 6) | (next & 0x3f);
      at++;
      left--;
    }
    text += length > 0 && left === 0 ? String.fromCodePoint(codePoint) : '\ufffd';
  }
  return text;
}
