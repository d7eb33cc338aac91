import type { Host } from '../host/host.ts';

/** Several events of one swap become one call. */
const settleMs = 50;
/** As often as the kubelet, which renews a volume about once a minute, makes it worth while. */
const pollMs = 5_000;

export interface Watched {
  readonly directory: string;
  /** One of its files. */
  readonly file: string;
}

/**
 * Calls `onChange` when the file may have changed. A ConfigMap volume swaps its files by renaming the link `..data`, so the
 * directory is watched and not the file. A user has a limited number of watches, which others on the machine may have
 * taken: the file is looked at every few seconds then.
 * @param onRefused told why it cannot be watched
 */
export function watchFile(
  { watch, clock, files }: Pick<Host, 'watch' | 'clock' | 'files'>,
  { directory, file }: Watched,
  onChange: () => void,
  onRefused: (cause: string) => void,
): void {
  const path = `${directory}/${file}`;
  try {
    let settling = clock.after(0, () => undefined);
    watch(directory, () => {
      settling.cancel();
      settling = clock.after(settleMs, onChange);
    });
  } catch (error) {
    onRefused(error instanceof Error ? error.message : String(error));
    let before = files.stat(path)?.version;
    clock.every(pollMs, () => {
      const now = files.stat(path)?.version;
      if (now !== before) onChange();
      before = now;
    });
  }
}
