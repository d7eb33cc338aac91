// https://fastify.dev/docs/latest/Reference/Hooks/#onclose, with close-with-grace as the getting started page has it
import Fastify from 'fastify';
import closeWithGrace from 'close-with-grace';
import { cleanUp, log, port, slow, stream } from './shop.mjs';

const fastify = Fastify();
fastify.get('/', async () => 'hello');
fastify.get('/slow', slow);
fastify.get('/stream', (_, reply) => reply.send(stream()));
fastify.get('/log', async () => log());
fastify.addHook('onClose', cleanUp);

closeWithGrace({ delay: 5000 }, async () => {
  await fastify.close();
});
await fastify.listen({ port, host: '0.0.0.0' });
