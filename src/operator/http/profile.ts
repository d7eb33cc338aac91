// CPU profiles of the operator itself.
import { Session } from 'node:inspector/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { plain, type Answer } from './server.ts';

const mostSeconds = 60;
let underWay = false;

/** A CPU profile, as Chromium's developer tools and `speedscope` read it. */
async function record(seconds: number): Promise<string> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await delay(seconds * 1000);
    return JSON.stringify((await session.post('Profiler.stop')).profile);
  } finally {
    session.disconnect();
  }
}

/** @param text how many seconds, 10 when absent */
export async function profile(text: string | null): Promise<Answer> {
  const seconds = Number(text ?? '10');
  if (!(seconds > 0 && seconds <= mostSeconds)) {
    return plain(400, `seconds must be more than 0 and at most ${mostSeconds}\n`);
  }
  if (underWay) return plain(409, 'a profile is being recorded; try again\n');
  underWay = true;
  try {
    return { status: 200, type: 'application/json', body: await record(seconds) };
  } finally {
    underWay = false;
  }
}
