// Answers with what it was given, for two servers to be compared: the head and the body of the request, as JSON.
const http = require('node:http');

const answers = {
  '/answer/longer': (response) => {
    response.writeHead(200, { 'content-length': 2 });
    response.end('ok and too much');
  },
  '/answer/longer-stream': (response) => {
    response.writeHead(200, { 'content-length': 2 });
    response.write('o');
    response.end('kt');
  },
  '/answer/latin-1': (response) => response.setHeader('x-name', 'Zo\u00EB').end(),
  '/answer/no-latin-1': (response) => response.setHeader('x-name', '\u20AC').end(),
  '/answer/split': (response) => response.setHeader('x-name', 'a\r\nX-Other: b').end(),
  '/answer/204': (response) => response.writeHead(204, { 'content-length': 2 }).end('ok'),
  '/answer/304': (response) => response.writeHead(304, { etag: 'a' }).end('ok'),
  '/answer/empty-stream': (response) => {
    for (const part of ['', 'a', '', 'b']) response.write(part);
    response.end();
  },
  '/answer/reason': (response) => response.writeHead(200, 'Fine').end('ok'),
  '/answer/status': (response) => response.writeHead(99).end('ok'),
  '/answer/trailer': (response) => {
    response.writeHead(200, { trailer: 'x-sum' });
    response.write('ok');
    response.addTrailers({ 'x-sum': '1' });
    response.end();
  },
};

http
  .createServer((request, response) => {
    const answer = answers[request.url];
    if (answer !== undefined) {
      try {
        answer(response);
      } catch (error) {
        response.statusCode = 200;
        response.end(error.code);
      }
      return;
    }
    const parts = [];
    const end = (how) => {
      const { method, url, httpVersion, rawHeaders, headers, rawTrailers } = request;
      const remote = request.socket.remoteAddress;
      const body = Buffer.concat(parts).toString('latin1');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ method, url, httpVersion, rawHeaders, headers, rawTrailers, remote, body, how }));
    };
    request.on('data', (part) => parts.push(part));
    request.on('end', () => end('whole'));
    request.on('error', () => end('broken off'));
  })
  .listen(Number(process.env.PORT), '127.0.0.1');
