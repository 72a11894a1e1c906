// A whole server on real sockets, HTTP and frames as bytes: what Node's parser and the kernel make of mutated requests reaches the server in every form.
// Passes if nothing escapes, every answer is HTTP of a known status and then frames, and neither socket nor session is left behind.
import { createServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Server } from "../../src/entry/server.js";
import { clientFrame } from "../support/memory-net.js";
import type { FuzzTarget } from "./fuzz-target.js";

/** Ends a step: its first byte names the connection, the others are what it sends. */
const END = 0xfe;
const CONNECTIONS = 4;
/** Of the event loop. */
const TURNS_A_STEP = 4;
const LONGEST_END_MS = 3_000;
/** 404, 408, 411, 413, 417, 431 and 505 may come from Node. */
const STATUSES = new Set([100, 101, 200, 204, 304, 400, 403, 404, 405, 408, 411, 413, 417, 426, 431, 505]);
let steps = 0;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Looks whether what a server sent is HTTP answers, then frames. Throws what is wrong. */
function checkAnswers(received: Buffer): void {
  let rest = received;
  while (rest.length > 0) {
    const text = rest.toString("latin1");
    const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n(?:[!-9;-~]+: ?[^\r\n]*\r\n)*\r\n/.exec(text);
    if (head === null) {
      if (text.startsWith("HTTP/1.1 ") && !text.includes("\r\n\r\n")) return;
      throw new Error(`an answer that is no HTTP: ${JSON.stringify(text.slice(0, 200))}`);
    }
    const status = Number(head[1]);
    if (!STATUSES.has(status)) throw new Error(`HTTP answer ${text.slice(0, 300)}`);
    rest = rest.subarray(head[0].length);
    if (status === 101) {
      checkFrames(rest);
      return;
    }
    const length = /^content-length: *(\d+)/im.exec(head[0])?.[1];
    if (length !== undefined) rest = rest.subarray(Math.min(rest.length, Number(length)));
    else if (/^transfer-encoding/im.test(head[0])) return;
  }
}

function checkFrames(received: Buffer): void {
  for (let at = 0; at + 2 <= received.length; ) {
    const [byte0 = 0, byte1 = 0] = received.subarray(at);
    const opcode = byte0 & 15;
    if ((byte0 & 0x30) !== 0 || ![0, 1, 2, 8, 9, 10].includes(opcode) || byte1 > 127)
      throw new Error(`a frame ${received.subarray(at, at + 20).toString("hex")}`);
    at += 2 + (byte1 < 126 ? 0 : byte1 === 126 ? 2 : 8);
    at +=
      byte1 < 126 ? byte1 : byte1 === 126 ? received.readUInt16BE(at - 2) : Number(received.readBigUInt64BE(at - 8));
  }
}

/** A client's end. */
class Connection {
  readonly socket: Socket;
  received: Buffer = Buffer.alloc(0);
  isClosed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.socket.on("close", () => {
      this.isClosed = true;
    });
  }
}

class Stage {
  readonly io: Server;
  readonly port: number;
  private readonly http: HttpServer;
  private readonly witness: Connection;
  private readonly failures: unknown[] = [];
  private readonly open = new Set<Socket>();
  private witnessId = "";
  private asked = 0;

  private constructor(http: HttpServer) {
    this.http = http;
    this.port = (http.address() as AddressInfo).port;
    http.on("connection", (socket) => {
      this.open.add(socket);
      socket.on("close", () => this.open.delete(socket));
    });
    this.io = new Server(http, {
      perMessageDeflate: true,
      maxHttpBufferSize: 10_000,
      // Upgrades that nobody wants are not read, and so not noticed when their clients leave.
      destroyUpgradeTimeout: 1,
      cors: { origin: "http://b.example" },
    });
    this.io.onError((error) => this.failures.push(error));
    this.io.on("connection", (socket) => {
      socket.on("ping?", (answer: unknown) => {
        if (typeof answer === "function") answer("pong");
      });
      socket.on("echo", (...args: unknown[]) =>
        socket.emit("echo", ...args.filter((arg) => typeof arg !== "function")),
      );
    });
    this.witness = new Connection(this.port);
  }

  static async make(): Promise<Stage> {
    const http = createServer((_req, res) => res.writeHead(404).end());
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    // It must not keep a process that has nothing else to do.
    http.unref();
    const stage = new Stage(http);
    stage.witness.socket.write(HANDSHAKE.replace("{key}", "AAAAAAAAAAAAAAAAAAAAAA=="));
    await stage.until(() => stage.witness.received.includes('"sid"'), "the witness has a session");
    stage.witness.socket.write(clientFrame(0x81, Buffer.from("40")));
    await stage.isServed();
    stage.witnessId = Object.keys(stage.io.engine.clients)[0] ?? "";
    return stage;
  }

  async look(): Promise<void> {
    for (const [id, conn] of Object.entries(this.io.engine.clients)) if (id !== this.witnessId) conn.close(true);
    await this.until(() => this.open.size === 1, "every socket has ended");
    await this.isServed();
    const [failure] = this.failures.splice(0);
    if (failure !== undefined) throw failure;
    const left = [this.io.engine.clientsCount, this.io.sockets.sockets.size];
    if (left.some((count) => count !== 1)) throw new Error(`sessions and sockets are left: ${left.join(", ")}`);
  }

