// Benchmark server: the control. The same bytes over node:net (polling: node:http) with no protocol at all.
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { measured, ROOMS, roomsOf, task } from "./measured.mjs";

const connections = new Set();
const rooms = Array.from({ length: ROOMS }, () => []);
let nextRoom = 0;
let unfinishedBytes = 0;

function join(socket, client) {
  for (const room of roomsOf(client)) rooms[room].push(socket);
  socket.write("joined");
}

/** The rooms take turns; what one chunk brought for a member leaves in one write, as a library without a protocol could do it. */
function publish(chunk) {
  const shares = new Map();
  const bytes = unfinishedBytes + chunk.length;
  unfinishedBytes = bytes % task.messageBytes;
  for (let left = Math.floor(bytes / task.messageBytes); left > 0; left--) {
    for (const member of rooms[nextRoom]) shares.set(member, (shares.get(member) ?? 0) + task.messageBytes);
    nextRoom = (nextRoom + 1) % ROOMS;
  }
  for (const [member, share] of shares) member.write(chunk.subarray(0, share));
}

const handlers = {
  echo: (socket, chunk) => socket.write(chunk),
  cast: (_socket, chunk) => {
    for (const receiver of connections) receiver.write(chunk);
  },
  publish: (socket, chunk) => {
    if (chunk.toString("latin1", 0, 4) === "join") join(socket, Number(chunk.toString("latin1", 5)));
    else publish(chunk);
  },
};
handlers.none = handlers.echo;
handlers.grow = handlers.cast;
handlers.ack = handlers.echo;
handlers.binary = handlers.echo;

function rawServer() {
  const handle = handlers[task.message];
  return createServer({ noDelay: true }, (socket) => {
    connections.add(socket);
    // The client's connection is complete before the server has accepted it; this byte tells it that it counts as a receiver.
    socket.write("\n");
    socket.on("data", (chunk) => handle(socket, chunk));
    socket.on("error", () => {});
    socket.on("close", () => connections.delete(socket));
  });
}

function answerPoll(response, body) {
  response.setHeader("Content-Type", "text/plain; charset=UTF-8");
  response.end(body);
}

/** A GET is held until the POST of the same client comes, or the other way round; its body is the answer. Two requests a message, and nothing else. */
function pollingServer() {
  const held = new Map();
  const early = new Map();
  return createHttpServer((request, response) => {
    const { url } = request;
    if (request.method === "GET") {
      if (early.has(url)) {
        answerPoll(response, early.get(url));
        early.delete(url);
      } else {
        held.set(url, response);
      }
      return;
    }
    request.on("data", (body) => {
      response.setHeader("Content-Type", "text/html");
      response.end("ok");
      if (held.has(url)) {
        answerPoll(held.get(url), body);
        held.delete(url);
      } else {
        early.set(url, body);
      }
    });
  });
}

measured(task.kind === "polling" ? pollingServer() : rawServer());
