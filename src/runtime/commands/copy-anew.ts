// Copies of init containers, into volumes of the pod. Such a container runs again in the same pod, with what it left in the
// volume, whenever kubelet makes the pod's sandbox anew: after a reboot of the node, for one.
import { accessSync, chmodSync, constants, cpSync, readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Directories that came from an image may be read-only, also for us; the volume itself is the kubelet's, and writable. */
function makeWritable(directory: string): void {
  try {
    accessSync(directory, constants.W_OK);
  } catch {
    chmodSync(directory, statSync(directory).mode | constants.S_IWUSR);
  }
}

function empty(directory: string): void {
  makeWritable(directory);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      empty(path);
      rmdirSync(path);
    } else {
      unlinkSync(path);
    }
  }
}

export interface Copy {
  readonly from: string;
  readonly to: string;
}

/** @throws what has kept it from being done, by its name */
function doing(what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * Copies directories, in place of whatever is there from before. One may lie within another.
 * @throws with the directory and what the file system says
 */
export function copyAnew(copies: readonly Copy[]): void {
  for (const { to } of copies) {
    if (statSync(to, { throwIfNoEntry: false })?.isDirectory() === true) {
      doing(`${to} cannot be emptied`, () => empty(to));
    }
  }
  for (const { from, to } of copies) {
    // Links stay what they are: those within the directory lead to what is copied with them.
    doing(`${from} cannot be copied`, () => cpSync(from, to, { recursive: true, verbatimSymlinks: true }));
  }
}
