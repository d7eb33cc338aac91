import { write, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Output } from '../host.ts';

const busyMs = 10;

function send(fd: number, bytes: Buffer, from: number, done: () => void): void {
  // On a thread of its own: a pipe that is full blocks that thread alone.
  write(fd, bytes, from, bytes.length - from, null, (error, written) => {
    if (error?.code === 'EAGAIN') return void setTimeout(() => send(fd, bytes, from, done), busyMs);
    if (error === null && from + written < bytes.length) return send(fd, bytes, from + written, done);
    return done();
  });
}

export function output(fd: number): Output {
  return {
    write: (text, done) => send(fd, Buffer.from(text), 0, done),
    flush: (text) => {
      try {
        const bytes = Buffer.from(text);
        for (let from = 0; from < bytes.length;) from += writeSync(fd, bytes, from);
      } catch {
        /* nobody reads any more */
      }
    },
    isTerminal: isatty(fd),
  };
}
