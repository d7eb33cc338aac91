// https://koajs.com/#application
import Koa from 'koa';
import { cleanUp, log, port, slow, stream } from './shop.mjs';

const answers = { '/': () => 'hello', '/slow': slow, '/stream': stream, '/log': log };
const app = new Koa();
app.use(async (context) => {
  const answer = answers[context.path];
  if (answer !== undefined) context.body = await answer();
});

const server = app.listen(port);

process.on('SIGTERM', () => {
  server.close(() => void cleanUp());
});
