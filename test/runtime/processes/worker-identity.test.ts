import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { WorkerNumbers, WorkerPlaces } from '../../../src/runtime/processes/worker-identity.ts';

const host = nodeHost();
const spawn = { kind: 'spawn', id: 7, slot: 3, place: 1 } as const;
const instance = 'service.instance.id=INSTANCE';

const attributes: Readonly<Record<string, [given: string | undefined, expected: string]>> = {
  'none are given': [undefined, instance],
  'an empty text is given': ['', instance],
  'others are given': ['service.name=shop,a=b', `service.name=shop,a=b,${instance}`],
  'the text ends with a comma': ['a=b,', `a=b,${instance}`],
  'an instance is given': ['service.instance.id=mine,a=b', 'service.instance.id=mine,a=b'],
  'an instance is given with spaces': ['a=b, service.instance.id = mine', 'a=b, service.instance.id = mine'],
  'a name that ends alike is given': ['my.service.instance.id=a', `my.service.instance.id=a,${instance}`],
};

describe('a worker is told which it is', () => {
  test('by number and slot, which is not its row of the shared memory', () => {
    const { environment } = new WorkerPlaces({ ...host, env: {} }).of(spawn);
    assert.equal(environment['APPSERVER_WORKER_ID'], '7');
    assert.equal(environment['APPSERVER_WORKER_SLOT'], '1');
  });

  for (const [name, [given, expected]] of Object.entries(attributes)) {
    test(`with its instance, where ${name}`, () => {
      const place = new WorkerPlaces({ ...host, env: { OTEL_RESOURCE_ATTRIBUTES: given } }).of(spawn);
      assert.equal(place.environment['OTEL_RESOURCE_ATTRIBUTES']?.replace(place.instance, 'INSTANCE'), expected);
    });
  }
});

test('numbers go on where they are kept, and begin with 1 where they cannot be', () => {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-numbers-'));
  try {
    const control = join(dir, 'private', 'control.sock');
    assert.equal(new WorkerNumbers(host.files, control).first(), 1);
    new WorkerNumbers(host.files, control).use(4);
    assert.equal(new WorkerNumbers(host.files, control).first(), 5);
    const nowhere = new WorkerNumbers(host.files, '/proc/no-such-folder/control.sock');
    nowhere.use(4);
    assert.equal(nowhere.first(), 1);
    assert.equal(new WorkerNumbers(host.files, undefined).first(), 1);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
