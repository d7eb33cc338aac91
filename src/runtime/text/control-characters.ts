// What comes from elsewhere and goes to a terminal.

/**
 * The text with its control characters spelled out, so that it can neither move the cursor nor colour what follows.
 * Newlines and tabs stay.
 */
export function visible(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n]/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
