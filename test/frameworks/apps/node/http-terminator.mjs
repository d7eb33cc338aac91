// https://github.com/gajus/http-terminator#usage
import { createServer } from 'node:http';
import { createHttpTerminator } from 'http-terminator';
import { cleanUp, handle, port } from './shop.mjs';

const server = createServer(handle);
const httpTerminator = createHttpTerminator({ server });
server.listen(port);

process.on('SIGTERM', async () => {
  await httpTerminator.terminate();
  await cleanUp();
});
