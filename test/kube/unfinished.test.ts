// What somebody waits for stays urgent until it is done, whatever comes in between.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WorkQueue } from '../../src/kube/queue.ts';
import { VirtualTimers } from './virtual-timers.ts';

describe('unfinished work', () => {
  const unfinished: Record<string, (work: WorkQueue) => Promise<unknown>> = {
    'an edit whose repair met a conflict': async (work) => {
      work.add('web/shop', 'urgent');
      await work.take();
      work.again('web/shop', 100);
    },
    'an edit whose repair has failed': async (work) => {
      work.add('web/shop', 'urgent');
      await work.take();
      work.retry('web/shop');
    },
    'an edit that came during a report of progress, and whose repair met a conflict': async (work) => {
      work.add('web/shop');
      await work.take();
      work.add('web/shop', 'urgent');
      work.seen('web/shop');
      work.again('web/shop', 100);
    },
    'an edit whose repair met a conflict, and a look that was planned for later': async (work) => {
      work.add('web/shop', 'urgent');
      await work.take();
      work.again('web/shop', 100);
      work.addAfter('web/shop', 1_000);
    },
  };
  for (const [what, begin] of Object.entries(unfinished)) {
    test(`comes again as urgently, whatever progress is reported: ${what}`, async () => {
      const timers = new VirtualTimers();
      const work = new WorkQueue({ timers, random: () => 1 });
      for (let i = 0; i < 14; i++) {
        work.add('web/shop');
        while (work.depth === 0) timers.advance(10);
        work.done((await work.take()) ?? '');
      }
      timers.advance(2_000);
      await begin(work);
      work.add('web/shop');
      work.done('web/shop');
      timers.advance(100);
      const urgent = work.take('urgent');
      work.close();
      assert.equal(await urgent, 'web/shop');
    });
  }
});
