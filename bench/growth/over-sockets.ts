// Growth benches over real sockets: one server and one load a subject, connected step by step up to the limit of open files.
import { join } from "node:path";
import { Child, type Cores } from "../child.js";
import type { GrowAnswer, GrowRequest, GrowTask } from "../load/grow.js";
import { SUBJECTS, type SubjectName } from "../loads.js";
import { median, spreadOf } from "../outcome.js";
import type { Finding } from "./findings.js";

export const CONNECTIONS: readonly number[] = [100, 300, 1000, 3000, 10_000, 15_000];
export const MEMBERS: readonly number[] = [1, 10, 100, 1000, 10_000];
export const IDLE: readonly number[] = [1000, 3000, 5000, 10_000, 15_000];
/** The room whose cost is followed while others come. */
const FOLLOWED_MEMBERS = 10;
/** Opened and closed beforehand, as for the load "memory": what is made late is there, and the path is compiled. */
const WARM_CONNECTIONS = 400;
const WARM_SECONDS = 1;
/** Measurements of a point, one after the other; the median counts. */
const WINDOWS = 3;
const STEP_SECONDS = 120;

export interface GrowthOptions {
  readonly cores: Cores;
  /** Seconds of a window. */
  readonly seconds: number;
  /** Connections that the limit of open files leaves. */
  readonly most: number;
  readonly onPhase: (phase: string) => void;
  readonly onFinding: (finding: Finding) => void;
}

interface Sample {
  readonly cpu: number;
  readonly rss: number;
}

type Ran = Extract<GrowAnswer, { type: "ran" }>;

/** A server and its load. */
class Pair {
  readonly #server: Child;
  readonly #load: Child;

  private constructor(server: Child, load: Child) {
    this.#server = server;
    this.#load = load;
  }

  static async start(
    subject: SubjectName,
    cores: Cores,
    rooms: readonly number[] | undefined,
    flags: readonly string[],
  ): Promise<Pair> {
    const { server: file, title } = SUBJECTS[subject];
    const serverTask = { kind: "grow", message: "grow", clients: 0, messageBytes: 0, variant: "", isCompressed: false };
    const script = join(__dirname, "../servers", file);
    const server = new Child(`the ${title} server`, cores.server, [...flags, script, JSON.stringify(serverTask)]);
    try {
      const { port } = await server.ask<{ port: number }>(undefined, STEP_SECONDS);
      const task: GrowTask = { subject, port, rooms };
      const generator = join(__dirname, "../load/grow.ts");
      const load = new Child("the load generator", cores.load, ["--import", "tsx", generator, JSON.stringify(task)]);
      return new Pair(server, load);
    } catch (error) {
      await server.end();
      throw error;
    }
  }

  sample(settled: boolean): Promise<Sample> {
    return this.#server.ask<Sample>({ type: "sample", settled }, STEP_SECONDS);
  }

  async open(until: number): Promise<void> {
    await this.#ask({ type: "open", until });
  }

  async close(): Promise<void> {
    await this.#ask({ type: "close" });
  }

  async run(seconds: number, members?: number): Promise<Ran> {
    return (await this.#ask({ type: "run", seconds, members })) as Ran;
  }

  async #ask(request: GrowRequest): Promise<GrowAnswer> {
    const answer = await this.#load.ask<GrowAnswer>(request, STEP_SECONDS);
    if (answer.type === "failed") throw new Error(answer.message);
    return answer;
  }

  async end(): Promise<void> {
    await Promise.all([this.#server.end(), this.#load.end()]);
  }
}

/** Microseconds of server CPU for each delivery, or for each broadcast to a room; the median of the windows. */
async function costOf(
  pair: Pair,
  seconds: number,
  members: number | undefined,
): Promise<{ y: number; spread: number }> {
  await pair.run(seconds / 2, members);
  const values: number[] = [];
  for (let window = 0; window < WINDOWS; window++) {
    const before = await pair.sample(false);
    const ran = await pair.run(seconds, members);
    const after = await pair.sample(false);
    values.push((after.cpu - before.cpu) / (members === undefined ? ran.deliveries : ran.broadcasts));
  }
  return { y: median(values) ?? 0, spread: spreadOf(values) ?? 0 };
}

/** What a broadcast costs while connections come, to everybody and to a room of ten, and then to rooms of all sizes. */
export async function growBroadcasts(subject: SubjectName, options: GrowthOptions): Promise<void> {
  const { cores, seconds, most, onPhase, onFinding } = options;
  const hasRooms = SUBJECTS[subject].speaks === "socket.io";
  const pair = await Pair.start(subject, cores, MEMBERS, []);
  try {
    onPhase("warming up");
    await pair.open(CONNECTIONS[0] ?? 0);
    await pair.run(WARM_SECONDS);
    if (hasRooms) await pair.run(WARM_SECONDS, FOLLOWED_MEMBERS);
    for (const connections of CONNECTIONS.filter((count) => count <= most)) {
      onPhase(`connecting up to ${connections}`);
      await pair.open(connections);
      onPhase(`broadcasting to ${connections}`);
      onFinding({ panel: "fanout", line: subject, x: connections, ...(await costOf(pair, seconds, undefined)) });
      if (!hasRooms) continue;
      const cost = await costOf(pair, seconds, FOLLOWED_MEMBERS);
      onFinding({ panel: "others", line: subject, x: connections, ...cost });
    }
    if (!hasRooms) return;
    for (const members of MEMBERS.filter((count) => count < most)) {
      onPhase(`broadcasting to a room of ${members}`);
      onFinding({ panel: "members", line: subject, x: members, ...(await costOf(pair, seconds, members)) });
    }
  } finally {
    await pair.end();
  }
}

/** What an idle connection costs in memory, and what it cost to open it, while they become more. */
export async function growIdle(subject: SubjectName, options: GrowthOptions): Promise<void> {
  const { cores, most, onPhase, onFinding } = options;
  const pair = await Pair.start(subject, cores, undefined, ["--expose-gc"]);
  try {
    onPhase("warming up");
    await pair.open(WARM_CONNECTIONS);
    await pair.close();
    const empty = await pair.sample(true);
    let open = 0;
    for (const connections of IDLE.filter((count) => count <= most)) {
      onPhase(`connecting up to ${connections}`);
      const before = await pair.sample(false);
      await pair.open(connections);
      const after = await pair.sample(false);
      onFinding({
        panel: "connect",
        line: subject,
        x: connections,
        y: (after.cpu - before.cpu) / (connections - open),
      });
      open = connections;
      const { rss } = await pair.sample(true);
      const kilobytes = (rss - empty.rss) / 1024 / connections;
      onFinding({ panel: "memory", line: subject, x: connections, y: kilobytes });
    }
  } finally {
    await pair.end();
  }
}
