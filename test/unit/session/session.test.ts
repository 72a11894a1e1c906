import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VaivenError } from "../../../src/errors.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { ClientSession, type ClientSessionOptions } from "../../../src/session/client-session.js";
import { Deadlines } from "../../../src/session/deadlines.js";
import { FlushQueue } from "../../../src/session/flush-queue.js";
import type { OpenData } from "../../../src/session/open-data.js";
import { ServerSession, type SessionOptions } from "../../../src/session/server-session.js";
import type { ClientTransport } from "../../../src/session/transport.js";
import { FakePlatform } from "../../support/fake-platform.js";
import {
  MemoryPollingClient,
  MemoryPollingServer,
  MemorySocket,
  memorySocketPair,
  Wire,
} from "../../support/memory-transport.js";

const OPTIONS: SessionOptions = {
  pingInterval: 25_000,
  pingTimeout: 20_000,
  upgradeTimeout: 10_000,
  maxPayload: 1e6,
  maxBufferedBytes: 1000,
  upgrades: ["websocket"],
};

const message = (text: string): Outgoing => new Outgoing(`4${text}`);

class Recorder {
  readonly messages: string[] = [];
  readonly closes: (readonly [string, string | undefined])[] = [];
  readonly errors: (string | undefined)[] = [];
  opened: OpenData | undefined = undefined;
  drains = 0;
  onOpen(data: OpenData): void {
    this.opened = data;
  }
  onMessage(packet: string, start: number): void {
    this.messages.push(packet.slice(start));
  }
  onBinary(bytes: Uint8Array): void {
    this.messages.push(`bytes:${Buffer.from(bytes).toString("hex")}`);
  }
  onDrain(): void {
    this.drains++;
  }
  onClose(reason: string, description: unknown): void {
    this.closes.push([reason, description instanceof VaivenError ? description.code : undefined]);
  }
  onError(error: VaivenError): void {
    this.errors.push(error.code);
  }
}

function hostOf(platform = new FakePlatform()) {
  return { platform, flushQueue: new FlushQueue(platform.soon), deadlines: new Deadlines(platform) };
}

function serverScene(options: Partial<SessionOptions> = {}, protocol: 3 | 4 = 4) {
  const host = hostOf();
  const wire = new Wire();
  const socket = new MemorySocket(wire);
  socket.opened = true;
  const sink = new Recorder();
  const session = new ServerSession("id", protocol, socket, sink, { ...OPTIONS, ...options }, host);
  return { ...host, wire, socket, sink, session };
}

