// Fuzzing of a whole server: conversations of handshakes, polls, upgrades, frames, packets and disconnects, and the server that has them. Nothing may be
// thrown, every session ends with a documented error or none, every answer is one that HTTP clients know, nothing is left, and a witness is served.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { VaivenError } from "../../src/errors.js";
import { processHost } from "../../src/node/process-host.js";
import type { ServerOptions } from "../../src/server/server-options.js";
import { FakePlatform } from "../support/fake-platform.js";
import {
  clientFrame,
  type MemoryExchange,
  MemoryNet,
  type MemorySocket,
  WEBSOCKET_HEADERS,
} from "../support/memory-net.js";
import type { FuzzTarget } from "./fuzz-target.js";

const DOCUMENTED = new Set(
  [
    ...readFileSync(join(import.meta.dirname ?? __dirname, "../../docs/reference/errors.md"), "utf8").matchAll(
      /^\| `([A-Z0-9_]+)` \|/gm,
    ),
  ].map((match) => match[1]),
);
const STATUSES = new Set([200, 400, 403, 404, 405, 413, 431]);
/** Ends a step. It is rare in texts, and a frame that holds it is cut in two, which is a mutation too. */
export const END = 0xfe;
const DEFLATE = ["Sec-WebSocket-Extensions", "permessage-deflate"];
const POLLING = "/socket.io/?EIO=4&transport=polling";

/** The steps, by the first letter of each. */
const STEPS = "hgpwuftrbaeisdxkm" as const;
/** The witness has 20 s for its pong. */
const LONGEST_SILENCE_MS = 10_000;

class Conversation {
  private readonly stage: Stage;
  private readonly net: MemoryNet;
  private readonly exchanges: MemoryExchange[] = [];
  private readonly sockets: MemorySocket[] = [];
  private sids: string[] = [];
  private chosen = 0;
  private stamp = 0;

  constructor(stage: Stage) {
    this.stage = stage;
    this.net = stage.net;
  }

