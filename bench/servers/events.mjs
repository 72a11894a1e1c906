// Benchmark servers: the handlers of socket.io and of vaivén, the same lines for both.
import { createServer } from "node:http";
import { measured, roomName, roomsOf, task } from "./measured.mjs";

const handlers = {
  // Nothing but the connection itself: memory and connections per second.
  none: () => {},
  echo: (_io, socket) => socket.on("echo", (body) => socket.emit("echo", body)),
  ack: (_io, socket) => socket.on("ask", (body, reply) => reply(body)),
  binary: (_io, socket) => socket.on("bin", (data) => socket.emit("bin", data)),
  cast: (io, socket) => socket.on("cast", (body) => io.emit("cast", body)),
  publish: (io, socket) => {
    socket.on("join", (client) => {
      socket.join(roomsOf(client).map(roomName));
      socket.emit("joined");
    });
    socket.on("publish", (room, body) => io.to(room).emit("publish", body));
  },
  // Growth: everybody, or a room of a number of members.
  grow: (io, socket) => {
    socket.on("join", (rooms) => {
      socket.join(rooms);
      socket.emit("joined");
    });
    socket.on("cast", (body) => io.emit("cast", body));
    socket.on("publish", (room, body) => io.to(room).emit("cast", body));
  },
};

/** The library's own defaults throughout: every limit that it has is on. */
export function serveEvents(Server) {
  const server = createServer();
  const io = new Server(server, {
    ...(task.isCompressed && { perMessageDeflate: true }),
    // Both ends count what they send: what `npm run bench -- delivery` measures.
    ...(task.variant === "delivery" && { connectionStateRecovery: {} }),
  });
  const handle = handlers[task.message];
  io.on("connection", (socket) => handle(io, socket));
  if (task.variant === "request = null") {
    // Socket.IO's documented way to let go of the HTTP request, for the row that shows its effect.
    io.engine.on("connection", (rawSocket) => {
      rawSocket.request = null;
    });
  }
  measured(server);
}
