// https://github.com/sindresorhus/get-port#usage
import { createServer } from 'node:http';
import getPort from 'get-port';
import { cleanUp, handle, port } from './shop.mjs';

const server = createServer(handle);
server.listen(await getPort({ port }));

process.on('SIGTERM', () => {
  server.close(() => void cleanUp());
});