describe("a server session", () => {
  it("begins with the open packet, and what is sent in the same turn leaves in the same write", () => {
    const { session, socket, platform } = serverScene();
    session.open({ vaiven: { v: 1, caps: [] } }, message("initial"));
    session.send(message("a"));
    platform.settle();
    expect(socket.sent).toEqual([
      [
        '0{"sid":"id","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000,"vaiven":{"v":1,"caps":[]}}',
        "4initial",
        "4a",
      ],
    ]);
  });

  it("collects what handlers send while a chunk is read and writes it when the read ends, without waiting for the turn", () => {
    const { session, socket, flushQueue, platform } = serverScene();
    session.open();
    platform.settle();
    flushQueue.enter();
    session.send(message("a"));
    session.send(message("b"));
    expect(socket.sent).toHaveLength(1);
    flushQueue.leave();
    expect(socket.sent[1]).toEqual(["4a", "4b"]);
  });

  it("is writable for one packet a turn: the rule of volatile packets", () => {
    const { session, platform } = serverScene();
    session.open();
    expect(session.writable).toBe(false);
    platform.settle();
    expect(session.writable).toBe(true);
    session.send(message("a"));
    expect(session.writable).toBe(false);
    platform.settle();
    expect(session.writable).toBe(true);
  });

  it("pings after each interval and closes when nothing at all comes back in time", () => {
    const { session, socket, platform, sink } = serverScene();
    session.open();
    platform.advance(25_300);
    expect(socket.sent[1]).toEqual(["2"]);
    socket.sink.onText("3");
    platform.advance(25_300);
    expect(socket.sent[2]).toEqual(["2"]);
    platform.advance(19_900);
    expect(sink.closes).toEqual([]);
    platform.advance(400);
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
    expect(socket.ended).toBe(true);
    expect(platform.timerCount).toBe(0);
  });

  it("takes a peer that is busy sending for alive although its pong is late", () => {
    const { session, socket, platform, sink } = serverScene();
    session.open();
    platform.advance(26_000);
    socket.sink.onText("4still uploading");
    platform.advance(20_000);
    expect(sink.closes).toEqual([]);
    platform.advance(26_000 + 20_000);
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
  });

  it("waits for the client's pings in protocol 3, and answers them with their data", () => {
    const { session, socket, platform, sink } = serverScene({}, 3);
    session.open();
    platform.settle();
    platform.advance(40_000);
    socket.sink.onText("2probe?");
    platform.settle();
    expect(socket.sent[1]).toEqual(["3probe?"]);
    platform.advance(40_000);
    expect(sink.closes).toEqual([]);
    platform.advance(6000);
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
  });

  it.each([
    ["9", "parse error", "PACKET_UNKNOWN_TYPE"],
    ["", "parse error", "PACKET_UNKNOWN_TYPE"],
    ["0{}", "transport error", "SESSION_UNEXPECTED_PACKET"],
    ["2", "transport error", "SESSION_UNEXPECTED_PACKET"],
    ["5", "transport error", "SESSION_UNEXPECTED_PACKET"],
  ])("closes on the packet %j as %s with %s", (packet, reason, code) => {
    const { session, socket, sink } = serverScene();
    session.open();
    socket.sink.onText(packet);
    expect(sink.closes).toEqual([[reason, code]]);
    expect(socket.closedWith).toEqual([1002, code]);
    socket.sink.onText("4late");
    expect(sink.messages).toEqual([]);
  });

  it("closes a client that takes too little, after the call that was too much, and counts to the byte", () => {
    const { session, socket, platform, sink } = serverScene();
    session.open();
    platform.settle();
    socket.stalled = true;
    session.send(message("x".repeat(499)));
    expect(session.bufferedAmount).toBe(500);
    session.send(message("x".repeat(499)));
    platform.settle();
    expect(session.bufferedAmount).toBe(1000);
    expect(sink.closes).toEqual([]);
    session.send(message(""));
    expect(sink.closes).toEqual([]);
    platform.settle();
    expect(sink.closes).toEqual([["transport error", "SESSION_BUFFER_FULL"]]);
    expect(session.bufferedAmount).toBe(0);
  });

  it("tells when a stalled client has taken everything", () => {
    const { session, socket, platform, sink } = serverScene();
    session.open();
    platform.settle();
    const before = sink.drains;
    socket.stalled = true;
    session.send(message("a"));
    platform.settle();
    expect(sink.drains).toBe(before);
    socket.release();
    platform.settle();
    expect(sink.drains).toBe(before + 1);
    expect(socket.sent.at(-1)).toEqual(["4a"]);
  });

  it("flushes before it closes, and delivers nothing afterwards", () => {
    const { session, socket, wire, sink } = serverScene();
    session.open();
    for (let i = 0; i < 100; i++) session.send(message(String(i)));
    session.close();
    expect(socket.sent.flat()).toHaveLength(101);
    expect(socket.closedWith?.[0]).toBe(1000);
    socket.sink.onText("4too late");
    session.send(message("too late"));
    while (wire.step());
    expect(sink.closes).toEqual([["forced close", undefined]]);
    expect(sink.messages).toEqual([]);
  });

  it("waits with its close for a stalled client, but not for ever", () => {
    const patient = serverScene();
    patient.session.open();
    patient.platform.settle();
    patient.socket.stalled = true;
    patient.session.send(message("a"));
    patient.session.close();
    expect(patient.socket.closedWith).toBeUndefined();
    patient.socket.release();
    expect(patient.socket.sent.at(-1)).toEqual(["4a"]);
    expect(patient.socket.closedWith?.[0]).toBe(1000);

    const hopeless = serverScene();
    hopeless.session.open();
    hopeless.platform.settle();
    hopeless.socket.stalled = true;
    hopeless.session.send(message("a"));
    hopeless.session.close();
    hopeless.platform.advance(21_000);
    expect(hopeless.sink.closes).toEqual([["forced close", "SESSION_PING_TIMEOUT"]]);
  });

  it("is closed for its owner as soon as the transport has everything, whether or not the peer answers", () => {
    const { session, socket, sink } = serverScene();
    session.open();
    session.close();
    expect(socket.closedWith?.[0]).toBe(1000);
    expect(sink.closes).toEqual([["forced close", undefined]]);
  });

  it("reports packets to an observer that asks for them", () => {
    const { session, socket } = serverScene();
    const seen: string[] = [];
    session.observer = {
      onPacket: (type, data) => seen.push(`in ${type} ${data}`),
      onPacketCreate: (type, data) => seen.push(`out ${type} ${data}`),
      onFlush: (batch) => seen.push(`flush ${batch.length}`),
      onDrain: () => seen.push("drain"),
    };
    session.open();
    session.send(new Outgoing("4a", [Uint8Array.of(1)]));
    session.flush();
    socket.sink.onText("4b");
    expect(seen.slice(1)).toEqual(["out message a", "out message 1", "flush 2", "drain", "in message b"]);
  });
});

