import assert from 'node:assert/strict';
import { test } from 'node:test';
import { droppedConnections, listeningSockets } from '../../../src/runtime/linux/accept-queue.ts';

test('the accept queue is the sum over the sockets that listen on the port', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:1F40 00000000:0000 0A 00000000:00000011 00:00000000 00000000  1000 0 1 1',
    '   1: 0100007F:1F40 0100007F:9C40 01 00000000:00000005 00:00000000 00000000  1000 0 2 1',
    '   2: 00000000:2328 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000 0 3 1',
  ].join('\n');
  assert.equal(listeningSockets(table, [8000]).queued, 17);
  assert.deepEqual(listeningSockets(table, [8000, 9000, 9001]), { queued: 20, ports: new Set([8000, 9000]) });
  assert.equal(listeningSockets('', [8000]).queued, 0);
  assert.equal(droppedConnections('TcpExt: A ListenDrops B\nTcpExt: 1 7 3\nIpExt: X\nIpExt: 1\n'), 7);
  assert.equal(droppedConnections(''), 0);
});
