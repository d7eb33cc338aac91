// A small Express application, as it would run by itself.
const express = require('express');

const app = express();
app.get('/', (_, response) => response.json({ message: 'Hello from the shop', worker: process.pid }));
app.listen(process.env.PORT ?? 8000);
