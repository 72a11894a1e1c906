// What keeps messages cheap, counted exactly: encodes, writes, shared frames, listeners, timers, turns, objects and copied bytes. Each fails when its optimisation is gone.
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { nodePlatform } from "../../../src/node/platform.js";
import { processHost } from "../../../src/node/process-host.js";
import { PROTOCOL_3_MESSAGES } from "../../../src/packet/message-form.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { PayloadCodec } from "../../../src/packet/payload.js";
import type { ServerOptions } from "../../../src/server/server-options.js";
import type { Socket } from "../../../src/server/socket.js";
import { Deadline, Deadlines } from "../../../src/session/deadlines.js";
import { counted } from "../../support/counting.js";
import { FakePlatform } from "../../support/fake-platform.js";
import { clientFrame, MemoryNet, type MemorySocket, WEBSOCKET_HEADERS } from "../../support/memory-net.js";
import { LARGE, type Made } from "../../support/message-steps.js";
import { memoryServer } from "../server/fake-connection.js";

const CROWD = 20;
const DEFLATE = [
  "Sec-WebSocket-Extensions",
  "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
];

interface Peer {
  readonly wire: MemorySocket;
  readonly socket: Socket;
  /** What the server handed to the socket since it was last asked: the very buffers. */
  taken(): Uint8Array[];
}

function text(packet: string): Buffer {
  return clientFrame(0x81, Buffer.from(packet));
}

function connect(net: MemoryNet, headers: readonly string[] = []): Peer {
  let joined: Socket | undefined;
  net.io.once("connection", (socket) => {
    joined = socket;
  });
  const wire = net.upgrade("/socket.io/?EIO=4&transport=websocket", [...WEBSOCKET_HEADERS, ...headers]);
  wire.receive(text("40"));
  const write = vi.spyOn(wire, "write");
  const taken = (): Uint8Array[] => {
    const buffers = write.mock.calls.map(([chunk]) => chunk as Uint8Array);
    write.mockClear();
    return buffers;
  };
  if (joined === undefined) throw new Error("the namespace was not joined");
  return { wire, socket: joined, taken };
}

function crowd(
  options: Partial<ServerOptions> = {},
  headers: readonly string[] = [],
): { net: MemoryNet; peers: Peer[] } {
  const net = new MemoryNet(options);
  const peers = Array.from({ length: CROWD }, () => connect(net, headers));
  onTestFinished(() => {
    for (const { wire } of peers) {
      wire.destroy();
      wire.settle();
    }
    void net.io.close();
  });
  return { net, peers };
}

function endTurn(): void {
  processHost.flushQueue.flushAll();
}

describe("a broadcast", () => {
  it("is encoded once, whatever the number of receivers", () => {
    const { net, peers } = crowd();
    // Asked for what it holds, and then written.
    const toJSON = vi.fn(() => "news");
    peers[0]?.socket.emit("news", { toJSON });
    const forOne = toJSON.mock.calls.length;
    net.io.emit("news", { toJSON });
    endTurn();
    expect(forOne).toBeGreaterThan(0);
    expect(toJSON).toHaveBeenCalledTimes(2 * forOne);
  });

  it("is one buffer that all receivers are handed", () => {
    const { net, peers } = crowd();
    net.io.emit("news", 1);
    endTurn();
    const written = peers.map(({ taken }) => taken());
    expect(written.map(({ length }) => length)).toEqual(Array(CROWD).fill(1));
    expect(new Set(written.flat()).size).toBe(1);
  });

  it("and others of the same turn are joined once, into one buffer for all", () => {
    const { net, peers } = crowd();
    for (let index = 0; index < 8; index++) net.io.emit("news", index);
    endTurn();
    const written = peers.map(({ taken }) => taken());
    expect(written.map(({ length }) => length)).toEqual(Array(CROWD).fill(1));
    expect(new Set(written.flat()).size).toBe(1);
  });

  it("is compressed once for all who keep no context", () => {
    const { net, peers } = crowd({ perMessageDeflate: { threshold: 0 } }, DEFLATE);
    net.io.emit("news", "to all of you ".repeat(20));
    endTurn();
    const frames = peers.map(({ taken }) => taken().at(-1));
    expect(frames[0]?.[0]).toBe(0xc1);
    expect(new Set(frames).size).toBe(1);
  });

  it("of bytes is written in Base64 once for all who poll", () => {
    const toBase64 = vi.fn(nodePlatform.toBase64);
    const codec = new PayloadCodec({ ...nodePlatform, toBase64 });
    const packet = new Outgoing('451-["news",{"_placeholder":true,"num":0}]', [Buffer.alloc(100)]);
    packet.shared = true;
    for (let index = 0; index < CROWD; index++) codec.write([packet]);
    expect(toBase64).toHaveBeenCalledTimes(1);
  });

  it("of bytes is rewritten once for all clients of protocol 3", () => {
    const packet = new Outgoing('451-["news",{"_placeholder":true,"num":0}]', [Buffer.alloc(100)]);
    packet.shared = true;
    expect(PROTOCOL_3_MESSAGES.write(packet)).toBe(PROTOCOL_3_MESSAGES.write(packet));
  });
});

