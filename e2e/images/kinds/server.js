const { createServer } = require('node:http');

createServer((_, response) => response.end('node')).listen(process.env.PORT);
