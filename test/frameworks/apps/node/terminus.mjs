// https://github.com/godaddy/terminus#usage
import { createServer } from 'node:http';
import { createTerminus } from '@godaddy/terminus';
import { cleanUp, handle, port } from './shop.mjs';

const server = createServer(handle);
createTerminus(server, {
  signal: 'SIGTERM',
  timeout: 5000,
  healthChecks: { '/healthcheck': async () => 'healthy' },
  onSignal: cleanUp,
  onShutdown: async () => console.log('terminus ends'),
});
server.listen(port);
