// https://hapi.dev/api/#-await-serverstopoptions
import Hapi from '@hapi/hapi';
import { cleanUp, log, port, slow, stream } from './shop.mjs';

const server = Hapi.server({ port, host: '0.0.0.0' });
server.route([
  { method: 'GET', path: '/', handler: () => 'hello' },
  { method: 'GET', path: '/slow', handler: slow },
  { method: 'GET', path: '/stream', handler: (_, h) => h.response(stream()) },
  { method: 'GET', path: '/log', handler: log },
]);
server.ext('onPostStop', cleanUp);

await server.start();

process.on('SIGTERM', async () => {
  await server.stop({ timeout: 5000 });
  process.exit(0);
});
