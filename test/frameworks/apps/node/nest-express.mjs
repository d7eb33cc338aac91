// https://docs.nestjs.com/first-steps
import { NestFactory } from '@nestjs/core';
import { ShopModule } from './nest.mjs';
import { port } from './shop.mjs';

const app = await NestFactory.create(ShopModule);
app.enableShutdownHooks();
await app.listen(port);
