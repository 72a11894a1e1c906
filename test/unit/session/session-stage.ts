// Sessions on a clock that stands still, over transports in memory.
import { expect } from "vitest";
import type { Engine } from "../../../src/client/engine.js";
import { VaivenError } from "../../../src/errors.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { Deadlines } from "../../../src/session/deadlines.js";
import { FlushQueue } from "../../../src/session/flush-queue.js";
import type { OpenData } from "../../../src/session/open-data.js";
import { ServerSession, type SessionOptions } from "../../../src/session/server-session.js";
import type { ClientTransport } from "../../../src/session/transport.js";
import { type EngineOptions, engineOf } from "../../support/client-engine.js";
import { FakePlatform } from "../../support/fake-platform.js";
import {
  MemoryPollingClient,
  MemoryPollingServer,
  MemorySocket,
  memorySocketPair,
  Wire,
} from "../../support/memory-transport.js";

export const OPTIONS: SessionOptions = {
  pingInterval: 25_000,
  pingTimeout: 20_000,
  upgradeTimeout: 10_000,
  maxPayload: 1e6,
  maxBufferedBytes: 1000,
  upgrades: ["websocket"],
};

export const message = (text: string): Outgoing => new Outgoing(`4${text}`);

export class Recorder {
  readonly messages: string[] = [];
  readonly closes: (readonly [string, string | undefined])[] = [];
  readonly errors: (string | undefined)[] = [];
  opened: OpenData | undefined = undefined;
  drains = 0;
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
  _onOpen(data: OpenData): void {
    this.opened = data;
  }
  _onMessage(packet: string, start: number): void {
    this.onMessage(packet, start);
  }
  _onBinary(bytes: Uint8Array): void {
    this.onBinary(bytes);
  }
  _onPing(): void {}
  _onEnd(reason: string, description: unknown): void {
    if (this.opened !== undefined || reason === "forced close") this.onClose(reason, description);
    else this.errors.push((description as VaivenError).code);
  }
}

export function hostOf(platform = new FakePlatform()) {
  return { platform, flushQueue: new FlushQueue(platform.soon), deadlines: new Deadlines(platform) };
}

export function serverScene(options: Partial<SessionOptions> = {}, protocol: 3 | 4 = 4) {
  const host = hostOf();
  const wire = new Wire();
  const socket = new MemorySocket(wire);
  socket.opened = true;
  const sink = new Recorder();
  const session = new ServerSession("id", protocol, socket, sink, { ...OPTIONS, ...options }, host);
  return { ...host, wire, socket, sink, session };
}

export interface Scene {
  readonly server: ServerSession;
  readonly client: Engine;
  readonly serverSink: Recorder;
  readonly clientSink: Recorder;
  readonly platform: FakePlatform;
  readonly wires: { get: Wire; post: Wire; up: Wire; down: Wire };
  readonly sockets: { client: MemorySocket | undefined; server: MemorySocket | undefined };
}

/** A polling session that upgrades over two further wires. The test decides which wire delivers next. */
export function pair(
  options: Partial<EngineOptions> = {},
  onUpgradeRequest?: (server: ServerSession, end: MemorySocket) => void,
): Scene {
  const host = hostOf();
  const wires = { get: new Wire(), post: new Wire(), up: new Wire(), down: new Wire() };
  const sockets: Scene["sockets"] = { client: undefined, server: undefined };
  const serverSink = new Recorder();
  const clientSink = new Recorder();
  const serverPolling = new MemoryPollingServer();
  const server = new ServerSession("id", 4, serverPolling, serverSink, OPTIONS, host);
  const createTransport: EngineOptions["createTransport"] = (name, sid): ClientTransport => {
    if (name === "polling") return new MemoryPollingClient(wires.get, serverPolling, wires.post);
    const ends = memorySocketPair(wires.up, wires.down);
    sockets.client = ends.client;
    sockets.server = ends.server;
    expect(sid).toBe("id");
    if (onUpgradeRequest !== undefined) onUpgradeRequest(server, ends.server);
    else if (!server.offerUpgrade(ends.server)) ends.server.discard();
    return ends.client;
  };
  const client = engineOf(
    { transports: ["polling", "websocket"], upgrade: true, tryAllTransports: false, createTransport, ...options },
    host.platform,
    host.flushQueue,
    clientSink,
  );
  server.open({ vaiven: { v: 1, caps: [] } });
  client.open();
  return { server, client, serverSink, clientSink, platform: host.platform, wires, sockets };
}

export function runDry({ wires, platform }: Scene, rounds = 200): void {
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
