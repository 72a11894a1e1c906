// Conformance: the two ends under test, each an echo of what comes, as docs/reference/websocket.md shows them.
import { createHash } from "node:crypto";
import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { connect, type WebSocketOptions, type WebSocketPeer, WebSocketServer } from "vaiven/websocket";
import { inTime, once } from "../support/waiting.js";
import { TestPeer } from "./peer.js";

/** What of an echo a test opens connections to. */
export interface Endpoint {
  /** `extensions` is what the test peer offers (to a server) or answers with (to a client). */
  open(extensions?: string): Promise<TestPeer>;
  /** What the ends under test were told: errors by code, in order. */
  readonly errors: string[];
  close(): Promise<void>;
}

export type EndpointRole = "server" | "client";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

function echo(peer: WebSocketPeer, errors: string[]): void {
  peer.on("message", (data) => peer.send(data));
  peer.on("error", (error) => errors.push(error.code));
}

/** The head of an HTTP message and what came behind it. */
async function readHead(socket: Socket): Promise<{ head: string; rest: Buffer }> {
  let held = Buffer.alloc(0);
  const read = new Promise<{ head: string; rest: Buffer }>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk]);
      const end = held.indexOf("\r\n\r\n");
      if (end === -1) return;
      socket.off("data", onData);
      socket.pause();
      resolve({ head: held.toString("latin1", 0, end), rest: held.subarray(end + 4) });
    };
    socket.on("data", onData);
    socket.once("error", reject);
  });
  return inTime(read, "the other end's handshake");
}

export function extensionsOf(head: string): string {
  return /^sec-websocket-extensions: *(.*)$/im.exec(head)?.[1] ?? "";
}

async function serverUnderTest(options: WebSocketOptions): Promise<Endpoint> {
  const errors: string[] = [];
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...options });
  server.on("connection", (peer) => echo(peer, errors));
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    errors,
    async open(extensions) {
      const socket = connectTcp({ port, host: "127.0.0.1", noDelay: true });
      socket.write(
        `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: ${KEY}\r\n${extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`}\r\n`,
      );
      const { head, rest } = await readHead(socket);
      if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`the handshake was answered: ${head}`);
      return new TestPeer(socket, true, rest, extensionsOf(head));
    },
    async close() {
      for (const peer of server.clients) peer.terminate();
      await server.close();
    },
  };
}

async function clientUnderTest(options: WebSocketOptions): Promise<Endpoint> {
  const errors: string[] = [];
  const sockets: Socket[] = [];
  const peers: WebSocketPeer[] = [];
  const server: Server = createServer({ noDelay: true }, (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    errors,
    async open(extensions) {
      const connected = connect(`ws://127.0.0.1:${port}/`, options);
      await inTime(once(server, "connection"), "the client's connection");
      const socket = sockets.at(-1) as Socket;
      const { head, rest } = await readHead(socket);
      const key = /^sec-websocket-key: *(.*)$/im.exec(head)?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
          `${extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`}\r\n`,
      );
      const peer = await connected;
      peers.push(peer);
      echo(peer, errors);
      return new TestPeer(socket, false, rest, extensionsOf(head));
    },
    async close() {
      for (const peer of peers) peer.terminate();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function endpointUnderTest(role: EndpointRole, options: WebSocketOptions = {}): Promise<Endpoint> {
  const quiet = { pingInterval: 0, ...options };
  return role === "server" ? serverUnderTest(quiet) : clientUnderTest(quiet);
}
