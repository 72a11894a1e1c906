// A NestJS program with a gateway, in plain JavaScript: decorators are called by hand.
require("reflect-metadata");
const { Module } = require("@nestjs/common");
const { NestFactory } = require("@nestjs/core");
const { SubscribeMessage, WebSocketGateway, WebSocketServer } = require("@nestjs/websockets");
const { io: connect } = require("socket.io-client");

class Gateway {
  double(_socket, number) {
    return number * 2;
  }
  shout(_socket, text) {
    this.server.emit("shouted", text.toUpperCase());
  }
}
for (const name of ["double", "shout"]) {
  SubscribeMessage(name)(Gateway.prototype, name, Object.getOwnPropertyDescriptor(Gateway.prototype, name));
}
WebSocketServer()(Gateway.prototype, "server");
WebSocketGateway()(Gateway);

class Program {}
Module({ providers: [Gateway] })(Program);

async function main() {
  const app = await NestFactory.create(Program, { logger: ["error"] });
  await app.listen(0, "127.0.0.1");
  const gateway = app.get(Gateway);
  const client = connect(`http://127.0.0.1:${app.getHttpServer().address().port}`);
  const shouted = new Promise((resolve) => client.on("shouted", resolve));
  const double = await client.emitWithAck("double", 21);
  client.emit("shout", "hola");
  const { version } = require("socket.io/package.json");
  console.log(JSON.stringify({ version, name: gateway.server.constructor.name, double, shouted: await shouted }));
  client.close();
  await app.close();
}

main();