interface Scene {
  readonly server: ServerSession;
  readonly client: ClientSession;
  readonly serverSink: Recorder;
  readonly clientSink: Recorder;
  readonly platform: FakePlatform;
  readonly wires: { get: Wire; post: Wire; up: Wire; down: Wire };
  readonly sockets: { client: MemorySocket | undefined; server: MemorySocket | undefined };
}

/** A polling session that upgrades over two further wires. The test decides which wire delivers next. */
function pair(
  options: Partial<ClientSessionOptions> = {},
  onUpgradeRequest?: (server: ServerSession, end: MemorySocket) => void,
): Scene {
  const host = hostOf();
  const wires = { get: new Wire(), post: new Wire(), up: new Wire(), down: new Wire() };
  const sockets: Scene["sockets"] = { client: undefined, server: undefined };
  const serverSink = new Recorder();
  const clientSink = new Recorder();
  const serverPolling = new MemoryPollingServer();
  const server = new ServerSession("id", 4, serverPolling, serverSink, OPTIONS, host);
  const createTransport: ClientSessionOptions["createTransport"] = (name, sid): ClientTransport => {
    if (name === "polling") return new MemoryPollingClient(wires.get, serverPolling, wires.post);
    const ends = memorySocketPair(wires.up, wires.down);
    sockets.client = ends.client;
    sockets.server = ends.server;
    expect(sid).toBe("id");
    if (onUpgradeRequest !== undefined) onUpgradeRequest(server, ends.server);
    else if (!server.offerUpgrade(ends.server)) ends.server.discard();
    return ends.client;
  };
  const client = new ClientSession(
    { transports: ["polling", "websocket"], upgrade: true, tryAllTransports: false, createTransport, ...options },
    host.platform,
    host.flushQueue,
    clientSink,
  );
  server.open({ vaiven: { v: 1, caps: [] } });
  client.open();
  return { server, client, serverSink, clientSink, platform: host.platform, wires, sockets };
}

function runDry({ wires, platform }: Scene, rounds = 200): void {
  for (let i = 0; i < rounds; i++) {
    // A poll that came while the probe was on its way is released after a moment.
    if (i % 50 === 49) platform.advance(150);
    platform.settle();
    for (const wire of Object.values(wires)) {
      wire.step();
      platform.settle();
    }
  }
}

