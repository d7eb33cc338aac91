import type { Files } from '../host/host.ts';

/** Resident bytes of a process; 0 when it has ended. */
export function readResidentBytes(files: Files, pid: number): number {
  try {
    const status = files.read(`/proc/${pid}/status`);
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
