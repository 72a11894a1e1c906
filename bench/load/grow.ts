// Load generator of the growth benches: the process. Connections are opened step by step; one sender broadcasts, one in flight, to everybody or to a room.
import { SUBJECTS, type SubjectName } from "../loads.js";
import { type Connection, openAll, PONG, type Target } from "./connection.js";
import { ByteCounter, type Counter, FrameCounter } from "./counter.js";
import { Window } from "./driver.js";
import { BODY, serverFrameBytes, textFrame } from "./messages.js";

export interface GrowTask {
  readonly subject: SubjectName;
  readonly port: number;
  /** Whether each connection joins a room of its own, and the rooms whose sizes it is counted for. */
  readonly rooms: readonly number[] | undefined;
}

export type GrowRequest =
  | { readonly type: "close" }
  | { readonly type: "open"; readonly until: number }
  | { readonly type: "run"; readonly seconds: number; readonly members: number | undefined };

export type GrowAnswer =
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "opened"; readonly count: number }
  | {
      readonly type: "ran";
      readonly broadcasts: number;
      readonly deliveries: number;
      readonly seconds: number;
      /** Microseconds of this process's CPU time. */
      readonly cpu: number;
    };

/** Broadcasts to fifteen thousand take their time on a slow machine. */
const DRAIN_MS = 30_000;
/** Fewer tell nothing of a broadcast to thousands. */
const FEWEST_BROADCASTS = 3;
const DELIVERED = `42["cast","${BODY}"]`;
const CAST = textFrame(DELIVERED);

/** The room of so many members. The sender, the first connection, is in none. */
function roomOf(members: number): string {
  return `members ${members}`;
}

class Growth {
  #task: GrowTask;
  #target: Target;
  #connections: Connection[] = [];
  #window = new Window(DRAIN_MS);
  #missing = 0;
  #deliveries = 0;
  #broadcasts = 0;
  #expected = 0;
  #frame = CAST;
  #fail = (error: Error): void => this.#window.fail(error);

  constructor(task: GrowTask) {
    this.#task = task;
    this.#target = { port: task.port, subject: SUBJECTS[task.subject] };
  }

  async open(until: number): Promise<number> {
    const first = this.#connections.length;
    const opened = await openAll(this.#target, until - first, this.#fail, async (connection, index) => {
      await this.#join(connection, first + index);
      // At once: pings come while the others connect, and have to be answered.
      const counter = this.#counterFor(connection);
      connection.receive = (chunk, bytes) => this.#delivered(counter.count(chunk, bytes));
    });
    this.#connections.push(...opened);
    return this.#connections.length;
  }

  /** Closes all, and gives the server the time to see it. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    this.#connections = [];
    await new Promise((resolve) => setTimeout(resolve, 500));
  }

  async #join(connection: Connection, index: number): Promise<void> {
    const { rooms } = this.#task;
    if (rooms === undefined || this.#target.subject.speaks !== "socket.io") return;
    const joined = [`own ${index}`, ...rooms.filter((members) => index >= 1 && index <= members).map(roomOf)];
    connection.socket.write(textFrame(`42${JSON.stringify(["join", joined])}`));
    await connection.nextText((text) => text === '42["joined"]');
  }

  #counterFor(connection: Connection): Counter {
    if (this.#target.subject.speaks === "bytes") return new ByteCounter(CAST.length);
    const pong = (): void => void connection.socket.write(PONG);
    const closed = (): void => this.#fail(new Error("the server sent a close frame"));
    return new FrameCounter(serverFrameBytes(DELIVERED.length), 1, pong, closed);
  }

  #send(): void {
    this.#missing = this.#expected;
    this.#connections[0]?.socket.write(this.#frame);
  }

  #delivered(count: number): void {
    // A ping, or the beginning of a frame.
    if (count === 0) return;
    this.#deliveries += count;
    this.#missing -= count;
    if (this.#missing > 0) return;
    if (this.#missing < 0) this.#fail(new Error("more was delivered than sent"));
    this.#broadcasts++;
    if (this.#window.isOpen || this.#broadcasts < FEWEST_BROADCASTS) this.#send();
    else this.#window.drained();
  }

  async run(seconds: number, members: number | undefined): Promise<{ broadcasts: number; deliveries: number }> {
    this.#expected = members ?? this.#connections.length;
    this.#frame = members === undefined ? CAST : textFrame(`42["publish","${roomOf(members)}","${BODY}"]`);
    this.#deliveries = 0;
    this.#broadcasts = 0;
    await this.#window.run(
      seconds,
      () => this.#send(),
      () => this.#missing + Math.max(0, FEWEST_BROADCASTS - this.#broadcasts),
    );
    return { broadcasts: this.#broadcasts, deliveries: this.#deliveries };
  }
}

function say(answer: GrowAnswer): void {
  process.send?.(answer);
}

function sayFailure(error: unknown): void {
  say({ type: "failed", message: error instanceof Error ? error.message : String(error) });
}

const growth = new Growth(JSON.parse(process.argv[2] ?? "{}") as GrowTask);

async function perform(request: GrowRequest): Promise<void> {
  switch (request.type) {
    case "open":
      say({ type: "opened", count: await growth.open(request.until) });
      return;
    case "close":
      await growth.close();
      say({ type: "opened", count: 0 });
      return;
    case "run": {
      const cpuBefore = process.cpuUsage();
      const start = performance.now();
      const ran = await growth.run(request.seconds, request.members);
      const { user, system } = process.cpuUsage(cpuBefore);
      say({ type: "ran", ...ran, seconds: (performance.now() - start) / 1000, cpu: user + system });
    }
  }
}

process.on("message", (request: GrowRequest) => {
  perform(request).catch(sayFailure);
});
// Thrown where bytes arrive: an answer that the load does not know.
process.on("uncaughtException", sayFailure);
process.on("disconnect", () => process.exit());
process.on("SIGINT", () => {});
