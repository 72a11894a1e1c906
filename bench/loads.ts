// Benchmarks: the loads and the subjects, by name. Everything that a figure depends on is stated here.

export type Kind = "echo" | "fanout" | "rooms" | "open" | "polling";
export type Message = "echo" | "ack" | "binary" | "cast" | "publish" | "none";
export type SubjectName = "vaiven" | "socket.io" | "socket.io-lean" | "ws" | "net" | OwnEnds;
/** vaivén at both ends, without acknowledged delivery and with it: the subjects of `npm run bench -- delivery`. */
export type OwnEnds = "own-ends" | "delivery";

export interface Subject {
  readonly name: SubjectName;
  readonly title: string;
  /** File in bench/servers/. */
  readonly server: string;
  /** What its peers speak: Engine.IO and Socket.IO, texts over a bare WebSocket, or bytes. */
  readonly speaks: "socket.io" | "text" | "bytes";
  readonly variant?: string;
  /** Its clients say that they are vaivén's, and do what those do. */
  readonly isOwn?: boolean;
  /** Of its server. */
  readonly nodeArguments?: readonly string[];
}

/**
 * V8's young generation as large as it becomes by itself under these loads within half a minute: with the first messages that are kept, or without any.
 * Otherwise a short window compares a large one with a small one, which the processor's cache holds: that is worth up to a fifth of an echo, to any library.
 */
const GROWN: readonly string[] = ["--min-semi-space-size=16"];

export const SUBJECTS: Record<SubjectName, Subject> = {
  vaiven: { name: "vaiven", title: "vaivén", server: "vaiven.mjs", speaks: "socket.io" },
  "socket.io": { name: "socket.io", title: "socket.io", server: "socket.io.mjs", speaks: "socket.io" },
  "socket.io-lean": {
    name: "socket.io-lean",
    title: "socket.io, request = null",
    server: "socket.io.mjs",
    speaks: "socket.io",
    variant: "request = null",
  },
  ws: { name: "ws", title: "bare ws", server: "ws.mjs", speaks: "text" },
  net: { name: "net", title: "net control", server: "net.mjs", speaks: "bytes" },
  "own-ends": {
    name: "own-ends",
    title: "vaivén at both ends",
    server: "vaiven.mjs",
    speaks: "socket.io",
    isOwn: true,
    nodeArguments: GROWN,
  },
  delivery: {
    name: "delivery",
    title: "vaivén, delivery on",
    server: "vaiven.mjs",
    speaks: "socket.io",
    variant: "delivery",
    isOwn: true,
    nodeArguments: GROWN,
  },
};

export interface Load {
  readonly name: string;
  readonly title: string;
  readonly kind: Kind;
  readonly message: Message;
  readonly clients: number;
  /** Messages that each client (echo) or the one sender (fan-out, rooms) keeps unanswered. */
  readonly inFlight: number;
  readonly subjects: readonly SubjectName[];
  /** What one unit of the figure is. */
  readonly unit: "µs/message" | "µs/connection" | "KB/connection";
  /** Aim: at least so many times less than socket.io. Undefined where none was set. */
  readonly target?: number;
  /** With `perMessageDeflate: true` and messages of 2 KB, which each library then compresses by its own policy. */
  readonly isCompressed?: boolean;
  /** Rounds at most, where one takes long and differs little from the next. */
  readonly mostRounds?: number;
}

const ALL: readonly SubjectName[] = ["vaiven", "socket.io", "ws", "net"];

/** Receivers of one broadcast of the load "rooms"; see bench/servers/measured.mjs for who is in which room. */
export const ROOM_SIZE = 100;

export const LOADS: readonly Load[] = [
  {
    name: "echo-1",
    title: "echo, 100 clients, 1 in flight",
    kind: "echo",
    message: "echo",
    clients: 100,
    inFlight: 1,
    subjects: ALL,
    unit: "µs/message",
    target: 1.4,
  },
  {
    name: "echo-16",
    title: "echo, 100 clients, 16 in flight",
    kind: "echo",
    message: "echo",
    clients: 100,
    inFlight: 16,
    subjects: ALL,
    unit: "µs/message",
    target: 8,
  },
  {
    name: "fanout-1",
    title: "fan-out to 1,000, 1 in flight",
    kind: "fanout",
    message: "cast",
    clients: 1000,
    inFlight: 1,
    subjects: ALL,
    unit: "µs/message",
    target: 1.35,
  },
  {
    name: "fanout-8",
    title: "fan-out to 1,000, 8 in flight",
    kind: "fanout",
    message: "cast",
    clients: 1000,
    inFlight: 8,
    subjects: ALL,
    unit: "µs/message",
    target: 12,
  },
  {
    name: "rooms",
    title: "100 rooms of 100, 16 broadcasts in flight",
    kind: "rooms",
    message: "publish",
    clients: 1000,
    inFlight: 16,
    subjects: ALL,
    unit: "µs/message",
    target: 3,
  },
  {
    name: "memory",
    title: "10,000 idle connections",
    kind: "open",
    message: "none",
    clients: 10_000,
    inFlight: 0,
    subjects: ["vaiven", "socket.io", "socket.io-lean", "ws", "net"],
    unit: "KB/connection",
    target: 3.5,
    mostRounds: 2,
  },
  {
    name: "connect",
    title: "connecting: handshake to CONNECT",
    kind: "open",
    message: "none",
    clients: 4000,
    inFlight: 0,
    subjects: ALL,
    unit: "µs/connection",
    target: 3,
  },
  {
    name: "ack-16",
    title: "acknowledged request, 16 in flight",
    kind: "echo",
    message: "ack",
    clients: 100,
    inFlight: 16,
    subjects: ALL,
    unit: "µs/message",
    target: 6,
  },
  {
    name: "binary-100k",
    title: "100 KB binary echo, 2 in flight",
    kind: "echo",
    message: "binary",
    clients: 20,
    inFlight: 2,
    subjects: ALL,
    unit: "µs/message",
    target: 1.5,
  },
  {
    name: "polling",
    title: "polling, 100 clients, 1 in flight",
    kind: "polling",
    message: "echo",
    clients: 100,
    inFlight: 1,
    subjects: ["vaiven", "socket.io", "net"],
    unit: "µs/message",
    target: 2,
  },
  {
    name: "deflate-echo",
    title: "2 KB compressed, echo, 100 clients, 4 in flight",
    kind: "echo",
    message: "echo",
    clients: 100,
    inFlight: 4,
    subjects: ["vaiven", "socket.io", "ws"],
    unit: "µs/message",
    isCompressed: true,
  },
  {
    name: "deflate-fanout",
    title: "2 KB compressed, fan-out to 100, 1 in flight",
    kind: "fanout",
    message: "cast",
    clients: 100,
    inFlight: 1,
    subjects: ["vaiven", "socket.io", "ws"],
    unit: "µs/message",
    isCompressed: true,
  },
];

/** The loads that the words name: a whole name, or the part before the hyphen ("echo" is echo-1 and echo-16). */
export function loadsNamed(words: readonly string[]): readonly Load[] {
  if (words.length === 0) return LOADS;
  const found = words.flatMap((word) => {
    const named = LOADS.filter((load) => load.name === word || load.name.split("-")[0] === word);
    if (named.length === 0) throw new Error(`unknown load "${word}": ${LOADS.map(({ name }) => name).join(", ")}`);
    return named;
  });
  return [...new Set(found)];
}
