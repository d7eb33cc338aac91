// A small Fastify application, as it would run by itself: with its own end on TERM.
import Fastify from 'fastify';

const app = Fastify();
app.get('/', () => ({ message: 'Hello from the shop', worker: process.pid }));
app.addHook('onClose', () => console.log('shop closed'));
process.on('SIGTERM', () => app.close().then(() => process.exit(0)));
await app.listen({ port: Number(process.env.PORT ?? 8000), host: '0.0.0.0' });
