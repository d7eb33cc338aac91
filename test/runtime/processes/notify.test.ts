import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseNotification } from '../../../src/runtime/processes/notify.ts';

describe('notifications', () => {
  const cases: Record<string, [line: string, said: unknown]> = {
    ready: ['READY=1', { kind: 'ready' }],
    'about to run': ['X_APPSERVER_RUNNING=1', { kind: 'running' }],
    'ready no more': ['X_APPSERVER_READY=0', { kind: 'unready' }],
    'a heartbeat': ['WATCHDOG=1', { kind: 'heartbeat' }],
    'another process id': ['MAINPID=123', { kind: 'main-pid', pid: 123 }],
    'words for people': ['STATUS=a=b', { kind: 'status', text: 'a=b' }],
    'a reason': [
      'X_APPSERVER_ERROR=APP_NOT_FOUND there is no module x',
      { kind: 'failing', failure: { code: 'APP_NOT_FOUND', cause: 'there is no module x' } },
    ],
    'a request that was ended': [
      'X_APPSERVER_REQUEST_TIMEOUT=2.500 GET /slow',
      { kind: 'request-timeout', request: 'GET /slow', seconds: 2.5 },
    ],
    'a code that is not known': ['X_APPSERVER_ERROR=NOT_A_CODE something', undefined],
    'a name of Object.prototype': ['X_APPSERVER_ERROR=toString x', undefined],
    'a word of systemd that means nothing here': ['FDSTORE=1', undefined],
    'the id of PID 1, which no worker has': ['MAINPID=1', undefined],
    garbage: ['\u0000\u0001', undefined],
  };
  for (const [name, [line, said]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(parseNotification(line), said));
  }
});
