import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Clock } from '../../../src/runtime/host/host.ts';

export function clockContract({ clock }: { readonly clock: Clock }): void {
  const until = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

  describe('clock', () => {
    test('is the one of all processes, and the date is that of everybody', () => {
      const other = Number(process.hrtime.bigint()) / 1e6;
      assert.ok(Math.abs(clock.now() - other) < 5_000);
      assert.match(clock.date(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(Math.abs(Date.parse(clock.date()) - Date.now()) < 5_000);
    });

    test('nothing comes before its time, and what comes later comes later', async () => {
      const began = clock.now();
      const came: string[] = [];
      clock.after(30, () => came.push('late'));
      clock.after(10.4, () => came.push(clock.now() - began >= 10.4 ? 'early' : 'too early'));
      clock.after(-5, () => came.push('at once'));
      assert.deepEqual(came, []);
      await until(60);
      assert.deepEqual(came, ['at once', 'early', 'late']);
    });

    test('what is cancelled does not come, whenever and how often it is', async () => {
      let calls = 0;
      const timer = clock.after(1, () => calls++);
      timer.cancel();
      timer.cancel();
      const passed = clock.after(0, () => undefined);
      await until(20);
      passed.cancel();
      assert.equal(calls, 0);
    });

    test('what comes again and again does so until it is cancelled, by itself even', async () => {
      let calls = 0;
      await new Promise<void>((third) => {
        const timer = clock.every(2, () => {
          calls++;
          if (calls < 3) return;
          timer.cancel();
          third();
        });
      });
      await until(20);
      assert.equal(calls, 3);
    });

    test('a time of months comes not at once', async () => {
      let came = false;
      const timer = clock.after(2 ** 40, () => (came = true));
      await until(10);
      timer.cancel();
      assert.equal(came, false);
    });

    test('soon is after what runs now, and before any timer', async () => {
      const came: string[] = [];
      clock.after(0, () => came.push('timer'));
      clock.soon(() => came.push('soon'));
      came.push('now');
      await until(10);
      assert.deepEqual(came, ['now', 'soon', 'timer']);
    });
  });
}
