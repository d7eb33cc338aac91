// Rows as a table for a terminal: columns as wide as their widest cell, two spaces between them.
import { visible } from './control-characters.ts';

/** @param rows the head first; no cell acts on the terminal or begins another line. Without a newline at the end */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const texts = rows.map((cells) => cells.map((cell) => visible(String(cell)).replaceAll(/[\t\n]/g, ' ')));
  const widths = (texts[0] ?? []).map((_, column) => Math.max(...texts.map((cells) => cells[column]?.length ?? 0)));
  return texts.map((cells) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')).join('\n');
}
