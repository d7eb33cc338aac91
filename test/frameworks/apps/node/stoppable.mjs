// https://github.com/hunterloftis/stoppable#usage
import { createServer } from 'node:http';
import stoppable from 'stoppable';
import { cleanUp, handle, port } from './shop.mjs';

const server = stoppable(createServer(handle), 5000);
server.listen(port);

process.on('SIGTERM', () => {
  server.stop(() => void cleanUp());
});
