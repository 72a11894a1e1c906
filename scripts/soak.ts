// `npm run soak -- [--minutes N] [--connections N] [--core N]`: clients that come and go with mixed traffic against a server in a process of its own, on one
// core, for as long as asked. Prints what the server holds while it runs, and passes if its memory is back where it began when everybody has left.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { parseArgs } from "node:util";
import { io, type Socket } from "../src/entry/client.js";
import { Server } from "../src/entry/server.js";

/** What the server says of itself when it is asked. */
interface Figures {
  readonly clients: number;
  readonly sockets: number;
  readonly rooms: number;
  readonly heapMB: number;
  readonly rssMB: number;
}

const ROOMS = 50;
/** How long one client stays, in ms: from the first to the sum. */
const SHORTEST_STAY = 2_000;
const STAY_SPREAD = 20_000;
const ACTIONS_A_SECOND = 1;
const REPORT_EVERY = 10_000;
/** What the heap may have grown by between the first rest and the last: code that was compiled late, and tables that were once large. */
const TOLERATED_MB = 8;

function serve(): void {
  const server = new Server(0, { pingInterval: 5_000, pingTimeout: 5_000, perMessageDeflate: true });
  server.on("connection", (socket) => {
    socket.on("echo", (value: unknown, answer: (value: unknown) => void) => answer(value));
    socket.on("join", (room: string) => void socket.join(room));
    socket.on("leave", (room: string) => void socket.leave(room));
    socket.on("tell", (room: string, value: unknown) => void socket.to(room).emit("told", value));
    socket.on("ask", () => socket.timeout(1000).emit("asked", () => {}));
    socket.on("fail", () => {
      throw new Error("of the soak");
    });
    socket.on("kick", () => socket.disconnect(true));
  });
  server.onError(() => {});
  server.httpServer.once("listening", () => {
    const address = server.httpServer.address();
    console.log(typeof address === "object" ? address?.port : address);
  });
  createInterface({ input: process.stdin }).on("line", () => {
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const figures: Figures = {
      clients: server.engine.clientsCount,
      sockets: server.sockets.sockets.size,
      rooms: server.of("/").adapter.rooms.size,
      heapMB: heapUsed / 2 ** 20,
      rssMB: rss / 2 ** 20,
    };
    console.log(JSON.stringify(figures));
  });
}

/** The server's process; on a core of its own where `taskset` is there. */
class ServerProcess {
  private readonly child: ChildProcess;
  private readonly lines: Interface;

  constructor(core: string | undefined) {
    const node = [process.execPath, "--expose-gc", "--import", "tsx", __filename, "--serve"];
    const command = core === undefined ? node : ["taskset", "-c", core, ...node];
    const [program = "", ...args] = command;
    this.child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
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

const pick = (below: number): number => Math.floor(Math.random() * below);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const TRANSPORTS = [["websocket"], ["websocket"], ["polling"], ["polling", "websocket"]];
const TEXT = "a line of text that is neither short nor long. ".repeat(40);

function act(socket: Socket): void {
  const room = `room ${pick(ROOMS)}`;
  const actions: (() => void)[] = [
    () => socket.emit("join", room),
    () => socket.emit("leave", room),
    () => socket.emit("tell", room, { n: pick(1000), text: TEXT.slice(0, pick(TEXT.length)) }),
    () => socket.emit("tell", room, Buffer.alloc(pick(2000))),
    () =>
      void socket
        .timeout(5000)
        .emitWithAck("echo", { list: [1, 2, 3] })
        .catch(() => {}),
    () => socket.emit("ask"),
    () => socket.volatile.emit("echo", 1, () => {}),
    () => socket.emit("fail"),
  ];
  actions[pick(actions.length)]?.();
  if (pick(200) === 0) socket.emit("kick");
}

/** One place: a client comes, stays a while, leaves in one of several ways, and the next one comes. */
async function occupy(url: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const socket = io(url, {
      forceNew: true,
      reconnection: false,
      transports: TRANSPORTS[pick(TRANSPORTS.length)] ?? [],
    });
    socket.on("asked", (answer: (n: number) => void) => answer(1));
    const leaves = performance.now() + SHORTEST_STAY + pick(STAY_SPREAD);
    while (!isOver() && performance.now() < leaves) {
      await pause((0.5 + Math.random()) * (1000 / ACTIONS_A_SECOND));
      if (socket.connected) act(socket);
      else if (!socket.active) break;
    }
    // Half of them say good-bye; the others are cut off.
    if (pick(2) === 0) socket.disconnect();
    else socket.io.engine?.close();
    socket.disconnect();
  }
}

function print(seconds: number, { clients, sockets, rooms, heapMB, rssMB }: Figures): void {
  const columns = [`${seconds.toFixed(0)} s`, `${clients} clients`, `${sockets} sockets`, `${rooms} rooms`];
  console.log(
    `${columns.map((text) => text.padStart(14)).join("")}   heap ${heapMB.toFixed(1)} MB, rss ${rssMB.toFixed(0)} MB`,
  );
}

/** Waits until everybody has left, and memory has come to rest. */
async function rest(server: ServerProcess): Promise<Figures> {
  let last = await server.figures();
  for (let n = 0; n < 30 && (n < 3 || last.clients > 0); n++) {
    await pause(1000);
    last = await server.figures();
  }
  return last;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== "--"),
    options: {
      serve: { type: "boolean", default: false },
      minutes: { type: "string", default: "2" },
      connections: { type: "string", default: "500" },
      core: { type: "string" },
    },
  });
  if (values.serve) {
    serve();
    return;
  }
  const minutes = Number(values.minutes);
  const connections = Number(values.connections);
  if (!(minutes > 0 && connections >= 1)) throw new RangeError("--minutes and --connections are numbers above 0");

  const server = new ServerProcess(values.core);
  process.once("exit", () => server.stop());
  const url = `http://127.0.0.1:${await server.port()}`;
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;

  // A first round, so that code is compiled and tables have their size before memory is looked at.
  console.log(`${connections} connections for ${minutes} minutes; first a round of 10 s`);
  const round = async (ms: number): Promise<void> => {
    const ends = performance.now() + ms;
    const places: Promise<void>[] = [];
    for (let n = 0; n < connections; n++) {
      places.push(occupy(url, () => performance.now() >= ends));
      if (n % 50 === 49) await pause(20);
    }
    const report = setInterval(() => void server.figures().then((figures) => print(seconds(), figures)), REPORT_EVERY);
    await Promise.all(places);
    clearInterval(report);
  };
  await round(10_000);
  const before = await rest(server);
  print(seconds(), before);
  await round(minutes * 60_000);
  const after = await rest(server);
  print(seconds(), after);

  const grown = after.heapMB - before.heapMB;
  const isClean = after.clients === 0 && after.sockets === 0 && after.rooms === 0 && grown < TOLERATED_MB;
  console.log(
    `the heap is ${Math.abs(grown).toFixed(1)} MB ${grown < 0 ? "smaller" : "larger"} than before: ${isClean ? "passed" : "failed"}`,
  );
  server.stop();
  process.exit(isClean ? 0 : 1);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
