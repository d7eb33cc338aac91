// The same application for the runtime, for node:cluster and for pm2.
const express = require('express');

const app = express();
app.disable('x-powered-by');
app.disable('etag');
if (process.env.ACCESS_LOG) app.use(require('morgan')('combined'));
const hello = (_, response) => response.type('text/plain').send('hello');
app.get('/', hello);
app.get('/2ms', (request, response) => setTimeout(() => hello(request, response), 2));
app.get('/pid', (_, response) => response.type('text/plain').send(String(process.pid)));
app.listen(process.env.PORT, '127.0.0.1');
