// https://expressjs.com/en/advanced/healthcheck-graceful-shutdown.html
import express from 'express';
import { cleanUp, log, port, slow, stream } from './shop.mjs';

const app = express();
app.get('/', (_, response) => response.send('hello'));
app.get('/slow', async (_, response) => response.send(await slow()));
app.get('/stream', (_, response) => stream().pipe(response));
app.get('/log', (_, response) => response.send(log()));

const server = app.listen(port);

process.on('SIGTERM', () => {
  server.close(() => void cleanUp());
});
