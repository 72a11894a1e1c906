// The clients of a soak: each place is taken by one after the other, and some of those who come are no clients at all.
// They fill processes of their own, each of which has some of the places.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { io, type Socket } from "../../src/entry/client.js";

/** What one process is told. */
export interface CrowdSettings {
  readonly port: number;
  /** Places of clients. */
  readonly places: number;
  /** Places that are filled in a second at the beginning. */
  readonly arrivals: number;
  readonly rooms: number;
  /** How long a client stays on average, in ms: from a tenth to nearly twice of it. */
  readonly stay: number;
  /** How long a client waits between two actions on average, in ms. */
  readonly pause: number;
}

interface Crowd extends CrowdSettings {
  readonly url: string;
  isOver(): boolean;
}

/** One in so many places is taken by somebody who is no client. */
const CLIENTS_A_STRANGER = 50;

const pick = (below: number): number => Math.floor(Math.random() * below);
export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const TRANSPORTS = [["websocket"], ["websocket"], ["polling"], ["polling", "websocket"]];
const TEXT = "a line of text that is neither short nor long. ".repeat(40);

function act(socket: Socket, crowd: Crowd): void {
  const room = `room ${pick(crowd.rooms)}`;
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
    () => socket.emit("ask room", room),
    () => socket.volatile.emit("echo", 1, () => {}),
    () => socket.emit("fail"),
    () => visit(socket, `/topic-${pick(20)}`),
  ];
  actions[pick(actions.length)]?.();
  if (pick(50) === 0)
    void socket
      .timeout(20_000)
      .emitWithAck("echo", Buffer.alloc(100_000))
      .catch(() => {});
  if (pick(200) === 0) socket.emit("kick");
  if (pick(2000) === 0) socket.emit("tell all");
  // The network fails: the client comes back to its session by itself.
  if (pick(30) === 0) socket.io.engine?.close();
}

/** Joins a dynamic namespace for a moment. */
function visit(socket: Socket, name: string): void {
  const topic = socket.io.socket(name);
  topic.emit("hello");
  setTimeout(() => topic.disconnect(), 1000 + pick(5000));
}

/** One place: a client comes, stays a while, leaves in one of several ways, and the next one comes. */
async function occupy(crowd: Crowd): Promise<void> {
  while (!crowd.isOver()) {
    const socket = io(crowd.url, {
      forceNew: true,
      transports: TRANSPORTS[pick(TRANSPORTS.length)] ?? [],
      // Where the machine is busy with something else, ten thousand impatient clients would only be in their own way.
      timeout: 60_000,
      reconnectionDelayMax: 30_000,
    });
    socket.on("asked", (answer: (n: number) => void) => answer(1));
    const leaves = performance.now() + crowd.stay * (0.1 + 1.8 * Math.random());
    while (!crowd.isOver() && performance.now() < leaves) {
      await wait(Math.min((0.5 + Math.random()) * crowd.pause, Math.max(leaves - performance.now(), 0) + 1));
      if (socket.connected) act(socket, crowd);
      else if (!socket.active) break;
    }
    // Half of them say good-bye; the others are cut off.
    if (pick(2) === 0) socket.io.engine?.close();
    socket.disconnect();
  }
}

const UPGRADE =
  "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
const MASKED = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]);

/** What those send who are no clients: half a request, a session that is never joined, frames of nothing, pieces of a message that never ends. */
const STRANGE: readonly (readonly (string | Uint8Array)[])[] = [
  ["GET /socket.io/?EIO=4&trans"],
  ["GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
  ["POST /socket.io/?EIO=4&transport=polling&sid=nobody HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n4"],
  [UPGRADE],
  [UPGRADE, Buffer.alloc(500, 0xff)],
  [
    UPGRADE,
    MASKED,
    Buffer.from([0x01, 0x81, 0, 0, 0, 0, 0x34]),
    ...Array(200).fill(Buffer.from([0, 0x80, 0, 0, 0, 0])),
  ],
  [UPGRADE, MASKED, Buffer.from([0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0]), Buffer.alloc(30_000)],
  [UPGRADE, MASKED, ...Array(200).fill(Buffer.from([0x89, 0x80, 0, 0, 0, 0]))],
];

/** A place of somebody who is no client: comes, sends one of {@link STRANGE}, is silent for a while, and is gone without a word. */
async function intrude(crowd: Crowd): Promise<void> {
  while (!crowd.isOver()) {
    const socket = connect(crowd.port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    for (const piece of STRANGE[pick(STRANGE.length)] ?? []) socket.write(piece);
    await wait(1000 + pick(10_000));
    socket.resetAndDestroy();
  }
}

/** Fills its places, says so, and leaves when a line comes. */
export async function gather(settings: CrowdSettings): Promise<void> {
  let isOver = false;
  const crowd: Crowd = { ...settings, url: `http://127.0.0.1:${settings.port}`, isOver: () => isOver };
  const end = once(createInterface({ input: process.stdin }), "line").then(() => {
    isOver = true;
  });
  const places: Promise<void>[] = [];
  const began = performance.now();
  for (let n = 0; n < crowd.places; ) {
    await wait(50);
    // On a busy machine a timer is late, and all who should have come meanwhile come now.
    const due = ((performance.now() - began) / 1000) * crowd.arrivals;
    for (; n < Math.min(due, crowd.places); n++) {
      places.push(occupy(crowd));
      if (n % CLIENTS_A_STRANGER === 0) places.push(intrude(crowd));
    }
  }
  console.log("everybody has come");
  await end;
  await Promise.all(places);
  process.exit(0);
}

/** A process of {@link gather}. */
export class CrowdProcess {
  /** Resolves when every place is taken. */
  readonly full: Promise<unknown>;
  private readonly child: ChildProcess;

  constructor(program: string, settings: CrowdSettings) {
    const args = ["--import", "tsx", program, "--crowd", JSON.stringify(settings)];
    this.child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.full = once(createInterface({ input: this.child.stdout as NodeJS.ReadableStream }), "line");
  }

  /** Everybody leaves. */
  async leave(): Promise<void> {
    const gone = once(this.child, "exit");
    this.child.stdin?.write("over\n");
    await gone;
  }

  stop(): void {
    this.child.kill();
  }
}
