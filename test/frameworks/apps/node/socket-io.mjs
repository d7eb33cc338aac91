// https://socket.io/docs/v4/server-initialization/
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { cleanUp, handle, port } from './shop.mjs';

const httpServer = createServer(handle);
const io = new Server(httpServer);
io.on('connection', (socket) => {
  socket.on('echo', (text) => socket.emit('echo', text));
});

httpServer.listen(port);

process.on('SIGTERM', async () => {
  await io.close();
  await cleanUp();
});
