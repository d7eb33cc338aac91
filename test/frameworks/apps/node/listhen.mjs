// https://github.com/unjs/listhen#programmatic
import { listen } from 'listhen';
import { cleanUp, handle, port } from './shop.mjs';

const listener = await listen(handle, { port, hostname: '0.0.0.0', isProd: true, autoClose: false });

process.on('SIGTERM', async () => {
  await listener.close();
  await cleanUp();
});
