// Growth benches: the process of a million sessions over transports in memory. The task comes as JSON in argv; a finding for each population leaves over IPC.
import { setImmediate as turn } from "node:timers/promises";
import { engineOf, sent } from "./engines.mjs";

/** @type {{ subject: string, populations: number[] }} */
const { subject, populations } = JSON.parse(process.argv[2] ?? "{}");

const BODY = "0123456789abcdef0123456789abcdef";
/** Sessions that come, take part and go again at each population: their steps are measured. */
const GUESTS = 1000;
const ROOM_SIZE = 10;
const ROUNDS = 3;
/** Deliveries of a measurement: enough for microseconds to come out of a clock of milliseconds. */
const DELIVERIES = 200_000;
/** Sessions that are opened between two words to the parent. */
const CHUNK = 5000;

const engine = await engineOf(subject);
const { io } = engine;
const sockets = [];
io.on("connection", (socket) => sockets.push(socket));

async function open() {
  const transport = await engine.open();
  engine.receive(transport, "0");
  return transport;
}

/** Socket.IO does part of its work in later turns. */
async function quiet() {
  await turn();
  await turn();
}

/** Microseconds of CPU of this process, user and system, that `work` took for each of `count`. */
async function cost(count, work) {
  const before = process.cpuUsage();
  await work();
  await quiet();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function memory() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

async function broadcastCost(population) {
  const times = Math.max(2, Math.ceil(DELIVERIES / population));
  const emit = async () => {
    for (let i = 0; i < times; i++) {
      io.emit("cast", BODY);
      await turn();
    }
  };
  // The first ones compile.
  for (let warm = 0; warm < 20_000; warm += population) io.emit("cast", BODY);
  await quiet();
  const values = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = sent.packets;
    values.push(await cost(times * population, emit));
    if (sent.packets - before !== times * population) {
      throw new Error(`${sent.packets - before} packets were sent instead of ${times * population}`);
    }
  }
  return median(values);
}

/** A thousand guests among those who are there: what each of their steps costs. */
async function guestRound() {
  const transports = [];
  sockets.length = 0;
  const connect = await cost(GUESTS, async () => {
    for (let i = 0; i < GUESTS; i++) transports.push(await open());
  });
  if (sockets.length !== GUESTS) throw new Error(`${sockets.length} of ${GUESTS} guests were announced`);
  const guests = [...sockets];
  const join = await cost(GUESTS, () => {
    for (const [i, socket] of guests.entries()) socket.join(`guests ${Math.floor(i / ROOM_SIZE)}`);
  });
  const emit = await cost(GUESTS, () => {
    for (const socket of guests) socket.emit("news", BODY);
  });
  const room = await cost(GUESTS / ROOM_SIZE, () => {
    for (let i = 0; i < GUESTS / ROOM_SIZE; i++) io.to(`guests ${i}`).emit("news", BODY);
  });
  const leave = await cost(GUESTS, () => {
    for (const [i, socket] of guests.entries()) socket.leave(`guests ${Math.floor(i / ROOM_SIZE)}`);
  });
  const disconnect = await cost(GUESTS, () => {
    for (const transport of transports) engine.close(transport);
  });
  sockets.length = 0;
  return { connect, join, emit, room, leave, disconnect };
}

async function guestCosts(rounds) {
  const measured = [];
  for (let round = 0; round < rounds; round++) measured.push(await guestRound());
  const names = Object.keys(measured[0]);
  return Object.fromEntries(names.map((name) => [name, median(measured.map((each) => each[name]))]));
}

// Everything is compiled, and what is made late is there.
await guestCosts(8);
const empty = memory();
const kept = [];
for (const population of populations) {
  while (kept.length < population) {
    kept.push(await open());
    if (kept.length % CHUNK === 0) {
      await turn();
      process.send({ type: "opened", count: kept.length });
    }
  }
  sockets.length = 0;
  await quiet();
  const { heap, rss } = memory();
  process.send({ type: "opened", count: kept.length });
  const steps = await guestCosts(ROUNDS + 2);
  const broadcast = await broadcastCost(population);
  process.send({
    type: "found",
    population,
    heap: (heap - empty.heap) / population,
    rss: (rss - empty.rss) / population,
    broadcast,
    steps,
  });
}
process.send({ type: "done" });
process.on("disconnect", () => process.exit());
process.on("SIGINT", () => {});
