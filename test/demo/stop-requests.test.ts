import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StopRequests, type StopSignal } from '../../scripts/demo/stop-requests.ts';

const cases: Record<
  string,
  { readonly given: readonly (readonly [StopSignal, number])[]; readonly exitCode?: number; readonly atOnce: number[] }
> = {
  'nobody asks': { given: [], atOnce: [] },
  'Ctrl-C': { given: [['SIGINT', 10_000]], exitCode: 130, atOnce: [] },
  'the same Ctrl-C from the terminal and from npm': {
    given: [
      ['SIGINT', 10_000],
      ['SIGINT', 10_020],
    ],
    exitCode: 130,
    atOnce: [],
  },
  'a terminal that is closed': {
    given: [
      ['SIGHUP', 10_000],
      ['SIGTERM', 10_005],
    ],
    exitCode: 129,
    atOnce: [],
  },
  'Ctrl-C, and then the terminal is closed': {
    given: [
      ['SIGINT', 10_000],
      ['SIGHUP', 12_000],
    ],
    exitCode: 130,
    atOnce: [],
  },
  'Ctrl-C twice': {
    given: [
      ['SIGINT', 10_000],
      ['SIGINT', 10_300],
    ],
    exitCode: 130,
    atOnce: [130],
  },
  'Ctrl-C, and then kill': {
    given: [
      ['SIGINT', 10_000],
      ['SIGTERM', 60_000],
    ],
    exitCode: 130,
    atOnce: [143],
  },
};

for (const [name, { given, exitCode, atOnce }] of Object.entries(cases)) {
  test(`${name}: ${atOnce.length > 0 ? 'leaves at once' : 'ends in order'}`, () => {
    let now = 0;
    let told = 0;
    const left: number[] = [];
    const stop = new StopRequests({ now: () => now, onFirst: () => told++, onSecond: (code) => left.push(code) });
    for (const [signal, at] of given) {
      now = at;
      stop.receive(signal);
    }
    assert.equal(stop.signal.aborted, given.length > 0);
    assert.equal(told, given.length > 0 ? 1 : 0);
    assert.equal(stop.exitCode, exitCode);
    assert.deepEqual(left, atOnce);
  });
}
