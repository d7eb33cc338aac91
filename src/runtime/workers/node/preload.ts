// Is loaded before a Node application (node --require), in whichever Node its image has. Joins the process to the
// supervisor and leaves the application as it is.
import { writeSync } from 'node:fs';
import type { Server } from 'node:net';
import { isMainThread, Worker } from 'node:worker_threads';
import { nodeWorkerVariable, parseNodeWorker, type NodeWorker } from '../../shared/node-worker-settings.ts';
import { loadAddon, mapMemory } from './addon.ts';
import { Announcement } from './announcement.ts';
import { Balance } from './balance.ts';
import { reportListening, watchChildren, within } from './children.ts';
import { Connections } from './connections.ts';
import { interpreterProblem } from './interpreter.ts';
import { keepAlive } from './keep-alive.ts';
import { ListeningSockets } from './listen.ts';
import { Progress } from './progress.ts';
import { watchRequests } from './requests.ts';
import { Retirement } from './retire.ts';
import { WorkerRow, monotonicSeconds } from './row.ts';

const tickMs = 100;
const stackThreadAfterMs = 500;
/** Bundled beside this file. */
const stackThread = `${__dirname}/stack-thread.cjs`;

type Say = (line: string) => void;

function sayTo(fd: number): Say {
  return (line) => {
    try {
      writeSync(fd, `${line}\n`);
    } catch {
      /* full or closed; a dead supervisor takes its workers with it */
    }
  };
}

/** Later than the application: it is there for workers that get stuck, and those serve by then. */
function startStackThread({ memoryFd, slot }: NodeWorker, say: Say): void {
  const failed = (error: unknown): void =>
    say(`STATUS=a stack cannot be shown, no thread could be started: ${String(error)}`);
  setTimeout(() => {
    try {
      const thread = new Worker(stackThread, { workerData: { memoryFd, slot }, execArgv: [] });
      thread.on('error', failed).unref();
    } catch (error) {
      failed(error);
    }
  }, stackThreadAfterMs).unref();
}

function connect(settings: NodeWorker): void {
  const say = sayTo(settings.notifyFd);
  const problem = interpreterProblem(process.versions);
  if (problem !== undefined) {
    say(`X_APPSERVER_ERROR=NODE_UNSUPPORTED ${problem}`);
    process.exit(3);
  }
  const memory = mapMemory(settings.memoryFd);
  const row = new WorkerRow(memory, settings.slot);
  const balance = new Balance(memory, settings.slot);
  const site = { addon: loadAddon(), balance, draining: () => row.draining };
  const progress = new Progress(row);
  const connections = new Connections(row, () => performance.now());
  const watchStreams = watchRequests({ row, progress, ...settings });
  const known = new WeakSet<Server>();
  const sockets: ListeningSockets = new ListeningSockets(settings.port, settings.listenFds, site, {
    onServer: (server, inherited) => {
      connections.watch(server, inherited);
      if (inherited) keepAlive(server, settings.keepAliveMs);
      if (!known.has(server)) watchStreams(server);
      known.add(server);
    },
    onChange: () => announcement.changed(),
    onRefused: (where) => announcement.refused(where),
  });
  const announcement = new Announcement({ settings, sockets, say });
  const retirement = new Retirement({ row, gracefulMs: settings.gracefulMs, sockets, connections });
  sockets.install();
  watchChildren(settings, __filename);
  process.on('exit', (code) => announcement.ends(code));
  setInterval(() => {
    const now = monotonicSeconds();
    progress.tick();
    announcement.tick(now, row.beatSeconds);
    retirement.tick(now * 1e3);
  }, tickMs).unref();
  startStackThread(settings, say);
  // Each worker would say the same.
  if (settings.trustedProxies.length > 0 && settings.id === 1)
    say('STATUS=trustedProxies counts for the access log: a Node application decides itself which proxies it trusts');
}

const text = process.env[nodeWorkerVariable];
// Processes and threads that the application starts have this file in their options too, but not the variable.
if (text !== undefined && isMainThread) {
  delete process.env[nodeWorkerVariable];
  connect(parseNodeWorker(text));
} else {
  const place = within(isMainThread);
  if (place !== undefined) {
    reportListening(place.port, isMainThread, sayTo(place.notifyFd));
    if (isMainThread) watchChildren(place, __filename);
  }
}
