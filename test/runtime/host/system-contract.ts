import assert from 'node:assert/strict';
import {
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '../../../src/runtime/host/host.ts';

/** Waits for what the system does in its own time. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await delay(1);
}

export function systemContract(host: Host): void {
  describe('the rest of the system', () => {
    const dir = mkdtempSync(join(tmpdir(), 'appserver-host-'));
    after(() => rmSync(dir, { recursive: true }));

    test('is what other programs see', () => {
      assert.equal(host.uid, process.getuid?.());
      assert.equal(host.cpus(), availableParallelism());
      assert.equal(host.env['PATH'], process.env['PATH']);
      assert.equal(host.env['NO_SUCH_VARIABLE'], undefined);
      assert.match(host.uuid(), /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
      assert.notEqual(host.uuid(), host.uuid());
      const numbers = Array.from({ length: 100 }, () => host.random());
      assert.ok(numbers.every((one) => one >= 0 && one < 1));
      assert.equal(new Set(numbers).size, 100);
    });

    test('has names for its errors', () => {
      for (const name of ['EACCES', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EINVAL', 'ENAMETOOLONG'] as const)
        assert.equal(host.errorName(constants.errno[name]), name);
    });

    test('tells of a signal each time it comes', async () => {
      const heard = { times: 0 };
      host.onSignal('SIGTTIN', () => heard.times++);
      for (const times of [1, 2]) {
        process.kill(process.pid, 'SIGTTIN');
        await until(() => heard.times === times);
      }
      process.removeAllListeners('SIGTTIN');
    });

    test('tells of a volume that is swapped by the rename of a link', async () => {
      const volume = mkdtempSync(join(dir, 'volume-'));
      symlinkSync('first', join(volume, '..data'));
      const told = { times: 0 };
      host.watch(volume, () => told.times++);
      await delay(20);
      assert.equal(told.times, 0);
      symlinkSync('second', join(volume, '..next'));
      renameSync(join(volume, '..next'), join(volume, '..data'));
      await until(() => told.times > 0);
    });

    test('tells no more of a directory whose watch was cancelled, and goes on with the others', async () => {
      const watched = ['one', 'other'].map((name) => {
        const path = mkdtempSync(join(dir, `${name}-`));
        const heard = { times: 0 };
        return { path, heard, watch: host.watch(path, () => heard.times++) };
      });
      const [one, other] = watched;
      assert.ok(one && other);
      one.watch.cancel();
      one.watch.cancel();
      for (const { path } of watched) writeFileSync(join(path, 'new'), '');
      await until(() => other.heard.times > 0);
      assert.equal(one.heard.times, 0);
    });

    test('cannot watch what is not there', () => {
      assert.throws(() => host.watch(join(dir, 'nothing'), () => undefined), { code: 'ENOENT' });
    });

    test('shares bytes with whoever else has the file', () => {
      const fd = openSync(join(dir, 'shared'), 'w+');
      writeSync(fd, Buffer.alloc(64));
      const bytes = host.shared(fd);
      const eight = new DataView(new ArrayBuffer(8));
      eight.setFloat64(0, 2.5, true);
      bytes.write(16, eight);
      const seen = Buffer.alloc(8);
      readSync(fd, seen, 0, 8, 16);
      assert.equal(seen.readDoubleLE(), 2.5);
      writeSync(fd, seen, 0, 8, 32);
      assert.equal(bytes.read(32, 8).getFloat64(0, true), 2.5);
      assert.equal(bytes.read(0, 64).byteLength, 64);
      assert.equal(fstatSync(fd).size, 64);
    });

    test('gives a copy of what is shared', () => {
      writeFileSync(join(dir, 'copied'), Buffer.alloc(8));
      const bytes = host.shared(openSync(join(dir, 'copied'), 'r+'));
      const before = bytes.read(0, 8);
      bytes.write(0, new DataView(Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1).buffer));
      assert.equal(before.getUint8(0), 0);
      assert.equal(bytes.read(0, 8).getUint8(0), 1);
    });
  });
}
