// `npm run soak -- [--minutes N] [--connections N] [--core N] [--stay SECONDS] [--pause SECONDS] [--arrivals N]`: clients that come and go with mixed traffic against a
// server in a process of its own, on one core, for as long as asked. Prints what the server holds while it runs, and passes if its memory is back where
// it began when everybody has left. docs/soak.md describes a long run.
import { parseArgs } from "node:util";
import { CrowdProcess, type CrowdSettings, gather, wait } from "./soak/clients.js";
import { type Figures, REST_MS, ServerProcess, serve } from "./soak/server.js";

const REPORT_EVERY = 20_000;
const CLIENTS_A_ROOM = 20;
const FIRST_CONNECTIONS = 1_000;
const FIRST_ROUND = 45_000;
/** What may have grown between the first rest and the last: code that was compiled late, and tables that were once large. */
const TOLERATED_MB = 8;
/** What the operating system counts moves more: pieces of memory that are free, and not given back. */
const TOLERATED_RSS_MB = 64;

const HEAD = ["time", "clients", "sockets", "rooms", "heap", "buffers", "rss", "sessions", "events", "cpu"];
const row = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(11)).join("");

function print(seconds: number, figures: Figures): void {
  const { clients, sockets, rooms, heapMB, buffersMB, rssMB, sessions, events, cpuSeconds } = figures;
  const sizes = [`${heapMB.toFixed(1)} MB`, `${buffersMB.toFixed(1)} MB`, `${rssMB.toFixed(0)} MB`];
  const totals = [String(sessions), String(events), `${cpuSeconds.toFixed(0)} s`];
  console.log(row([`${seconds.toFixed(0)} s`, String(clients), String(sockets), String(rooms), ...sizes, ...totals]));
}

/** Waits until everybody has left and nobody can come back to a session, and memory has come to rest. */
async function rest(server: ServerProcess): Promise<Figures> {
  await wait(REST_MS);
  let last = await server.figures();
  for (let n = 0; n < 60 && (n < 3 || last.clients > 0); n++) {
    await wait(1000);
    last = await server.figures();
  }
  return last;
}

function numberOf(name: string, text: string, least: number): number {
  const number = Number(text);
  if (!(number >= least)) throw new RangeError(`--${name} is a number of at least ${least}, not ${text}`);
  return number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== "--"),
    options: {
      serve: { type: "boolean", default: false },
      crowd: { type: "string" },
      processes: { type: "string", default: "2" },
      arrivals: { type: "string", default: "150" },
      minutes: { type: "string", default: "2" },
      connections: { type: "string", default: "500" },
      stay: { type: "string", default: "20" },
      pause: { type: "string", default: "1" },
      core: { type: "string" },
    },
  });
  if (values.serve) {
    serve();
    return;
  }
  if (values.crowd !== undefined) {
    await gather(JSON.parse(values.crowd) as CrowdSettings);
    return;
  }
  const minutes = numberOf("minutes", values.minutes, 0.01);
  const connections = numberOf("connections", values.connections, 1);
  const stay = numberOf("stay", values.stay, 1) * 1000;
  const pause = numberOf("pause", values.pause, 0.01) * 1000;

  const arrivals = numberOf("arrivals", values.arrivals, 1);
  const processes = numberOf("processes", values.processes, 1);

  const server = new ServerProcess(__filename, values.core);
  const port = await server.port();
  let crowds: CrowdProcess[] = [];
  process.once("exit", () => {
    server.stop();
    for (const crowd of crowds) crowd.stop();
  });
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;

  /** Lasts `ms`, and at least until every place is taken. */
  const round = async (connections: number, ms: number): Promise<void> => {
    const settings: CrowdSettings = {
      port,
      places: Math.ceil(connections / processes),
      arrivals: arrivals / processes,
      rooms: Math.ceil(connections / CLIENTS_A_ROOM),
      stay,
      pause,
    };
    const report = setInterval(() => void server.figures().then((figures) => print(seconds(), figures)), REPORT_EVERY);
    crowds = Array.from({ length: processes }, () => new CrowdProcess(__filename, settings));
    await Promise.all([wait(ms), ...crowds.map(({ full }) => full)]);
    await Promise.all(crowds.map((crowd) => crowd.leave()));
    clearInterval(report);
  };

  // A first round, so that code is compiled before memory is looked at. Not with everybody: what ten thousand have left is then seen against a server
  // that has never had them.
  console.log(`${connections} connections for ${minutes} minutes, after a first round`);
  console.log(row(HEAD));
  await round(Math.min(connections, FIRST_CONNECTIONS), FIRST_ROUND);
  const before = await rest(server);
  console.log("at rest, before:");
  print(seconds(), before);
  await round(connections, minutes * 60_000);
  const after = await rest(server);
  console.log("at rest, after:");
  print(seconds(), after);

  const grown = after.heapMB + after.buffersMB - before.heapMB - before.buffersMB;
  const grownRss = after.rssMB - before.rssMB;
  const isEmpty =
    after.clients === 0 && after.sockets === 0 && after.rooms === 0 && after.namespaces === before.namespaces;
  const isClean = isEmpty && grown < TOLERATED_MB && grownRss < TOLERATED_RSS_MB;
  console.log(
    `heap and buffers ${grown.toFixed(1)} MB, rss ${grownRss.toFixed(0)} MB against the rest before: ${isClean ? "passed" : "failed"}`,
  );
  server.stop();
  process.exit(isClean ? 0 : 1);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
