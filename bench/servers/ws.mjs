// Benchmark server: bare `ws`. The same texts in and out, with no Engine.IO and no Socket.IO packet looked at.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { measured, roomName, roomsOf, task } from "./measured.mjs";

const server = createServer();
const wss = new WebSocketServer({ server, perMessageDeflate: task.isCompressed });
const rooms = new Map();

function join(socket, client) {
  for (const name of roomsOf(client).map(roomName)) {
    if (!rooms.has(name)) rooms.set(name, new Set());
    rooms.get(name).add(socket);
  }
}

const handlers = {
  none: (socket, data, binary) => socket.send(data, { binary }),
  echo: (socket, data, binary) => socket.send(data, { binary }),
  cast: (_socket, data) => {
    for (const receiver of wss.clients) receiver.send(data, { binary: false });
  },
  publish: (socket, data) => {
    // "join 12" once; afterwards the name of a room, seven characters, and the text for its members.
    if (data[0] === 0x6a) {
      join(socket, Number(data.toString("latin1", 5)));
      socket.send("joined");
      return;
    }
    for (const receiver of rooms.get(data.toString("latin1", 0, 7))) receiver.send(data.subarray(7), { binary: false });
  },
};
handlers.ack = handlers.echo;
handlers.binary = handlers.echo;

const handle = handlers[task.message];
wss.on("connection", (socket) => socket.on("message", (data, binary) => handle(socket, data, binary)));
measured(server);
