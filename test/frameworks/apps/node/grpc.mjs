// https://grpc.io/docs/languages/node/basics/
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { cleanUp, log, port, slow, stream } from './shop.mjs';

const proto = protoLoader.loadSync(fileURLToPath(new URL('shop.proto', import.meta.url)));
const { shop } = grpc.loadPackageDefinition(proto);

const server = new grpc.Server();
server.addService(shop.Shop.service, {
  hello: (_, callback) => callback(null, { text: 'hello' }),
  slow: async (_, callback) => callback(null, { text: await slow() }),
  log: (_, callback) => callback(null, { text: log() }),
  stream: async (call) => {
    for await (const text of stream()) call.write({ text });
    call.end();
  },
});
server.bindAsync(`0.0.0.0:${port}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});

process.on('SIGTERM', () => {
  server.tryShutdown(() => void cleanUp());
});
