// The server of a soak, and the process that it runs in.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { Server } from "../../src/entry/server.js";

/** What the server says of itself when it is asked, after a collection of garbage. */
export interface Figures {
  readonly clients: number;
  readonly sockets: number;
  readonly rooms: number;
  readonly namespaces: number;
  /** Objects of JavaScript, and the buffers behind them. */
  readonly heapMB: number;
  readonly buffersMB: number;
  /** What the operating system counts, what was freed and not given back included. */
  readonly rssMB: number;
  /** Since the start: sessions that were opened, events that came, seconds of CPU. */
  readonly sessions: number;
  readonly events: number;
  readonly cpuSeconds: number;
}

/** How long a client that was cut off may come back to its session: short, so that the end of a soak need not wait long. */
const RECOVERY_MS = 10_000;
const PING_INTERVAL_MS = 60_000;
/** A connection that is dead is noticed after so long. */
const HEARTBEAT_MS: number = PING_INTERVAL_MS + 20_000;
/** How long after the last client memory holds what somebody could have come back for: events as long as both, looked at every `RECOVERY_MS`. */
export const REST_MS: number = 2 * RECOVERY_MS + HEARTBEAT_MS + 5_000;

/** Serves until the process ends: says its port, then answers each line of its input with {@link Figures}. */
export function serve(): void {
  let sessions = 0;
  let events = 0;
  const server = new Server(0, {
    perMessageDeflate: true,
    cleanupEmptyChildNamespaces: true,
    pingInterval: PING_INTERVAL_MS,
    connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS },
  });
  server.engine.on("connection", () => sessions++);
  server.on("connection", (socket) => {
    socket.onAny(() => events++);
    socket.on("echo", (value: unknown, answer: (value: unknown) => void) => answer(value));
    socket.on("join", (room: string) => void socket.join(room));
    socket.on("leave", (room: string) => void socket.leave(room));
    socket.on("tell", (room: string, value: unknown) => void socket.to(room).emit("told", value));
    socket.on("tell all", () => void server.emit("told", "everybody"));
    socket.on("ask", () => socket.timeout(1000).emit("asked", () => {}));
    socket.on("ask room", (room: string) =>
      server
        .timeout(1000)
        .to(room)
        .emit("asked", () => {}),
    );
    socket.on("fail", () => {
      throw new Error("of the soak");
    });
    socket.on("kick", () => socket.disconnect(true));
  });
  server.of(/^\/topic-\d+$/).on("connection", (socket) => {
    socket.on("hello", () => socket.nsp.emit("told", "somebody came"));
  });
  server.onError(() => {});
  server.httpServer.once("listening", () => {
    const address = server.httpServer.address();
    console.log(typeof address === "object" ? address?.port : address);
  });
  createInterface({ input: process.stdin }).on("line", () => {
    globalThis.gc?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const figures: Figures = {
      clients: server.engine.clientsCount,
      sockets: server.sockets.sockets.size,
      rooms: server.of("/").adapter.rooms.size,
      namespaces: server._nsps.size,
      heapMB: heapUsed / 2 ** 20,
      buffersMB: external / 2 ** 20,
      rssMB: rss / 2 ** 20,
      sessions,
      events,
      cpuSeconds: (user + system) / 1e6,
    };
    console.log(JSON.stringify(figures));
  });
}

/** The server's process; on a core of its own where `taskset` is there. */
export class ServerProcess {
  private readonly child: ChildProcess;
  private readonly lines: Interface;

  constructor(program: string, core: string | undefined) {
    const node = [process.execPath, "--expose-gc", "--import", "tsx", program, "--serve"];
    const [command = "", ...args] = core === undefined ? node : ["taskset", "-c", core, ...node];
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
  }

  async port(): Promise<number> {
    const [line] = (await once(this.lines, "line")) as [string];
    return Number(line);
  }

  async figures(): Promise<Figures> {
    const answer = once(this.lines, "line");
    this.child.stdin?.write("?\n");
    const [line] = (await answer) as [string];
    return JSON.parse(line) as Figures;
  }

  stop(): void {
    this.child.kill();
  }
}
