// Waiting for kinds that have just been defined.
import { setTimeout as delay } from 'node:timers/promises';

/** Of AppServers. */
export const crdName = 'appservers.appserver.dev';

const timeoutMs = 30_000;
const pauseMs = 100;

const template = '{{range .status.conditions}}{{if eq .type "Established"}}{{.status}}{{end}}{{end}}';

/**
 * Resolves once the API server serves the kind of a CustomResourceDefinition. `kubectl wait` fails at once where it comes
 * upon a definition so new that it has no conditions.
 * @param kubectl runs it with these arguments
 * @param definition that selects one: `crd/NAME`, or `-f FILE`
 * @throws Error when that takes longer than 30 s
 */
export async function untilEstablished(
  kubectl: (args: readonly string[]) => Promise<string>,
  ...definition: readonly string[]
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while ((await kubectl(['get', ...definition, `--output=go-template=${template}`])) !== 'True') {
    if (performance.now() > deadline) {
      throw new Error(`${definition.join(' ')} is not established after ${timeoutMs / 1_000} s`);
    }
    await delay(pauseMs);
  }
}
