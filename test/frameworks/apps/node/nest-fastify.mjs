// https://docs.nestjs.com/techniques/performance
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ShopModule } from './nest.mjs';
import { port } from './shop.mjs';

const app = await NestFactory.create(ShopModule, new FastifyAdapter());
app.enableShutdownHooks();
await app.listen(port, '0.0.0.0');
