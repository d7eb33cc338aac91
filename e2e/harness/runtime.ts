// The runtime in a pod.
import { kubectl } from './operator.ts';

export interface RuntimeStatus {
  readonly workers: {
    readonly ready: number;
    readonly list: readonly { readonly pid: number; readonly state: string }[];
  };
  readonly restarts: Readonly<Record<string, number>>;
}

/** @param address of the pod */
export async function runtimeStatus(address: string): Promise<RuntimeStatus> {
  return (await (await fetch(`http://${address}:9000/status`)).json()) as RuntimeStatus;
}

/** @param pid in the container, whose image has Python and no kill(1) of its own */
export async function killWorker(inNamespace: string, pod: string, pid: number): Promise<void> {
  const kill = `import os; os.kill(${pid}, 9)`;
  await kubectl('exec', '-n', inNamespace, pod, '-c', 'app', '--', 'python3', '-c', kill);
}