describe("two sessions", () => {
  it("open over polling, upgrade, and tell each other what the open packet says", () => {
    const scene = pair();
    runDry(scene);
    expect(scene.clientSink.opened?.sid).toBe("id");
    expect(scene.clientSink.opened?.vaiven).toEqual({ v: 1, caps: [] });
    expect(scene.client.transport?.name).toBe("websocket");
    expect(scene.server.transport.name).toBe("websocket");
    expect(scene.server.upgrading).toBe(false);
    expect(scene.platform.timerCount).toBe(2);
  });

  it("lose, double and reorder nothing while an upgrade happens, whatever the network delivers first", () => {
    const step = fc.constantFrom<"get" | "post" | "up" | "down" | "client sends" | "server sends" | "settle">(
      "get",
      "post",
      "up",
      "down",
      "client sends",
      "server sends",
      "settle",
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const scene = pair();
        const sent = { client: [] as string[], server: [] as string[] };
        for (const action of steps) {
          if (action === "settle") scene.platform.settle();
          else if (action === "server sends") {
            scene.server.send(message(`s${sent.server.length}`));
            sent.server.push(`s${sent.server.length}`);
          } else if (action === "client sends") {
            if (scene.client.state !== "open") continue;
            scene.client.send(message(`c${sent.client.length}`));
            sent.client.push(`c${sent.client.length}`);
          } else scene.wires[action].step();
          expect(scene.serverSink.messages).toEqual(sent.client.slice(0, scene.serverSink.messages.length));
          expect(scene.clientSink.messages).toEqual(sent.server.slice(0, scene.clientSink.messages.length));
        }
        runDry(scene);
        expect(scene.serverSink.messages).toEqual(sent.client);
        expect(scene.clientSink.messages).toEqual(sent.server);
        expect(scene.client.transport?.name).toBe("websocket");
        expect([...scene.clientSink.closes, ...scene.serverSink.closes]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("go on over polling when the upgrade is refused", () => {
    const scene = pair({}, (_, end) => end.discard());
    runDry(scene);
    scene.client.send(message("a"));
    scene.server.send(message("b"));
    runDry(scene);
    expect(scene.serverSink.messages).toEqual(["a"]);
    expect(scene.clientSink.messages).toEqual(["b"]);
    expect(scene.client.transport?.name).toBe("polling");
  });

  it("go on over polling when the probe is never answered, and the server gives the candidate up in time", () => {
    const scene = pair();
    for (let i = 0; i < 20; i++) {
      scene.wires.get.step();
      scene.platform.settle();
    }
    expect(scene.server.upgrading).toBe(true);
    scene.platform.advance(11_000);
    expect(scene.server.upgrading).toBe(false);
    expect(scene.sockets.server?.ended).toBe(true);
    scene.server.send(message("b"));
    runDry(scene);
    expect(scene.clientSink.messages).toEqual(["b"]);
    expect(scene.client.transport?.name).toBe("polling");
  });

  it("end when the new transport dies between the pause of the old one and the switch, so that a reconnection can help", () => {
    const scene = pair();
    for (let i = 0; i < 50 && scene.wires.down.length === 0; i++) {
      scene.wires.get.step();
      scene.wires.up.step();
      scene.platform.settle();
    }
    scene.wires.down.step();
    scene.sockets.client?.end(new VaivenError("SESSION_TRANSPORT_ERROR", "reset"));
    expect(scene.clientSink.closes).toEqual([["transport error", "SESSION_TRANSPORT_ERROR"]]);
  });

  it("end both when the client closes, after what it sent", () => {
    const scene = pair();
    runDry(scene);
    scene.client.send(message("last"));
    scene.client.close();
    runDry(scene);
    expect(scene.serverSink.messages).toEqual(["last"]);
    expect(scene.clientSink.closes).toEqual([["forced close", undefined]]);
    expect(scene.serverSink.closes).toEqual([["transport close", undefined]]);
    expect(scene.platform.timerCount).toBe(0);
  });

  it("deliver what was sent before a close in the middle of an upgrade", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<keyof Scene["wires"]>("get", "post", "up", "down"), { maxLength: 40 }),
        (steps) => {
          const scene = pair();
          for (const wire of steps) {
            scene.wires[wire].step();
            scene.platform.settle();
          }
          if (scene.client.state !== "open") return;
          scene.client.send(message("last"));
          scene.client.close();
          runDry(scene);
          expect(scene.serverSink.messages).toEqual(["last"]);
          expect(scene.clientSink.closes).toEqual([["forced close", undefined]]);
          expect(scene.serverSink.closes).toHaveLength(1);
        },
      ),
    );
  });

  it("end at once when both close, although no poll comes that could be answered", () => {
    const scene = pair({ upgrade: false });
    runDry(scene);
    scene.wires.get.cut();
    scene.server.send(message("answers the held poll"));
    scene.platform.settle();
    scene.wires.get.cut();
    scene.server.close();
    expect(scene.serverSink.closes).toEqual([]);
    scene.client.close();
    runDry(scene);
    expect(scene.serverSink.closes).toEqual([["forced close", undefined]]);
    expect(scene.platform.timerCount).toBe(0);
  });

  it("end both when the server closes", () => {
    const scene = pair({ upgrade: false });
    runDry(scene);
    scene.server.send(message("last"));
    scene.server.close();
    runDry(scene);
    expect(scene.clientSink.messages).toEqual(["last"]);
    expect(scene.serverSink.closes).toEqual([["forced close", undefined]]);
    expect(scene.clientSink.closes).toEqual([["transport close", undefined]]);
  });
});

