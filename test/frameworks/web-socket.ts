// What an application answers on a WebSocket.
import type { Framework } from './frameworks.ts';

const text = 'a text to echo';

/** @throws unless the application echoes within 5 s */
export async function echoes(kind: NonNullable<Framework['socket']>, port: number): Promise<void> {
  const path = kind === 'plain' ? '/socket' : '/socket.io/?EIO=4&transport=websocket';
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const late = setTimeout(() => reject(new Error('no echo within 5 s')), 5000);
  socket.addEventListener('open', () => {
    // Socket.IO: connects to the default namespace, once the engine has opened.
    socket.send(kind === 'plain' ? text : '40');
  });
  socket.addEventListener('message', ({ data }) => {
    const message = String(data);
    if (kind === 'plain' || message.startsWith('42')) resolve(message);
    else if (message.startsWith('40')) socket.send(`42${JSON.stringify(['echo', text])}`);
  });
  socket.addEventListener('error', () => reject(new Error('the WebSocket failed')));
  socket.addEventListener('close', ({ code }) => reject(new Error(`the WebSocket was closed with ${code}`)));
  try {
    const echo = await promise;
    const expected = kind === 'plain' ? text : `42${JSON.stringify(['echo', text])}`;
    if (echo !== expected) throw new Error(`the echo is ${echo}`);
  } finally {
    clearTimeout(late);
    socket.close();
  }
}
