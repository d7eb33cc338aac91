// Kinds that a cluster may not serve, for an operator that may not watch CustomResourceDefinitions.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resourceType } from '../../../src/kube/index.ts';
import { followOptionalKind } from '../../../src/operator/observe/optional-kinds.ts';
import { json, scriptedServer, type Answer } from '../../kube/api-server.ts';

const routes = resourceType('gateway.networking.k8s.io/v1', 'HTTPRoute');
const forbidden = (what: string): Answer =>
  json(403, { kind: 'Status', status: 'Failure', reason: 'Forbidden', message: `${what} is forbidden`, code: 403 });
const unknownGroup = json(404, { kind: 'Status', status: 'Failure', reason: 'NotFound', message: 'no', code: 404 });
const served = json(200, { resources: [{ name: 'gateways' }, { name: 'httproutes' }, { name: 'httproutes/status' }] });
const othersServed = json(200, { resources: [{ name: 'gateways' }] });
const overloaded = json(500, { kind: 'Status', status: 'Failure', reason: 'InternalError', message: 'no', code: 500 });

interface Script {
  /** What discovery answers, look by look. */
  readonly discovery: readonly Answer[];
  /** What is seen of it, pauses in seconds included. */
  readonly seen: readonly string[];
}

const scripts: Record<string, Script> = {
  'a kind that is served is watched from the start': { discovery: [served], seen: ['served', 'known', 'pause 60'] },
  'a kind whose group is unknown is left out': { discovery: [unknownGroup], seen: ['known', 'pause 60'] },
  'a kind that its group does not serve is left out': { discovery: [othersServed], seen: ['known', 'pause 60'] },
  'a kind that comes later is watched from then on': {
    discovery: [unknownGroup, served, served],
    seen: ['known', 'pause 60', 'served', 'pause 60', 'pause 60'],
  },
  'a kind that goes is forgotten': {
    discovery: [served, unknownGroup],
    seen: ['served', 'known', 'pause 60', 'gone', 'pause 60'],
  },
  'a look that fails is repeated soon, and nothing is known until then': {
    discovery: [overloaded, overloaded, served],
    seen: ['error no', 'pause 1', 'error no', 'pause 2', 'served', 'known', 'pause 60'],
  },
};

/** Follows the kind until the discovery of the script is used up. */
async function follow({ discovery }: Script): Promise<string[]> {
  await using server = await scriptedServer([forbidden('customresourcedefinitions'), ...discovery]);
  const stop = new AbortController();
  const seen: string[] = [];
  let pauses = 0;
  const over = Promise.withResolvers<void>();
  const started = followOptionalKind({
    client: server.client,
    type: routes,
    definition: 'httproutes.gateway.networking.k8s.io',
    signal: stop.signal,
    onError: (error) => seen.push(`error ${error instanceof Error ? error.message : ''}`),
    onServed: () => {
      seen.push('served');
      return Promise.resolve();
    },
    onGone: () => seen.push('gone'),
    pause: async (ms) => {
      // What waits to know has its turn first.
      await new Promise(setImmediate);
      seen.push(`pause ${ms / 1_000}`);
      if (++pauses === discovery.length) {
        stop.abort();
        over.resolve();
      }
    },
  }).then(() => seen.push('known'));
  await Promise.all([over.promise, started]);
  return seen;
}

describe('where definitions cannot be watched', () => {
  for (const [name, script] of Object.entries(scripts)) {
    test(name, async () => assert.deepEqual(await follow(script), script.seen));
  }
});
