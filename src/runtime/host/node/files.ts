import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Files, FileStat } from '../host.ts';

const defaultMaxBytes = 2 ** 20;
const chunkBytes = 65_536;

/** Files of /proc have no size to go by. */
function read(path: string, maxBytes = defaultMaxBytes): string {
  const fd = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const count = readSync(fd, chunk);
      if (count === 0) return Buffer.concat(chunks).toString('utf8');
      total += count;
      if (total > maxBytes) {
        throw Object.assign(new Error(`EFBIG: ${path} has more than ${maxBytes} bytes`), { code: 'EFBIG' });
      }
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}

function described(stats: BigIntStats | undefined): FileStat | undefined {
  if (stats === undefined) return undefined;
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
  const version = `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
  return { kind, uid: Number(stats.uid), mode: Number(stats.mode) & 0o7777, version };
}

/** Level by level: in some file systems, such as /proc, Node's own way never ends. */
function makeDirectory(path: string, mode = 0o777): void {
  if (isDirectory(path)) return;
  const above = dirname(path);
  if (statSync(above, { throwIfNoEntry: false }) === undefined) makeDirectory(above, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have made it just now.
    if (!isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return orNothing(() => statSync(path))?.isDirectory() === true;
}

function orNothing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

export const files: Files = {
  read,
  stat: (path) => described(orNothing(() => statSync(path, { bigint: true }))),
  statLink: (path) => described(orNothing(() => lstatSync(path, { bigint: true }))),
  write: (path, text) => writeFileSync(path, text),
  overwrite: (path, text) => writeFileSync(path, text, { flag: 'r+' }),
  makeDirectory,
  list: (path) => readdirSync(path),
  remove: (path) => rmSync(path, { force: true }),
  setMode: chmodSync,
};
