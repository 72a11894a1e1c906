// What instrumentation such as OpenTelemetry's does, before the program loads socket.io: it waits for files of the package by their names, and wraps
// methods of the classes in them. Prints, as JSON, the files that came by and what went through the wrapped methods.
const Module = require("node:module");
const { createServer } = require("node:http");
const { once } = require("node:events");

const WRAPPED = {
  "dist/socket.js": "Socket",
  "dist/broadcast-operator.js": "BroadcastOperator",
  "dist/namespace.js": "",
};
const files = new Set();
const emitted = [];
const listened = [];
const load = Module.prototype.require;
Module.prototype.require = function (id) {
  const exports = load.call(this, id);
  const path = Module.createRequire(this.filename).resolve(id).replaceAll("\\", "/");
  const file = path.slice(path.lastIndexOf("/socket.io/") + "/socket.io/".length);
  if (!path.includes("/node_modules/socket.io/") || !(file in WRAPPED) || files.has(file)) return exports;
  files.add(file);
  const type = exports[WRAPPED[file]];
  if (type !== undefined) wrap(type);
  return exports;
};

function wrap({ name, prototype }) {
  const { emit, on } = prototype;
  prototype.emit = function (...event) {
    emitted.push(`${name} ${event[0]}`);
    return emit.apply(this, event);
  };
  if (on === undefined) return;
  prototype.on = function (event, listener) {
    listened.push(event);
    return on.call(this, event, listener);
  };
}

const { Server } = require("socket.io");
const { io: connect } = require("socket.io-client");

async function main() {
  const httpServer = createServer();
  const io = new Server(httpServer);
  io.on("connection", (socket) => {
    socket.on("disconnect", () => {});
    socket.on("ask", (answer) => {
      socket.emit("one");
      io.to(socket.id).emit("room");
      io.emit("all");
      socket.broadcast.emit("others");
      answer();
    });
  });
  await once(httpServer.listen(0, "127.0.0.1"), "listening");
  const socket = connect(`http://127.0.0.1:${httpServer.address().port}`);
  await socket.emitWithAck("ask");
  console.log(JSON.stringify({ files: [...files].sort(), emitted, listened }));
  socket.close();
  io.close();
}

main();
