// https://github.com/node-modules/detect-port#usage
import { createServer } from 'node:http';
import { detect } from 'detect-port';
import { cleanUp, handle, port } from './shop.mjs';

const server = createServer(handle);
server.listen(await detect(port));

process.on('SIGTERM', () => {
  server.close(() => void cleanUp());
});
