// Files of tests on clusters: each has a cluster to itself while it runs, since each has the operator as it needs it. Two
// clusters take turns at the files where the machine has the cores for it, because most tests wait most of the time.
import { availableParallelism } from 'node:os';
import { inNamespace } from '../../e2e/cluster/command.ts';
import { layout, type Layout } from '../../e2e/cluster/layout.ts';
import { down } from '../../e2e/cluster/cluster.ts';
import { nodeTest, runTests } from './run.ts';

export interface Files {
  /** Each on whichever cluster is free. */
  readonly beside: readonly string[];
  /** Those that need addresses of both families, which the last cluster has. */
  readonly dualStack: readonly string[];
  /** Those that measure time, once nothing else runs. */
  readonly alone: readonly string[];
  /** Of node:test. */
  readonly flags: readonly string[];
}

export interface Clusters {
  /** Of the first; that of each further one has a letter more. */
  readonly prefix: string;
  /** Nodes of each. */
  readonly nodes: number;
  /** Brings one up, with what all files need. */
  readonly start: (cluster: Layout) => Promise<void>;
  readonly env: (cluster: Layout) => Record<string, string>;
}

/** Of a cluster that starts pods: with less, loads and starts of the one make the other miss what its tests hold it to. */
const coresOfCluster = 2;

/** API servers alone mostly wait for their etcd. */
const fitsTwo = (nodes: number): boolean => nodes === 0 || availableParallelism() >= 2 * coresOfCluster;

function layouts({ prefix, nodes }: Clusters, { beside, dualStack, alone }: Files): Layout[] {
  const isDualStack = dualStack.length > 0;
  if (!fitsTwo(nodes)) return [layout(prefix, nodes, { dualStack: isDualStack })];
  const first = beside.length + alone.length > 0 ? [layout(prefix, nodes)] : [];
  const isSecond = beside.length > 1 || isDualStack;
  return isSecond ? [...first, layout(`${prefix}b`, nodes, { dualStack: true })] : first;
}

async function runFiles(clusters: Clusters, places: readonly Layout[], files: Files): Promise<void> {
  const { beside, dualStack, alone, flags } = files;
  const failed: string[] = [];
  const run = async (cluster: Layout, file: string, buffered: boolean): Promise<void> => {
    const command = inNamespace(cluster.namespace, ...nodeTest(1, [...flags, file]));
    await runTests(file, command, { env: clusters.env(cluster), buffered }).catch(() => failed.push(file));
  };
  const waiting = beside.values();
  const started = await Promise.all(
    places.map(async (cluster) => {
      await clusters.start(cluster);
      if (cluster.dualStack) for (const file of dualStack) await run(cluster, file, places.length > 1);
      for (const file of waiting) await run(cluster, file, places.length > 1);
      return cluster;
    }),
  );
  const [first, ...others] = started;
  await Promise.all(others.map(down));
  if (first !== undefined) for (const file of alone) await run(first, file, false);
  if (failed.length > 0) throw new Error(`failed: ${failed.join(', ')}`);
}

/** Runs all files, whatever becomes of each. @throws with the names of those in which a test failed */
export async function onClusters(clusters: Clusters, files: Files): Promise<void> {
  const places = layouts(clusters, files);
  const clear = (): Promise<unknown> => Promise.all(places.map(down));
  let stopping = false;
  const stop = (): void => {
    // Whoever passes signals on may do so twice.
    if (stopping) return;
    stopping = true;
    void clear().finally(() => process.exit(130));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await runFiles(clusters, places, files);
  } finally {
    // Quietly: what the tests say is the last word.
    await clear();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
