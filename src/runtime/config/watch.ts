import { watch } from 'node:fs';

/**
 * Calls `onChange` when something in `dir` changes. A ConfigMap volume swaps its files by renaming the link `..data`, so
 * the folder is watched and not the file. Several events of one swap become one call.
 */
export function watchFolder(dir: string, onChange: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  watch(dir, { persistent: false }, () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, 50);
  });
}