  step(letter: string, given: Buffer): void {
    const payload = this.withPid(given);
    this.stage.steps++;
    const text = payload.toString("latin1");
    const { io } = this.net;
    switch (letter) {
      case "h": {
        const exchange = this.request("GET", `${POLLING}${text}`);
        const sid = /^0\{"sid":"([\w-]+)"/.exec(exchange.body)?.[1];
        if (sid !== undefined) this.sids.push(sid);
        break;
      }
      case "g":
        this.request("GET", this.url(text));
        break;
      case "p":
        this.request("POST", this.url(""), payload);
        break;
      case "w":
        this.open(`/socket.io/?EIO=4&transport=websocket${text}`, WEBSOCKET_HEADERS);
        break;
      case "u":
        this.open(`${this.url(text).replace("polling", "websocket")}`, [...WEBSOCKET_HEADERS, ...DEFLATE]);
        break;
      case "f":
        this.socket()?.receive(clientFrame(payload[0] ?? 0, payload.subarray(1)));
        break;
      case "t":
        this.socket()?.receive(clientFrame(0x81, payload));
        break;
      case "r":
        this.socket()?.receive(payload);
        break;
      case "b":
        this.socket()?.receive(clientFrame(0x82, payload));
        break;
      case "a":
        this.exchanges[
          payload[0] === undefined ? this.exchanges.length - 1 : payload[0] % this.exchanges.length
        ]?.leave();
        break;
      case "e":
        if (text === "") this.socket()?.finish();
        else this.socket()?.destroy();
        break;
      case "i":
        io.emit("hello", text, payload);
        io.timeout(50).emit("ask", text, () => {});
        break;
      case "s":
        this.chosen = payload[0] ?? 0;
        break;
      case "d":
        for (const socket of io.sockets.sockets.values())
          if (socket.data.isWitness !== true) socket.disconnect(text !== "");
        break;
      case "x":
        this.request(text.slice(0, 8), this.url(text.slice(8)), payload);
        break;
      case "m":
        this.stage.advance((payload[0] ?? 10) * 100);
        break;
      default:
        // "k": a request with any headers, one a line.
        this.request("GET", POLLING, undefined, text.split(/[:\n]/));
    }
    this.settle();
  }

  /** Nobody is left on the other side. */
  leave(): void {
    for (const exchange of this.exchanges) exchange.leave();
    for (const socket of this.sockets) socket.destroy();
    this.settle();
  }

  private settle(): void {
    // Each step is a turn of its own.
    processHost.flushQueue.flushAll();
    for (const socket of this.sockets) socket.settle();
    for (const { status, body } of this.exchanges) {
      if (status !== undefined && !STATUSES.has(status)) throw new Error(`HTTP answer ${status}: ${body}`);
    }
  }

  /** `{pid}` is the id of the delivery session that a socket was told last. */
  private withPid(payload: Buffer): Buffer {
    if (!payload.includes("{pid}")) return payload;
    const pid = /"pid":"([^"]+)"/.exec(Buffer.concat(this.sockets.flatMap(({ sent }) => sent)).toString("latin1"))?.[1];
    return Buffer.from(payload.toString("latin1").replaceAll("{pid}", pid ?? ""), "latin1");
  }

  private url(more: string): string {
    const sid = this.sids[this.chosen % Math.max(1, this.sids.length)] ?? "nobody";
    return `${POLLING}&sid=${sid}&t=${this.stamp++}${more}`;
  }

  private socket(): MemorySocket | undefined {
    return this.sockets[this.chosen % Math.max(1, this.sockets.length)];
  }

  private request(method: string, url: string, body?: Uint8Array, headers?: string[]): MemoryExchange {
    const exchange = this.net.request(method, url, headers, body);
    this.exchanges.push(exchange);
    return exchange;
  }

  private open(url: string, headers: readonly string[]): void {
    this.sockets.push(this.net.upgrade(url, headers));
  }
}

/** One server for many conversations: what one of them spoils, the next ones must not notice. */
class Stage {
  readonly net: MemoryNet;
  steps = 0;
  private readonly time = new FakePlatform();
  private readonly witness: MemorySocket;
  private witnessId = "";
  private readonly failures: unknown[] = [];
  private asked = 0;

  constructor(options: Partial<ServerOptions>) {
    const net = new MemoryNet(
      {
        perMessageDeflate: true,
        allowEIO3: true,
        maxHttpBufferSize: 10_000,
        maxNamespacesPerConnection: 5,
        maxAttachments: 3,
        maxFragments: 20,
        cleanupEmptyChildNamespaces: true,
        ...options,
      },
      this.time,
    );
    this.net = net;
    const { io } = net;
    io.onError((error) => this.failures.push(error));
    io.of(/^\/made-/).on("connection", (socket) => void socket.join("room"));
    io.of("/closed").use((_socket, next) => next(new Error("closed")));
    io.on("connection", (socket) => {
      socket.on("ping?", (answer: unknown) => {
        if (typeof answer === "function") answer("pong");
      });
      socket.on("echo", (...args: unknown[]) => {
        const answer = args.at(-1);
        if (typeof answer === "function") answer(...args.slice(0, -1));
        else socket.emit("echo", args.length);
      });
      socket.on("join", (room: unknown) => void socket.join(String(room)));
      socket.on("leave", () => socket.disconnect());
      socket.on("disconnect", (_reason, description) => this.check(description));
    });
    io.engine.on("connection", (conn) =>
      conn.on("close", (_reason: string, description: unknown) => this.check(description)),
    );
    this.witness = net.upgrade("/socket.io/?EIO=4&transport=websocket", WEBSOCKET_HEADERS);
    this.witness.receive(clientFrame(0x81, Buffer.from("40")));
    for (const socket of io.sockets.sockets.values()) socket.data.isWitness = true;
    this.witnessId = Object.keys(io.engine.clients)[0] ?? "";
    this.isServed();
  }

