// What an application answers on a WebSocket.
//
// Node's own client cannot be without permessage-deflate, and breaks off where a server chooses a smaller window (that of
// Node 26.12, with the windows of 12 bits of the package websockets).
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { Framework } from './frameworks.ts';

const text = 'a text to echo';
const opcodes = { text: 1, close: 8 } as const;

/** A frame of a client, of at most 125 bytes. */
function frame(words: string): Buffer {
  const [payload, mask] = [Buffer.from(words), randomBytes(4)];
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x80 | opcodes.text, 0x80 | payload.length]), mask, masked]);
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly rest: Buffer;
}

/** The first frame of a server in these bytes, once it is whole. */
function firstFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 4) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const [start, length] = short === 126 ? [4, bytes.readUInt16BE(2)] : [2, short];
  if (bytes.length < start + length) return undefined;
  const end = start + length;
  return { opcode: bytes.readUInt8(0) & 0x0f, payload: bytes.subarray(start, end), rest: bytes.subarray(end) };
}

function open(port: number, path: string): Promise<{ socket: Socket; head: Buffer }> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, agent: false });
    sent.on('upgrade', (_, socket, head) => resolve({ socket, head }));
    sent.on('response', ({ statusCode }) => reject(new Error(`the WebSocket was refused with ${statusCode}`)));
    sent.on('error', reject).end();
  });
}

/** @throws unless the application echoes within 5 s */
export async function echoes(kind: NonNullable<Framework['socket']>, port: number): Promise<void> {
  const { socket, head } = await open(port, kind === 'plain' ? '/socket' : '/socket.io/?EIO=4&transport=websocket');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const late = setTimeout(() => reject(new Error('no echo within 5 s')), 5000);
  const heard = (message: string): void => {
    if (kind === 'plain' || message.startsWith('42')) resolve(message);
    else if (message.startsWith('40')) socket.write(frame(`42${JSON.stringify(['echo', text])}`));
  };
  let bytes = head;
  const look = (): void => {
    for (let found = firstFrame(bytes); found !== undefined; found = firstFrame(bytes)) {
      bytes = found.rest;
      if (found.opcode === opcodes.text) heard(found.payload.toString());
      if (found.opcode === opcodes.close) reject(new Error('the WebSocket was closed'));
    }
  };
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    look();
  });
  socket.on('error', reject).on('close', () => reject(new Error('the connection of the WebSocket was closed')));
  // Socket.IO: connects to the default namespace, once the engine has opened.
  socket.write(frame(kind === 'plain' ? text : '40'));
  look();
  try {
    const echo = await promise;
    const expected = kind === 'plain' ? text : `42${JSON.stringify(['echo', text])}`;
    if (echo !== expected) throw new Error(`the echo is ${echo}`);
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}
