// What every application here does, apart from the way its framework serves and ends.
import { setTimeout as pause } from 'node:timers/promises';
import { Readable } from 'node:stream';

export const port = Number(process.env.PORT);

export const slow = async () => {
  await pause(1000);
  return 'slow';
};

async function* parts() {
  for (const part of ['one', 'two', 'three']) {
    yield `${part}\n`;
    await pause(250);
  }
}

/** Of bytes: hapi takes no other. */
export const stream = () => Readable.from(parts(), { objectMode: false });

/** More than a pipe takes at once. */
export const log = () => {
  for (let number = 0; number < 100; number++) console.log(`line ${number} ${'x'.repeat(1000)} whole`);
  return 'logged';
};

/** What an application has to finish when it ends, such as writes to its database. */
export const cleanUp = async () => {
  console.log('clean-up begins');
  await pause(200);
  console.log('clean-up finished');
};

/** For what brings no router of its own. */
export const handle = async (request, response) => {
  switch (request.url) {
    case '/':
      return response.end('hello');
    case '/slow':
      return response.end(await slow());
    case '/stream':
      return stream().pipe(response);
    case '/log':
      return response.end(log());
    default:
      response.statusCode = 404;
      return response.end('not found');
  }
};
