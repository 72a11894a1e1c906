// Test support: the steps of a connection's life, each done in a small crowd and in a large one, and the work that it took (growth-program.ts runs them).
import { processHost } from "../../src/node/process-host.js";
import type { Socket } from "../../src/server/socket.js";
import { memoryServer } from "../unit/server/fake-connection.js";
import { clientFrame, MemoryNet, type MemorySocket, WEBSOCKET_HEADERS } from "./memory-net.js";
import type { Work, WorkMeter } from "./work-meter.js";

const FEW = 8;
const MANY = 400;
/** A heap of deadlines, a new slab, a new bucket: what may differ between two runs of the same step. What visits the others differs by hundreds. */
const NOISE = 40;

const text = (packet: string): Buffer => clientFrame(0x81, Buffer.from(packet));

interface Crowd {
  readonly net: MemoryNet;
  /** One client more, with its namespace joined. */
  arrive(): { peer: MemorySocket; socket: Socket };
  close(): void;
}

/** A server with `size` clients, each in a room of its own making and in one of ten shared rooms, and `size` rooms of two. */
function crowd(size: number): Crowd {
  const net = new MemoryNet({});
  const peers: MemorySocket[] = [];
  let newest: Socket | undefined;
  net.io.on("connection", (socket) => {
    newest = socket;
    socket.on("ask", (reply: () => void) => reply());
    socket.on("pass on", () => socket.to("measured").emit("news", 1));
  });
  const arrive = (): { peer: MemorySocket; socket: Socket } => {
    const peer = net.upgrade("/socket.io/?EIO=4&transport=websocket", WEBSOCKET_HEADERS);
    peers.push(peer);
    peer.receive(text("40"));
    if (newest === undefined) throw new Error("the namespace was not joined");
    return { peer, socket: newest };
  };
  for (let index = 0; index < size; index++) {
    const { socket } = arrive();
    void socket.join([`mine ${index}`, `shared ${index % 10}`, `pair ${index >> 1}`]);
  }
  const close = (): void => {
    for (const peer of peers) {
      peer.destroy();
      peer.settle();
    }
    void net.io.close();
  };
  return { net, arrive, close };
}

/** Places of the code that ran much more often in `many` than in `few`. */
function grown(few: Work, many: Work): string[] {
  return [...many].flatMap(([place, count]) => {
    const before = few.get(place) ?? 0;
    return count > before + NOISE ? [`${place}: ${before} times with ${FEW} others, ${count} with ${MANY}`] : [];
  });
}

/** What is done in a crowd before the step, and the step. */
type Step = (crowd: Crowd) => () => void;

function measured(meter: WorkMeter, scene: Crowd, prepare: Step): Work {
  // What runs once for a server or a process has run.
  for (let round = 0; round < 2; round++) {
    prepare(scene)();
    processHost.flushQueue.flushAll();
  }
  const step = prepare(scene);
  return meter.measure(() => {
    step();
    processHost.flushQueue.flushAll();
  });
}

/** By what they do, as the test says it. */
export const STEPS: Readonly<Record<string, Step>> = {
  connecting:
    ({ arrive }) =>
    () =>
      void arrive(),
  "joining a room": ({ arrive }) => {
    const { socket } = arrive();
    return () => void socket.join("measured");
  },
  "joining a room that others made": ({ arrive }) => {
    const { socket } = arrive();
    return () => void socket.join("mine 3");
  },
  "leaving a room": ({ arrive }) => {
    const { socket } = arrive();
    void socket.join("measured");
    return () => void socket.leave("measured");
  },
  "asking for one's rooms": ({ arrive }) => {
    const { socket } = arrive();
    return () => void socket.rooms;
  },
  "emitting to one": ({ arrive }) => {
    const { socket } = arrive();
    return () => void socket.emit("news", 1);
  },
  "emitting to one by its id": ({ net, arrive }) => {
    const { socket } = arrive();
    return () => void net.io.to(socket.id).emit("news", 1);
  },
  "emitting to a room of two": ({ net }) => {
    return () => void net.io.to("pair 1").emit("news", 1);
  },
  "emitting to several rooms": ({ net }) => {
    return () => void net.io.to(["pair 1", "pair 2", "mine 3"]).emit("news", 1);
  },
  "emitting to a room but some": ({ net, arrive }) => {
    const { socket } = arrive();
    return () => void net.io.to("pair 1").except(["mine 2", socket.id]).emit("news", 1);
  },
  "an event of a client that is passed on to its room": ({ arrive }) => {
    const { peer, socket } = arrive();
    void socket.join("measured");
    return () => peer.receive(text('42["pass on"]'));
  },
  acknowledging: ({ arrive }) => {
    const { peer } = arrive();
    return () => peer.receive(text('421["ask"]'));
  },
  "asking one for an acknowledgement in time": ({ arrive }) => {
    const { peer, socket } = arrive();
    return () => {
      socket.timeout(60_000).emit("question", () => {});
      socket.disconnect(true);
      peer.settle();
    };
  },
  "a heartbeat": ({ arrive }) => {
    const { peer } = arrive();
    return () => peer.receive(text("3"));
  },
  "disconnecting by the server": ({ arrive }) => {
    const { peer, socket } = arrive();
    void socket.join(["measured", "mine 1"]);
    return () => {
      socket.disconnect(true);
      peer.destroy();
      peer.settle();
    };
  },
  "a client that goes": ({ arrive }) => {
    const { peer, socket } = arrive();
    void socket.join(["measured", "mine 1"]);
    return () => {
      peer.destroy();
      peer.settle();
    };
  },
};

/** A step that must grow, so that it is known that growth would be seen. */
const broadcast: Step = ({ net }) => {
  return () => void net.io.emit("news", 1);
};

/** On a clock of its own: the answers of a room of two do not come in time. */
function lateAnswers(meter: WorkMeter, size: number): Work {
  const { io, clock, join } = memoryServer();
  for (let index = 0; index < size; index++) join();
  io.in([...io.sockets.sockets.keys()].slice(0, 2)).socketsJoin("measured");
  let failed = 0;
  const work = meter.measure(() => {
    io.to("measured")
      .timeout(100)
      .emit("ask", () => failed++);
    clock.advance(200);
  });
  if (failed !== 1) throw new Error("the callback was not told of the timeout");
  return work;
}

export interface Findings {
  /** Places of each step that run more often among many, and how many places were looked at. */
  readonly grown: Readonly<Record<string, readonly string[]>>;
  readonly places: Readonly<Record<string, number>>;
}

/** The crowds one after the other: what processes share, such as the deadlines, holds one of them at a time. */
function inCrowdOf(size: number, meter: WorkMeter): Map<string, Work> {
  const scene = crowd(size);
  const works = new Map<string, Work>();
  for (const [name, step] of Object.entries({ ...STEPS, broadcast })) works.set(name, measured(meter, scene, step));
  works.set("late answers", lateAnswers(meter, size));
  scene.close();
  return works;
}

export function measureAll(meter: WorkMeter): Findings {
  const few = inCrowdOf(FEW, meter);
  const many = inCrowdOf(MANY, meter);
  const grownOf: Record<string, readonly string[]> = {};
  const places: Record<string, number> = {};
  for (const [name, work] of few) {
    grownOf[name] = grown(work, many.get(name) ?? new Map());
    places[name] = work.size;
  }
  return { grown: grownOf, places };
}
