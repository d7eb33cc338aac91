// Is loaded before a Node application (node --require), in whichever Node its image has. Joins the process to the
// supervisor and leaves the application as it is.
import { writeSync } from 'node:fs';
import { isMainThread, Worker } from 'node:worker_threads';
import { nodeWorkerVariable, parseNodeWorker, type NodeWorker } from '../../shared/node-worker-settings.ts';
import { handleInTurns } from './accept.ts';
import { loadAddon, mapMemory } from './addon.ts';
import { Balance } from './balance.ts';
import { takeSockets } from './listen.ts';
import { watchRequests } from './requests.ts';
import { Retirement } from './retire.ts';
import { WorkerRow, monotonicSeconds } from './row.ts';

const oldest = 20;
const tickMs = 100;
const stackThreadAfterMs = 500;
/** Bundled beside this file. */
const stackThread = `${__dirname}/stack-thread.cjs`;

function connect(settings: NodeWorker): void {
  const say = (line: string): void => {
    try {
      writeSync(settings.notifyFd, `${line}\n`);
    } catch {
      /* full or closed; a dead supervisor takes its workers with it */
    }
  };
  if (Number.parseInt(process.versions.node, 10) < oldest) {
    say(`X_APPSERVER_ERROR=NODE_UNSUPPORTED Node ${process.versions.node} is too old`);
    process.exit(3);
  }
  const memory = mapMemory(settings.memoryFd);
  const row = new WorkerRow(memory, settings.slot);
  const balance = new Balance(memory, settings.slot);
  const site = { addon: loadAddon(), balance, draining: () => row.draining };
  const retirement = new Retirement(row, settings.gracefulMs);
  watchRequests({ row, worker: settings.id, logFd: settings.logFd });
  let ready = false;
  takeSockets(settings.port, settings.listenFds, {
    handleOf: (fd) => handleInTurns(fd, site) ?? { fd },
    onListening: (server) => {
      retirement.watch(server);
      balance.begin();
      ready = true;
      say('READY=1');
    },
    onOther: (port) => say(`STATUS=the application listens on ${port}; PORT is ${settings.port}`),
  });
  let beaten = 0;
  setInterval(() => {
    const now = monotonicSeconds();
    if (ready && now - beaten >= row.beatSeconds) {
      beaten = now;
      say('WATCHDOG=1');
    }
    retirement.tick(now * 1e3);
  }, tickMs).unref();
  // Later than the application: it is there for workers that get stuck, and those serve by then.
  const { memoryFd, slot } = settings;
  const noThread = (error: unknown): void =>
    say(`STATUS=a stack cannot be shown, no thread could be started: ${String(error)}`);
  setTimeout(() => {
    try {
      const thread = new Worker(stackThread, { workerData: { memoryFd, slot }, execArgv: [] });
      thread.on('error', noThread).unref();
    } catch (error) {
      noThread(error);
    }
  }, stackThreadAfterMs).unref();
}

const text = process.env[nodeWorkerVariable];
// Processes and threads that the application starts have this file in their options too, but not the variable.
if (text !== undefined && isMainThread) {
  delete process.env[nodeWorkerVariable];
  connect(parseNodeWorker(text));
}
