import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort } from './free-port.ts';
import { skip } from './runtime/runtime-process.ts';

test('no port is given twice, neither to one process nor to several', { skip }, async () => {
  const script = `
    const { freePort } = await import('./test/free-port.ts');
    for (let i = 0; i < 20; i++) console.log(await freePort());`;
  const own = await Promise.all(Array.from({ length: 200 }, freePort));
  const others = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  const all = [...own, ...others.trim().split('\n').map(Number)];
  assert.equal(new Set(all).size, all.length);
});

test('a port can be listened on, and the kernel gives it to no client', { skip }, async () => {
  const port = await freePort();
  const [least = ''] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t');
  assert.ok(port < Number(least));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  server.close();
});
