// https://docs.nestjs.com/fundamentals/lifecycle-events, as the decorators are compiled
import 'reflect-metadata';
import { Controller, Get, Module, StreamableFile } from '@nestjs/common';
import { cleanUp, log, slow, stream } from './shop.mjs';

class Shop {
  hello() {
    return 'hello';
  }
  slow() {
    return slow();
  }
  stream() {
    return new StreamableFile(stream());
  }
  log() {
    return log();
  }
  onApplicationShutdown() {
    return cleanUp();
  }
}
for (const [path, name] of Object.entries({ '/': 'hello', '/slow': 'slow', '/stream': 'stream', '/log': 'log' })) {
  Get(path)(Shop.prototype, name, Object.getOwnPropertyDescriptor(Shop.prototype, name));
}
Controller()(Shop);

export class ShopModule {}
Module({ controllers: [Shop] })(ShopModule);
