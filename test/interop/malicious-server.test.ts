// Interop: bytes of servers that mean harm, or are none, against our client on Node: each attempt ends in an error that the program is told, at once.
// What such a server can say in whole packets is in test/unit/client/malicious-server.test.ts.
import { createServer, type Socket } from "node:net";
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { io } from "../../src/entry/client.js";
import type { VaivenError } from "../../src/errors.js";
import { acceptFor } from "../../src/frame/handshake.js";
import { nodePlatform } from "../../src/node/platform.js";
import { once } from "../support/waiting.js";

async function serverOf(answer: (request: string, socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", (chunk) => answer(chunk.toString("latin1"), socket));
  });
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

/** The error of the first attempt; no attempt is given up for its time. */
async function errorOf(transport: string, answer: (request: string, socket: Socket) => void): Promise<VaivenError> {
  const url = await serverOf(answer);
  const socket = io(url, { transports: [transport], forceNew: true, reconnection: false, timeout: 60_000 });
  onTestFinished(() => void socket.disconnect());
  const [error] = await once<[VaivenError]>(socket, "connect_error");
  return error;
}

const page = (status: string, body = "", ...headers: string[]): string =>
  [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, "", body].join("\r\n");
const upgraded = (request: string, ...headers: string[]): string => {
  const key = /^sec-websocket-key: *(.*?)\r$/im.exec(request)?.[1] ?? "";
  const accept = `Sec-WebSocket-Accept: ${acceptFor(key, nodePlatform)}`;
  return ["HTTP/1.1 101 X", "Upgrade: websocket", "Connection: Upgrade", accept, ...headers, "", ""].join("\r\n");
};
const SWITCHED = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

describe("an answer to a poll", () => {
  const answers: Record<string, [(socket: Socket) => void, string]> = {
    "that is no HTTP": [(socket) => socket.end("SSH-2.0-x\r\n\r\n"), "SESSION_TRANSPORT_ERROR"],
    "that is none": [(socket) => socket.end(), "SESSION_TRANSPORT_ERROR"],
    "whose head ends in the middle": [(socket) => socket.end("HTTP/1.1 200 OK\r\nContent-"), "SESSION_TRANSPORT_ERROR"],
    "whose body ends in the middle": [
      (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0{"),
      "SESSION_TRANSPORT_ERROR",
    ],
    "that switches protocols": [(socket) => socket.write(SWITCHED), "SESSION_TRANSPORT_ERROR"],
    "that leads elsewhere": [(socket) => socket.write(page("302 X", "", "Location: /")), "SESSION_TRANSPORT_ERROR"],
    "that is compressed unasked": [
      (socket) => socket.write(page("200 OK", "\u001f\u008b\b", "Content-Encoding: gzip")),
      "PACKET_UNKNOWN_TYPE",
    ],
    "that is a page": [(socket) => socket.write(page("200 OK", "<html>")), "PACKET_UNKNOWN_TYPE"],
  };
  for (const [what, [answer, code]] of Object.entries(answers)) {
    it(`${what} is told as ${code}`, async () => {
      expect((await errorOf("polling", (_request, socket) => answer(socket))).code).toBe(code);
    });
  }
});

describe("an answer to a WebSocket handshake", () => {
  const frame = (hex: string) => (request: string, socket: Socket) => {
    socket.write(upgraded(request));
    socket.write(Buffer.from(hex, "hex"));
  };
  const answers: Record<string, [(request: string, socket: Socket) => void, string]> = {
    "for another key": [(_request, socket) => socket.write(SWITCHED), "SESSION_TRANSPORT_ERROR"],
    "with what was not offered": [
      (request, socket) => socket.write(upgraded(request, "Sec-WebSocket-Extensions: foo")),
      "SESSION_TRANSPORT_ERROR",
    ],
    "that never ends": [
      (_request, socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(100_000)}`),
      "SESSION_TRANSPORT_ERROR",
    ],
    "and masked frames": [frame("81810000000030"), "FRAME_MASK_FORBIDDEN"],
    "and frames of nothing known": [frame("ffffffff"), "FRAME_RESERVED_BITS"],
    "and a message of four exabytes": [frame("827f3fffffffffffffff"), "FRAME_MESSAGE_TOO_BIG"],
    "and a bomb": [
      (request, socket) => {
        const bomb = deflateRawSync(Buffer.alloc(101 * 1024 * 1024), {
          level: 1,
          finishFlush: constants.Z_SYNC_FLUSH,
        }).subarray(0, -4);
        socket.write(upgraded(request, "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover"));
        const head = Buffer.from("c17f0000000000000000", "hex");
        head.writeUInt32BE(bomb.length, 6);
        socket.write(Buffer.concat([head, bomb]));
      },
      "FRAME_INFLATE_RATIO",
    ],
  };
  for (const [what, [answer, code]] of Object.entries(answers)) {
    it(`${what} is told as ${code}`, async () => {
      expect((await errorOf("websocket", answer)).code).toBe(code);
    });
  }
});
