// https://github.com/sebhildebrandt/http-graceful-shutdown#advanced-options-example
import { createServer } from 'node:http';
import gracefulShutdown from 'http-graceful-shutdown';
import { cleanUp, handle, port } from './shop.mjs';

const server = createServer(handle);
server.listen(port);

gracefulShutdown(server, {
  signals: 'SIGINT SIGTERM',
  timeout: 5000,
  development: false,
  forceExit: true,
  onShutdown: cleanUp,
  finally: () => console.log('server gracefully shut down'),
});