describe("a client session", () => {
  function clientScene(options: Partial<ClientSessionOptions> = {}) {
    const host = hostOf();
    const sockets: MemorySocket[] = [];
    const sink = new Recorder();
    const wire = new Wire();
    const session = new ClientSession(
      {
        transports: ["websocket", "polling"],
        upgrade: true,
        tryAllTransports: true,
        createTransport: () => {
          const socket = new MemorySocket(wire);
          sockets.push(socket);
          return socket;
        },
        ...options,
      },
      host.platform,
      host.flushQueue,
      sink,
    );
    session.open();
    return { ...host, session, sockets, sink, wire };
  }
  const OPEN = '0{"sid":"s","upgrades":[],"pingInterval":100,"pingTimeout":50,"maxPayload":10}';

  it("tries its transports one after the other, and says why when none is left", () => {
    const { sockets, sink } = clientScene();
    sockets[0]?.end(new VaivenError("SESSION_TRANSPORT_ERROR", "refused"));
    expect(sink.errors).toEqual([]);
    sockets[1]?.end(new VaivenError("HTTP_FORBIDDEN", "no"));
    expect(sink.errors).toEqual(["HTTP_FORBIDDEN"]);
    expect(sockets).toHaveLength(2);
  });

  it("stops at the first transport where that is asked for", () => {
    const { sockets, sink } = clientScene({ tryAllTransports: false });
    sockets[0]?.end(new VaivenError("SESSION_TRANSPORT_ERROR", "refused"));
    expect(sink.errors).toEqual(["SESSION_TRANSPORT_ERROR"]);
  });

  it.each(["0{}", "0<html>", '0{"sid":1,"pingInterval":1,"pingTimeout":1}', "4early"])(
    "does not take %s for an open packet",
    (packet) => {
      const { sockets, sink } = clientScene({ transports: ["websocket"] });
      sockets[0]?.sink.onText(packet);
      expect(sink.errors).toHaveLength(1);
      expect(sockets[0]?.ended).toBe(true);
    },
  );

  it("is closed for its owner as soon as the transport has everything, whether or not the server answers", () => {
    const { session, sockets, sink } = clientScene();
    const [socket] = sockets;
    if (socket === undefined) return expect.unreachable();
    socket.opened = true;
    socket.sink.onText(OPEN);
    session.send(message("last"));
    session.close();
    expect(socket.sent).toEqual([["4last"]]);
    expect(sink.closes).toEqual([["forced close", undefined]]);
  });

  it("tells a server that breaks the protocol so, instead of cutting the connection", () => {
    const { sockets, sink } = clientScene();
    sockets[0]?.sink.onText(OPEN);
    sockets[0]?.sink.onText("9");
    expect(sockets[0]?.closedWith?.[0]).toBe(1002);
    expect(sink.closes).toEqual([["transport error", "SESSION_UNEXPECTED_PACKET"]]);
  });

  it("answers pings, and ends when they stop", () => {
    const { sockets, sink, platform } = clientScene();
    const [socket] = sockets;
    if (socket === undefined) return expect.unreachable();
    socket.opened = true;
    socket.sink.onText(OPEN);
    platform.advance(140);
    socket.sink.onText("2");
    platform.settle();
    expect(socket.sent).toEqual([["3"]]);
    platform.advance(149);
    expect(sink.closes).toEqual([]);
    platform.advance(2);
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
  });

  it("notices after a sleep that the ping is overdue, before the late timer does", () => {
    const { session, sockets, sink, platform } = clientScene();
    sockets[0]?.sink.onText(OPEN);
    expect(session.hasPingExpired()).toBe(false);
    const now = platform.now();
    platform.now = () => now + 1000;
    expect(session.hasPingExpired()).toBe(true);
    expect(sink.closes).toEqual([]);
    platform.settle();
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
  });

  it("never posts more than the server takes in one payload", () => {
    const scene = pair({ upgrade: false });
    runDry(scene);
    (scene.clientSink.opened as { maxPayload: number }).maxPayload = 20;
    const texts = ["aaaaaaaa", "bbbbbbbb", "cccccccc", "d".repeat(50), "e"];
    for (const text of texts) scene.client.send(message(text));
    const posts: number[] = [];
    scene.client.observer = { onFlush: (batch) => posts.push(batch.length) };
    runDry(scene);
    expect(scene.serverSink.messages).toEqual(texts);
    expect(posts).toEqual([2, 1, 1, 1]);
  });
});
