// https://hono.dev/docs/getting-started/nodejs
import { serve } from '@hono/node-server';
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { cleanUp, log, port, slow, stream } from './shop.mjs';

const app = new Hono();
app.get('/', (context) => context.text('hello'));
app.get('/slow', async (context) => context.text(await slow()));
app.get('/stream', () => new Response(Readable.toWeb(stream())));
app.get('/log', (context) => context.text(log()));

const server = serve({ fetch: app.fetch, port });

process.on('SIGTERM', () => {
  server.close(async (error) => {
    await cleanUp();
    process.exit(error === undefined ? 0 : 1);
  });
});