  /** Time passes; the witness answers in time. */
  advance(ms: number): void {
    for (let left = ms; left > 0; left -= LONGEST_SILENCE_MS) {
      this.witness.sent = [];
      this.time.advance(Math.min(left, LONGEST_SILENCE_MS));
      processHost.flushQueue.flushAll();
      if (this.witness.sent.length > 0) this.witness.receive(clientFrame(0x81, Buffer.from("3")));
    }
  }

  /** What still waits for its client is not waited for. */
  closeOthers(): void {
    for (const [id, conn] of Object.entries(this.net.io.engine.clients)) if (id !== this.witnessId) conn.close(true);
  }

  /** Everything of a conversation is over: throws what it has left behind. */
  look(): void {
    const { io } = this.net;
    this.isServed();
    const [failure] = this.failures.splice(0);
    if (failure !== undefined) throw failure;
    const left = [
      io.engine.clientsCount,
      io.sockets.sockets.size,
      io.of("/").adapter.sids.size,
      io.of("/").adapter.rooms.size,
    ];
    if (left.some((count) => count !== 1))
      throw new Error(`sessions, sockets, members, rooms are left: ${left.join(", ")}`);
    // The main one, and the one that is closed to all.
    if (io._nsps.size !== 2) throw new Error(`namespaces are left: ${[...io._nsps.keys()].join(" ")}`);
  }

  private isServed(): void {
    const id = this.asked++;
    this.witness.sent = [];
    this.witness.receive(clientFrame(0x81, Buffer.from(`42${id}["ping?"]`)));
    const answer = Buffer.concat(this.witness.sent).toString("latin1");
    if (!answer.includes(`43${id}["pong"]`)) throw new Error(`the witness was answered ${JSON.stringify(answer)}`);
  }

  private check(description: unknown): void {
    if (description === undefined || description === null) return;
    if (description instanceof VaivenError && DOCUMENTED.has(description.code)) return;
    this.failures.push(new Error(`a session ended with ${String(description)}`, { cause: description }));
  }
}

const CONVERSATIONS_A_STAGE = 2000;

/** Steps of a seed: a letter, then its payload. */
export function conversation(...steps: readonly (string | Buffer)[]): Uint8Array {
  return Buffer.concat(steps.flatMap((step) => [Buffer.from(step as string, "latin1"), Buffer.from([END])]));
}

/** A target over servers with these options. `silence`: the milliseconds after which nothing is left of who is away. */
export function serverTarget(
  options: Partial<ServerOptions>,
  silence: number,
  about: Pick<FuzzTarget, "name" | "share" | "seeds">,
): FuzzTarget {
  let stage: Stage | undefined;
  let held = 0;
  let steps = 0;
  return {
    ...about,
    separator: END,
    steps: () => steps,
    async run(input) {
      if (stage === undefined || held++ >= CONVERSATIONS_A_STAGE) {
        stage = new Stage(options);
        held = 0;
      }
      const talk = new Conversation(stage);
      const before = stage.steps;
      try {
        for (let at = 0; at < input.length; ) {
          const end = input.indexOf(END, at);
          const stop = end === -1 ? input.length : end;
          const letter = STEPS[(input[at] ?? 0) % STEPS.length];
          const named = String.fromCharCode(input[at] ?? 0);
          const payload = Buffer.from(input.subarray(Math.min(stop, at + 1), stop));
          talk.step(STEPS.includes(named) ? named : (letter ?? "h"), payload);
          at = stop + 1;
        }
        talk.leave();
        stage.closeOthers();
        if (silence > 0) {
          // Sessions are looked for in promises.
          await new Promise((resolve) => setImmediate(resolve));
          stage.advance(silence);
        }
        stage.look();
        steps += stage.steps - before;
      } catch (error) {
        stage = undefined;
        throw error;
      }
    },
  };
}
