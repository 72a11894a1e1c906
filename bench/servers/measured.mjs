// Benchmark servers: what every one of them shares. The task comes as JSON in argv, the samples leave over IPC.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { setTimeout as delay } from "node:timers/promises";

/** @type {{ kind: string, message: string, clients: number, messageBytes: number, variant: string, isCompressed: boolean }} */
export const task = JSON.parse(process.argv[2] ?? "{}");

/** Rooms of the load "rooms": a hundred of them, ten to a client, so that a thousand clients make a hundred rooms of a hundred. */
export const ROOMS = 100;
export const ROOMS_PER_CLIENT = 10;

/** The step 7 spreads a client's rooms over the hundred, so that consecutive broadcasts share some receivers but not all. */
export function roomsOf(client) {
  return Array.from({ length: ROOMS_PER_CLIENT }, (_, step) => (client + step * 7) % ROOMS);
}

export function roomName(room) {
  return `room-${String(room).padStart(2, "0")}`;
}

const profiler = new Session();

function post(method, params = {}) {
  return new Promise((resolve, reject) =>
    profiler.post(method, params, (error, result) => (error ? reject(error) : resolve(result))),
  );
}

/** Memory is read when the heap has come to rest: what is measured is what a connection keeps, not what opening it left behind. */
async function settle() {
  if (typeof globalThis.gc !== "function") return;
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await delay(150);
  }
}

async function answer(request) {
  if (request.type === "sample") {
    if (request.settled) await settle();
    // The CPU time is read last: settling is paid before the window opens.
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    return { type: "sample", cpu: cpu.user + cpu.system, rss: memory.rss, heap: memory.heapUsed };
  }
  if (request.type === "profile-start") {
    profiler.connect();
    await post("Profiler.enable");
    await post("Profiler.setSamplingInterval", { interval: 200 });
    await post("Profiler.start");
    return { type: "profiling" };
  }
  const { profile } = await post("Profiler.stop");
  writeFileSync(request.file, JSON.stringify(profile));
  return { type: "profiled" };
}

/** Listens on a free port of the loopback interface, says which, and answers the samples until the parent goes away. */
export function measured(server) {
  server.listen(0, "127.0.0.1", () => process.send({ type: "listening", port: server.address().port }));
  process.on("message", async (request) => process.send(await answer(request)));
  process.on("disconnect", () => process.exit());
  // The parent ends the run on Ctrl-C, in order; the terminal sends the signal to the whole group.
  process.on("SIGINT", () => {});
}
