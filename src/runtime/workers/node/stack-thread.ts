// A thread beside the application's: it can look at a main thread whose loop is stuck, which nothing on that thread can.
import { Session, type Debugger } from 'node:inspector';
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { mapMemory } from './addon.ts';
import { WorkerRow } from './row.ts';

const lookMs = 200;
const stderrFd = 2;

function lines(frames: readonly Debugger.CallFrame[], urls: ReadonlyMap<string, string>): string {
  const at = frames.flatMap(({ functionName, location: { scriptId, lineNumber, columnNumber = 0 } }) => {
    const url = urls.get(scriptId) ?? '';
    // What was evaluated below to stop an idle thread stands in no file.
    return url === '' ? [] : [`    at ${functionName || '<anonymous>'} (${url}:${lineNumber + 1}:${columnNumber + 1})`];
  });
  return ['Stack of the main thread:', ...(at.length === 0 ? ['    (idle)'] : at), ''].join('\n');
}

/** Stops the main thread where it is, writes down where that is, and lets it go on. */
function dump(): void {
  const urls = new Map<string, string>();
  const session = new Session();
  session.connectToMainThread();
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url));
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    writeSync(stderrFd, lines(callFrames, urls));
    session.post('Debugger.resume');
    session.disconnect();
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
  // An idle thread stops at the next thing that it does, and may have none.
  session.post('Runtime.evaluate', { expression: '0' });
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- preload.ts started this thread with it
const { memoryFd, slot } = workerData as { memoryFd: number; slot: number };
const row = new WorkerRow(mapMemory(memoryFd), slot);
setInterval(() => {
  if (row.takeDumpRequest()) dump();
}, lookMs);