  /** Gives its port back. */
  close(): void {
    this.witness.socket.destroy();
    for (const socket of this.open) socket.destroy();
    this.http.close();
  }

  private async isServed(): Promise<void> {
    const id = this.asked++;
    this.witness.received = Buffer.alloc(0);
    this.witness.socket.write(clientFrame(0x81, Buffer.from(`42${id}["ping?"]`)));
    await this.until(() => {
      // Its heartbeat comes in between.
      if (this.witness.received.includes("\x81\x012")) this.witness.socket.write(clientFrame(0x81, Buffer.from("3")));
      return this.witness.received.includes(`43${id}["pong"]`);
    }, "the witness is served");
  }

  private async until(condition: () => boolean, what: string): Promise<void> {
    const ends = performance.now() + LONGEST_END_MS;
    while (!condition()) {
      if (performance.now() > ends) throw new Error(`expected that ${what}`);
      await turn();
    }
  }
}

const request = (line: string, ...headers: string[]): string =>
  `${line} HTTP/1.1\r\n${["Host: a.example", ...headers].join("\r\n")}\r\n\r\n`;
const UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: {key}"];
const HANDSHAKE = request("GET /socket.io/?EIO=4&transport=websocket", ...UPGRADE);
const POLLING = "/socket.io/?EIO=4&transport=polling";
const post = (body: string): string => request(`POST ${POLLING}&sid={sid}`, `Content-Length: ${body.length}`) + body;
const text = (payload: string): string => clientFrame(0x81, Buffer.from(payload)).toString("latin1");

function conversation(...parts: readonly string[]): Uint8Array {
  return Buffer.concat(parts.flatMap((part) => [Buffer.from(part, "latin1"), Buffer.from([END])]));
}

let stage: Stage | undefined;

export const target: FuzzTarget = {
  name: "server-sockets",
  separator: END,
  share: 2,
  inputsInTests: 300,
  steps: () => steps,
  seeds: [
    conversation(
      `0${request(`GET ${POLLING}`)}`,
      `0${post("40")}`,
      `1${request(`GET ${POLLING}&sid={sid}`)}`,
      `0${post('42["echo",1]')}`,
      `1${request(`GET ${POLLING}&sid={sid}`)}`,
      `0${post("1")}`,
    ),
    conversation(
      `0${request("GET /socket.io/?EIO=4&transport=websocket", ...UPGRADE)}`,
      `0${text("40")}`,
      `0${text('42["echo","x"]')}`,
      `0${clientFrame(0x88, Buffer.from("03e8", "hex")).toString("latin1")}`,
    ),
    conversation(
      `0${request(`GET ${POLLING}`)}`,
      `0${post("40")}`,
      `1${request(`GET ${POLLING}&sid={sid}`)}`,
      `2${request("GET /socket.io/?EIO=4&transport=websocket&sid={sid}", ...UPGRADE, "Sec-WebSocket-Extensions: permessage-deflate")}`,
      `2${text("2probe")}`,
      `1${request(`GET ${POLLING}&sid={sid}`)}`,
      `2${text("5")}`,
      `2${text('42["echo","x"]')}`,
    ),
    conversation(
      `0${request(`POST ${POLLING}`, "Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\n\r\n`,
      `0${request("OPTIONS /socket.io/", "Origin: http://b.example")}`,
      `0${request("GET http://a.example/socket.io/?EIO=4&transport=polling")}${request("GET /")}`,
      `1${request("GET /socket.io/socket.io.js", "Accept-Encoding: br")}`,
      `2GET ${POLLING} HTTP/1.0\r\n\r\n`,
      `3${request(`GET ${POLLING}`, ...UPGRADE, "Content-Length: 5")}hello`,
      `3${request("CONNECT a:1")}`,
      `2${request("GET /socket.io/?EIO=4&transport=websocket", "Expect: 100-continue", ...UPGRADE, "Origin: null")}`,
    ),
  ],
  async run(input) {
    stage ??= await Stage.make();
    const { port } = stage;
    const connections: Connection[] = [];
    let sid = "";
    try {
      for (let at = 0; at < input.length; ) {
        const end = input.indexOf(END, at);
        const stop = end === -1 ? input.length : end;
        const bytes = Buffer.from(input.subarray(at + 1, Math.max(at + 1, stop)))
          .toString("latin1")
          .replaceAll("{sid}", sid)
          .replaceAll("{key}", "dGhlIHNhbXBsZSBub25jZQ==");
        const which = (input[at] ?? 0) % CONNECTIONS;
        const connection = (connections[which] ??= new Connection(port));
        steps++;
        if (bytes === "") connection.socket.end();
        else if (!connection.isClosed) connection.socket.write(bytes, "latin1");
        for (let count = 0; count < TURNS_A_STEP; count++) await turn();
        sid = /"sid":"([\w-]{20})"/.exec(connection.received.toString("latin1"))?.[1] ?? sid;
        at = stop + 1;
      }
      for (const connection of connections) if (connection !== undefined) connection.socket.destroy();
      for (const connection of connections) if (connection !== undefined) checkAnswers(connection.received);
      await stage.look();
    } catch (error) {
      stage.close();
      stage = undefined;
      throw error;
    }
  },
};
