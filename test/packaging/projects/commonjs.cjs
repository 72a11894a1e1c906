// A CommonJS program under Socket.IO's names. Prints what it found as JSON.
const { createServer } = require("node:http");
const socketIo = require("socket.io");
const clientIo = require("socket.io-client");

const httpServer = createServer();
const called = socketIo(httpServer);
const io = new socketIo.Server(httpServer);

console.log(
  JSON.stringify({
    callable: typeof socketIo,
    listen: typeof socketIo.listen,
    calledMakesServer: called instanceof socketIo.Server,
    namespaceClass: io.of("/") instanceof socketIo.Namespace,
    socketClass: typeof socketIo.Socket,
    default: socketIo.default === socketIo,
    client: typeof clientIo,
    clientConnect: typeof clientIo.connect,
    clientClasses: [typeof clientIo.Manager, typeof clientIo.Socket],
    protocol: clientIo.protocol,
    webTransport: require("socket.io-client/webtransport").WebTransport.prototype.name,
    clientModules: [require("socket.io-client/delivery"), require("socket.io-client/outbox")].map((own) =>
      Object.keys(own).sort(),
    ),
    webSockets: Object.keys(require("socket.io/websocket")).sort(),
    version: require("socket.io/package.json").version,
  }),
);
