// What comes from elsewhere and goes to a terminal, or where people read it beside what is ours.

/**
 * Control characters of C0 and C1, those that turn the direction of what follows, and those that nobody sees: soft hyphen,
 * zero width, separators of lines and paragraphs, fillers of Hangul, tags.
 */
const hidden =
  // oxlint-disable-next-line no-misleading-character-class -- ranges of single characters
  /[^\P{Cc}\t\n]|[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB]|[\u{1D173}-\u{1D17A}]|[\u{E0000}-\u{E0FFF}]/gu;

function spelled(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

/**
 * The text with such characters spelled out, so that it can neither move the cursor, nor colour or turn round what follows,
 * nor look like another text. In JSON it stays the same value. Newlines and tabs stay.
 */
export function visible(text: string): string {
  return text.replaceAll(hidden, spelled);
}