describe("a turn", () => {
  it("writes once to a connection, whatever is sent to it", () => {
    const { net, peers } = crowd();
    const [{ wire, socket, taken }] = peers as [Peer];
    socket.on("work", (step: number) => {
      socket.emit("done", step);
      socket.broadcast.emit("seen", step);
      net.io.emit("news", step);
    });
    wire.receive(Buffer.concat(Array.from({ length: 16 }, (_, step) => text(`42${step}["work",${step}]`))));
    expect(taken()).toHaveLength(1);
    expect(peers.slice(1).map((peer) => peer.taken().length)).toEqual(Array(CROWD - 1).fill(1));
  });

  it("that reads has written when the read is over, and asks for no other turn", async () => {
    const { peers } = crowd();
    await turn();
    const [{ wire, socket, taken }] = peers as [Peer];
    socket.on("echo", (body: unknown) => socket.emit("echo", body));
    const soon = vi.spyOn(process, "nextTick").mockClear();
    wire.receive(text('42["echo",1]'));
    expect(taken()).toHaveLength(1);
    expect(soon).not.toHaveBeenCalled();
  });

  it("outside of a read asks once for its end, for all connections", async () => {
    const { peers } = crowd();
    await turn();
    const soon = vi.spyOn(process, "nextTick").mockClear();
    for (let index = 0; index < 5; index++) for (const { socket } of peers) socket.emit("news", index);
    const asked = soon.mock.calls.map(([task]) => String(task));
    expect(asked, asked.join("\n")).toHaveLength(1);
    expect(peers.map(({ taken }) => taken().length)).toEqual(Array(CROWD).fill(0));
    await turn();
    expect(peers.map(({ taken }) => taken().length)).toEqual(Array(CROWD).fill(1));
  });
});

describe("a connection", () => {
  it("has one listener of its own for each event of its socket, and shares them all with the others", () => {
    const { peers } = crowd();
    const [first, second] = peers as [Peer, Peer];
    const events = first.wire.eventNames();
    expect(events.map(String).sort()).toEqual(["close", "data", "drain", "end", "error"]);
    for (const event of events) {
      expect(first.wire.listeners(event)).toHaveLength(1);
      expect(second.wire.listeners(event)).toEqual(first.wire.listeners(event));
    }
  });

  it("has no timer of its own: a hundred of them, joined or not, hold one", () => {
    const { clock, connect: open, join } = memoryServer();
    for (let index = 0; index < 50; index++) {
      open();
      join();
    }
    expect(clock.timerCount).toBe(1);
  });

  it("has no timer of its own for its heartbeat", () => {
    const timer = vi.spyOn(globalThis, "setTimeout").mockClear();
    crowd();
    // The first deadline of a process sets it, and a sooner one sets it anew.
    expect(timer.mock.calls.length).toBeLessThanOrEqual(2);
  });

  it("leaves no timer behind when it is the last to go", () => {
    const clock = new FakePlatform();
    const deadlines = new Deadlines(clock);
    const all = Array.from({ length: 100 }, () => new Deadline({ onDeadline() {} }));
    for (const [index, deadline] of all.entries()) deadlines.set(deadline, 20_000 + index * 100);
    expect(clock.timerCount).toBe(1);
    for (const deadline of all) deadlines.clear(deadline);
    expect(clock.timerCount).toBe(0);
  });

  it("keeps no room, no table of acknowledgements and no data that it does not use", () => {
    const { net, peers } = crowd();
    const { adapter } = net.io.sockets as unknown as {
      adapter: { memory: { members: Map<string, unknown>; joined: Map<string, unknown> } };
    };
    expect([adapter.memory.members.size, adapter.memory.joined.size]).toEqual([0, 0]);
    const { pendingAcks, ownData, ownHandshake, middlewares, flags } = (peers[0] as Peer).socket as unknown as Record<
      string,
      unknown
    >;
    expect([pendingAcks, ownData, ownHandshake, middlewares, flags]).toEqual(Array(5).fill(undefined));
  });
});

/** What a message may make and copy. Less is better, and then these figures go down. */
const ALLOWANCES: Readonly<Record<string, Made>> = {
  ignored: { objects: {}, buffers: 0, bytesCopied: 0 },
  pong: { objects: {}, buffers: 0, bytesCopied: 0 },
  // A string is handed to Node, which needs no buffer for it.
  echo: { objects: { Outgoing: 1 }, buffers: 0, bytesCopied: 0 },
  ask: { objects: { Outgoing: 1 }, buffers: 0, bytesCopied: 0 },
  // One frame, for twenty receivers.
  cast: { objects: { Outgoing: 1, BroadcastOperator: 1, Set: 2 }, buffers: 1, bytesCopied: 0 },
  emit: { objects: { Outgoing: 1, BroadcastOperator: 2, Set: 3 }, buffers: 1, bytesCopied: 0 },
  "large bytes": { objects: { Outgoing: 1 }, buffers: 4, bytesCopied: 0 },
  "large bytes in chunks": {
    objects: { Outgoing: 1, MessageAssembler: 1, OpenFrame: 1 },
    buffers: 5,
    bytesCopied: LARGE,
  },
};

function excess(made: Made, allowed: Made): string[] {
  const objects = Object.entries(made.objects).map(
    ([name, count]) => [name, count, allowed.objects[name] ?? 0] as const,
  );
  const all = [
    ...objects,
    ["buffers", made.buffers, allowed.buffers],
    ["bytes copied", made.bytesCopied, allowed.bytesCopied],
  ] as const;
  return all.flatMap(([what, count, most]) => (count > most ? [`${what}: ${count}, allowed ${most}`] : []));
}

describe("a message", () => {
  let made: Record<string, Made>;
  beforeAll(async () => {
    made = await counted<Record<string, Made>>("message-steps.ts");
  }, 120_000);

  for (const [name, allowed] of Object.entries(ALLOWANCES)) {
    it(`makes and copies no more than it must: ${name}`, () => {
      const { objects } = made[name] as Made;
      // It is known that the counting sees them.
      expect(Object.keys(objects)).toEqual(expect.arrayContaining(Object.keys(allowed.objects).slice(0, 1)));
      expect(excess(made[name] as Made, allowed)).toEqual([]);
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});
