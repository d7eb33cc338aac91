// The host on Node keeps the contract.
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { clockContract } from './clock-contract.ts';
import { filesContract } from './files-contract.ts';
import { httpContract } from './http-contract.ts';
import { processesContract } from './processes-contract.ts';
import { systemContract } from './system-contract.ts';

const host = nodeHost();
for (const contract of [filesContract, clockContract, processesContract, httpContract, systemContract]) contract(host);
