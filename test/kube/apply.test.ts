// By what a removal is held to the object that it was decided on.
import assert from 'node:assert/strict';
import { KubeConfig } from '@kubernetes/client-node';
import { describe, test } from 'node:test';
import { KubeClient, removePaths, type KubeObject } from '../../src/kube/index.ts';
import type { Call } from '../../src/kube/client.ts';

class Recording extends KubeClient {
  readonly calls: Call[] = [];

  constructor() {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'none', server: 'https://127.0.0.1:1', skipTLSVerify: true },
      { name: 'nobody' },
    );
    super(config);
  }

  override json(call: Call): Promise<unknown> {
    this.calls.push(call);
    return Promise.resolve({ metadata: { name: 'shop' } });
  }
}

const deployments = { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments' };

const cases: Record<
  string,
  { readonly generation?: number; readonly pointers: readonly string[]; readonly tested: readonly string[] }
> = {
  'what is in a spec that is counted, by the spec alone: the status may change meanwhile': {
    generation: 3,
    pointers: ['/spec/template/spec/containers/1', '/spec/template/spec/containers/2'],
    tested: ['/metadata/uid', '/metadata/generation'],
  },
  'what is elsewhere, by the whole object': {
    generation: 3,
    pointers: ['/metadata/ownerReferences/0', '/spec/template/spec/containers/1'],
    tested: ['/metadata/resourceVersion'],
  },
  'what is in an object that is not counted, by the whole object': {
    pointers: ['/spec/selector/tier'],
    tested: ['/metadata/resourceVersion'],
  },
};

describe('a removal is held to the object as it was seen', () => {
  for (const [name, { generation, pointers, tested }] of Object.entries(cases)) {
    test(name, async () => {
      const client = new Recording();
      const counted = generation === undefined ? {} : { generation };
      const metadata = { name: 'shop', namespace: 'web', uid: 'u', resourceVersion: '7', ...counted };
      const object: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata };
      await removePaths(
        client,
        deployments,
        object,
        pointers.map((pointer) => ({ pointer })),
      );
      const body = client.calls[0]?.body as { readonly op: string; readonly path: string }[];
      assert.deepEqual(
        body.map(({ op, path }) => [op, path]),
        [...tested.map((path) => ['test', path]), ...pointers.toReversed().map((path) => ['remove', path])],
      );
    });
  }
});
