// A program that uses an adapter of npm and, as its author did with Socket.IO, does not name `socket.io-adapter` itself.
const { createAdapter } = require("@socket.io/redis-adapter");
const { Server } = require("socket.io");
const { io: connect } = require("socket.io-client");

const server = new Server(0);
server.on("connection", (socket) => socket.on("double", (number, answer) => answer(number * 2)));
const client = connect(`http://127.0.0.1:${server.httpServer.address().port}`);
client.emit("double", 21, (double) => {
  console.log(JSON.stringify({ createAdapter: typeof createAdapter, double }));
  client.disconnect();
  server.close();
});
