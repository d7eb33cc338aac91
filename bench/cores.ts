// Servers and load are kept on a core each: what the one takes of the machine's time is then not missing to the other.
import { availableParallelism } from 'node:os';

const enough = availableParallelism() >= 2;
export const onServerCore: readonly string[] = enough ? ['taskset', '-c', '1'] : [];
export const onClientCore: readonly string[] = enough ? ['taskset', '-c', '0'] : [];
