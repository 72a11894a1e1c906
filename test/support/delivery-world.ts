// Test support: a real server and a real client over wires in memory, on a clock that the test moves, and a ledger of what was sent, received and announced.
import { EventEmitter } from "node:events";
import { delivery } from "../../src/client/delivery.js";
import { BaseManager } from "../../src/client/manager.js";
import type { Socket as ClientSocket } from "../../src/client/socket.js";
import type { SocketOptions } from "../../src/client/socket-options.js";
import { VaivenError } from "../../src/errors.js";
import { HeaderTable, RequestSnapshot } from "../../src/http/request-snapshot.js";
import { PacketReader } from "../../src/packet/packet-reader.js";
import { encodePacket } from "../../src/packet/socket-packet.js";
import { Client } from "../../src/server/client.js";
import type { EngineSocket } from "../../src/server/engine-socket.js";
import { serverEnvelope } from "../../src/server/envelope.js";
import { Server, type ServerHost } from "../../src/server/server.js";
import type { ConnectionStateRecoveryOptions } from "../../src/server/server-options.js";
import type { AnySocket } from "../../src/server/socket.js";
import type { ClientHost, ClientTransportContext, SurroundingsListener } from "../../src/session/client-host.js";
import { upgradeClient } from "../../src/session/client-upgrade.js";
import { Deadlines } from "../../src/session/deadlines.js";
import { FlushQueue } from "../../src/session/flush-queue.js";
import { ServerSession, type SessionOptions } from "../../src/session/server-session.js";
import type { Transport } from "../../src/session/transport.js";
import { DeliveryLedger } from "./delivery-ledger.js";
import { FakePlatform } from "./fake-platform.js";
import { type ByteSocket, byteSocketPair } from "./memory-bytes.js";
import { MemoryPollingClient, MemoryPollingServer, Wire } from "./memory-transport.js";
import { SideTalk } from "./side-talk.js";

class Manager extends BaseManager {}

const SESSION: SessionOptions = {
  pingInterval: 25_000,
  pingTimeout: 20_000,
  upgradeTimeout: 10_000,
  maxPayload: 1e6,
  maxBufferedBytes: 1e6,
  upgrades: ["websocket"],
};

/** Milliseconds that the server's middlewares take. */
export interface Delays {
  readonly join: number;
  readonly event: number;
}

export const LANES = ["get", "post", "up", "down"] as const;
export type Lane = (typeof LANES)[number];

/** One connection: its session at the server, and what is on its way. */
interface Link {
  readonly session: ServerSession;
  readonly polling: MemoryPollingServer | undefined;
  readonly wires: Record<Lane, Wire>;
  /** The two ends of its WebSocket. */
  ends: { readonly client: ByteSocket; readonly server: ByteSocket } | undefined;
  /** Nothing arrives any more, although nobody need have noticed. */
  isDead: boolean;
}

/** What each end may send; "timed" waits for its answer for a moment only. */
export type UpKind = "plain" | "binary" | "ack" | "timed" | "volatile";
export type DownKind = UpKind | "room" | "all" | "confirmed" | "timed confirmed" | "report";

export type Ways = "polling" | "websocket" | "upgrade";

/** How many hops a promise of the client may take. */
async function microtasks(): Promise<void> {
  for (let hop = 0; hop < 6; hop++) await undefined;
}

export class DeliveryWorld extends DeliveryLedger {
  /** The client's clock. */
  readonly platform: FakePlatform & { random(): number } = Object.assign(new FakePlatform(), {
    random: () => {
      this.draws = (this.draws * 17 + 1) % 4096;
      return this.draws / 4096;
    },
  });
  /** The server's, which may stand still while the other goes on: it is paused, or the client is. */
  readonly serverPlatform: FakePlatform = new FakePlatform();
  io: Server;
  socket: ClientSocket;
  /** The server's socket of the newest connection. */
  peer: AnySocket | undefined;
  readonly links: Link[] = [];
  readonly connects: boolean[] = [];
  readonly recoveries: boolean[] = [];
  private readonly flushQueue: FlushQueue;
  private readonly serverHost: ServerHost;
  private readonly recovery: ConnectionStateRecoveryOptions | false;
  private readonly names: readonly string[];
  private readonly options: Partial<SocketOptions>;
  private readonly delays: Delays | undefined;
  private readonly blobBytes: ClientHost["blobBytes"];
  private draws = 0;
  private surroundings: SurroundingsListener | undefined;
  side: SideTalk | undefined = undefined;
  private next = 1;
  private returns = false;
  constructor(
    ways: Ways = "websocket",
    recovery: ConnectionStateRecoveryOptions | false = { maxDisconnectionDuration: 120_000 },
    options: Partial<SocketOptions> = { delivery: delivery() },
    blobBytes?: (value: object) => Promise<Uint8Array> | undefined,
    delays?: Delays,
  ) {
    super();
    this.delays = delays;
    const { platform, serverPlatform } = this;
    this.flushQueue = new FlushQueue(platform.soon);
    let ids = 0;
    this.serverHost = {
      platform: serverPlatform,
      deadlines: new Deadlines(serverPlatform),
      flushQueue: new FlushQueue(serverPlatform.soon),
      randomId: () => `id-${ids++}`,
    } as unknown as ServerHost;
    this.recovery = recovery;
    this.io = this.start();
    this.blobBytes = blobBytes;
    this.names = ways === "upgrade" ? ["polling", "websocket"] : [ways];
    this.options = options;
    this.socket = this.open();
  }

  /** A second namespace over the same connection. Before {@link connect}. */
  addSide(): this {
    this.side = new SideTalk();
    this.side.serve(this.io);
    this.side.open(this.socket.io, this.options);
    return this;
  }

  /** The sessions of a server that keeps them for an hour are all there at the end. */
  patient(): this {
    for (const ledger of [this, this.side]) if (ledger !== undefined) ledger.isPatient = true;
    return this;
  }

  override faults(): string[] {
    return [...super.faults(), ...(this.side?.faults().map((fault) => `side ${fault}`) ?? [])];
  }

  /** The page is left, and is not gone yet. */
  hide(): void {
    this.surroundings?.onHide();
  }

  /** Another page, beside the one before. */
  another(options: Partial<SocketOptions> = this.options): ClientSocket {
    this.socket = this.open(options);
    return this.socket;
  }

  /** The page is loaded again: the client's memory is gone, but for what it kept elsewhere. */
  async reload(): Promise<void> {
    this.hide();
    // Who waited in it is gone.
    for (const name of this.acks.keys()) this.orphans.add(name);
    await this.cut("both", true);
    this.socket.io._close();
    this.socket.off();
    this.socket = this.open();
    await this.connect();
  }

  /** The client sends. */
  emitUp(kind: UpKind): void {
    const n = this.next++;
    if (kind === "volatile") {
      this.socket.volatile.emit("shaky", n);
      return;
    }
    this.up.sent.push(n);
    if (kind === "ack") this.settles(`up ${n}`, this.socket.emitWithAck("ask", n));
    else if (kind === "timed") this.settles(`up timed ${n}`, this.socket.timeout(300).emitWithAck("ask", n));
    else this.socket.emit("event", n, ...(kind === "binary" ? [Buffer.from([1, 2, n & 255])] : []));
  }

  /** The server sends, also to a socket that is away. */
  emitDown(kind: DownKind): void {
    const { peer } = this;
    if (peer === undefined || this.lost.some(({ id }) => id === peer.id)) return;
    const n = this.next++;
    if (kind === "volatile") {
      peer.volatile.emit("shaky", n);
      return;
    }
    this.down.sent.push(n);
    this.receivers.set(n, peer);
    if (kind === "ack") this.settles(`down ${n}`, peer.emitWithAck("ask", n));
    else if (kind === "timed") this.settles(`down timed ${n}`, peer.timeout(300).emitWithAck("ask", n));
    else if (kind === "confirmed") this.settles(`confirmed ${n}`, peer.emitConfirmed("event", n));
    else if (kind === "timed confirmed")
      this.settles(`confirmed timed ${n}`, peer.timeout(300).emitConfirmed("event", n));
    else if (kind === "report")
      this.settles(`report ${n}`, this.io.to("room").except("nobody").timeout(300).emitConfirmed("event", n));
    else if (kind === "room") this.io.to("room").except(["nobody"]).emit("event", n);
    else if (kind === "all") this.io.emit("event", n);
    else peer.emit("event", n, ...(kind === "binary" ? [{ deep: [Buffer.from([n & 255])] }] : []));
  }

  /** Delivers the oldest thing on a lane of the newest connection, or of one before it; of a WebSocket's frames only so many bytes. */
  async step(lane: Lane, age = 0, bytes?: number): Promise<void> {
    const link = this.links[this.links.length - 1 - age];
    if (link?.isDead === true) link.wires[lane].cut();
    else link?.wires[lane].step(bytes);
    await this.settle();
  }

  /** Delivers `bytes` of WebSocket's bytes, of both directions in turn, and what has none between them. How many there were. */
  async feed(bytes: number): Promise<number> {
    let fed = 0;
    for (let idle = 0; idle < 2; idle++) {
      for (const lane of ["up", "down"] as const) {
        const wire = this.links[this.links.length - 1]?.wires[lane];
        if (wire === undefined || wire.length === 0) continue;
        const size = Math.min(wire.next, bytes - fed);
        if (size === 0 && wire.next > 0) return fed;
        await this.step(lane, 0, size);
        fed += size;
        idle = -1;
      }
    }
    return fed;
  }

  async settle(): Promise<void> {
    this.settleClocks();
    await microtasks();
    this.settleClocks();
  }

  async advance(ms: number): Promise<void> {
    this.platform.advance(ms);
    this.serverPlatform.advance(ms);
    await this.settle();
  }

  /** One end does nothing for a while, and finds then that its time has passed. */
  async pause(end: "server" | "client", ms: number): Promise<void> {
    const [first, second] =
      end === "server" ? [this.platform, this.serverPlatform] : [this.serverPlatform, this.platform];
    first.advance(ms);
    await microtasks();
    second.advance(ms);
    await this.settle();
  }

  /** The network takes nothing more of one end for the moment, or takes it again. */
  async stall(end: "server" | "client"): Promise<void> {
    const socket = this.links[this.links.length - 1]?.ends?.[end];
    if (socket?.stalled === true) socket.release();
    else if (socket?.opened === true) socket.stalled = true;
    await this.settle();
  }

  /** One of the two wishes that it ends; the client begins anew. */
  async leave(end: "server" | "client"): Promise<void> {
    this.forgive("up");
    this.forgive("down");
    if (end === "client") this.socket.disconnect();
    else {
      this.peer?.disconnect();
      this.peer = undefined;
    }
    await this.settle();
    this.returns = true;
    this.socket.connect();
    await this.settle();
  }

  /**
   * Ends the newest connection. `noticed`: who knows it at once; the others learn it from their heartbeats.
   * `lossy`: what is on its way never arrives, and nothing else does on this connection; otherwise it may still come late.
   */
  async cut(noticed: "both" | "client" | "server" | "nobody", lossy: boolean): Promise<void> {
    const link = this.links[this.links.length - 1];
    if (link === undefined) return;
    if (lossy) link.isDead = true;
    if (noticed === "both" || noticed === "server") {
      const { session } = link;
      session.transport.discard();
      session.onClose(new VaivenError("SESSION_TRANSPORT_ERROR", "cut"));
    }
    if ((noticed === "both" || noticed === "client") && this.socket.io._readyState === "open") {
      this.socket.io.engine.abandon("transport close", { description: "cut" });
    }
    await this.settle();
  }

  /** Another server, which knows nothing of the one before. */
  async restart(): Promise<void> {
    // It died with what it had to send, and with who waited for its answers.
    this.forgive("down");
    this.side?.die();
    for (const name of this.acks.keys()) if (!name.startsWith("up")) this.orphans.add(name);
    this.io.removeAllListeners();
    // Nothing reaches it any more, over none of its connections.
    for (const link of this.links) link.isDead = true;
    this.peer = undefined;
    this.io = this.start();
    await this.cut("both", true);
  }

  /** As far as `connect`. */
  async connect(): Promise<this> {
    for (let round = 0; round < 8; round++) for (const lane of LANES) await this.step(lane);
    return this;
  }

  /** A good network for a moment, in which the client can come back. */
  async calm(): Promise<void> {
    await this.advance(100);
    await this.connect();
  }

  /** A good network, for as long as it takes until all is quiet: heartbeats, the return of the client, the end of what is over. */
  async heal(rounds = 400): Promise<void> {
    for (const { ends } of this.links) for (const end of [ends?.client, ends?.server]) end?.release();
    for (let round = 0; round < rounds; round++) {
      await this.deliver();
      await this.advance(round < 300 ? 500 : 2000);
    }
  }

  /** Everything that is on its way arrives, and what that brings about. */
  private async deliver(): Promise<void> {
    for (let again = 0; again < 50; again++) {
      const wires = this.links[this.links.length - 1]?.wires;
      if (wires === undefined || LANES.every((lane) => wires[lane].length === 0)) return;
      for (const lane of LANES) if (wires[lane].length > 0) await this.step(lane);
    }
  }

  private settleClocks(): void {
    this.platform.settle();
    this.serverPlatform.settle();
  }

  private open(options: Partial<SocketOptions> = this.options): ClientSocket {
    const manager = new Manager(this.clientHost(), "http://host.example", {
      transports: this.names as never,
      reconnectionDelay: 100,
      reconnectionDelayMax: 100,
      randomizationFactor: 0,
      autoConnect: false,
    });
    const socket = manager.socket("/", options);
    socket.on("connect", () => {
      this.connects.push(socket.recovered);
      this.joined.add(socket.id as string);
      if (socket.unconfirmed !== undefined) this.takeUnconfirmed();
    });
    socket.on("disconnect", (reason) => {
      if (!this.returns || reason !== "io server disconnect") return;
      // The server had left before it read what was emitted last.
      this.forgive("up");
      socket.connect();
    });
    socket.on("event", (n: number) => this.down.heard.push(n));
    socket.on("ask", (n: number, answer: (...args: unknown[]) => void) => {
      this.down.heard.push(n);
      // As at the server.
      if (n % 5 === 0) this.platform.after(700, () => answer(n));
      else answer(n, Buffer.from([n & 255]));
    });
    this.side?.open(manager, options);
    return socket.connect();
  }

  private start(): Server {
    const io = new Server(this.serverHost, this.recovery === false ? {} : { connectionStateRecovery: this.recovery });
    const { delays } = this;
    if (delays !== undefined) io.use((_socket, next) => void this.serverPlatform.after(delays.join, () => next()));
    io.onError((error) => this.errors.push(error));
    io.on("session_lost", (session) => this.lost.push(session));
    io.on("connection", (socket) => this.meet(socket));
    this.side?.serve(io);
    return io;
  }

  private takeUnconfirmed(): void {
    const { unconfirmed = [], lossReason } = this.socket;
    this.unconfirmed.push(...unconfirmed);
    this.reasons.push(String(lossReason));
    this.socket.unconfirmed = undefined;
  }

  private meet(socket: AnySocket): void {
    this.peer = socket;
    this.recoveries.push(socket.recovered);
    const { delays } = this;
    if (delays !== undefined) socket.use((_event, next) => void this.serverPlatform.after(delays.event, () => next()));
    if (!socket.recovered) void socket.join("room");
    socket.on("disconnect", (reason) => {
      // Not a loss: what is emitted to it from now on goes nowhere.
      if (!reason.endsWith("namespace disconnect")) return;
      this.forgive("down");
      if (this.peer === socket) this.peer = undefined;
    });
    socket.on("event", (n: number) => this.up.heard.push(n));
    socket.on("ask", (n: number, answer: (...args: unknown[]) => void) => {
      this.up.heard.push(n);
      // Some answers take their time.
      if (n % 3 === 0) this.serverPlatform.after(700, () => answer(n));
      else answer(n);
    });
  }

  private accept(transport: Transport): Link {
    const id = `session-${this.links.length}`;
    const nobody = { onMessage() {}, onBinary() {}, onClose() {} };
    const session = new ServerSession(id, 4, transport, nobody, SESSION, this.serverHost);
    session.open({ vaiven: serverEnvelope(this.io._caps) });
    new Client(this.io, {
      session,
      request: new RequestSnapshot(
        "GET",
        "/socket.io/",
        ["Host", "host.example"],
        "10.0.0.1",
        false,
        new HeaderTable(),
      ),
      remoteAddress: "10.0.0.1",
      secure: false,
      query: {},
      socket: new EventEmitter() as EngineSocket,
    });
    const link: Link = {
      session,
      polling: transport instanceof MemoryPollingServer ? transport : undefined,
      wires: { get: new Wire(), post: new Wire(), up: new Wire(), down: new Wire() },
      ends: undefined,
      isDead: false,
    };
    this.links.push(link);
    return link;
  }

  private clientHost(): ClientHost {
    const { platform, flushQueue } = this;
    const connect = (name: string, sid: string | undefined): MemoryPollingClient | ByteSocket => {
      if (name === "polling") {
        const { wires, polling } = this.accept(new MemoryPollingServer());
        return new MemoryPollingClient(wires.get, polling as MemoryPollingServer, wires.post);
      }
      if (sid !== undefined) {
        const link = this.links.find(({ session }) => session.id === sid) as Link;
        const ends = byteSocketPair(link.wires.up, link.wires.down);
        link.ends = ends;
        if (!link.session.offerUpgrade(ends.server)) ends.server.discard();
        return ends.client;
      }
      const up = new Wire();
      const down = new Wire();
      const ends = byteSocketPair(up, down);
      const link = this.accept(ends.server);
      link.ends = ends;
      Object.assign(link.wires, { up, down });
      return ends.client;
    };
    const transport = (name: string) => {
      // What a constructor returns stands for what `new` made.
      function Transport({ sid }: ClientTransportContext) {
        return connect(name, sid);
      }
      Object.assign(Transport.prototype, { name });
      return Transport;
    };
    return {
      flushQueue,
      upgrade: upgradeClient,
      location: undefined,
      platform: () => platform,
      transports: { polling: transport("polling"), websocket: transport("websocket") },
      encode: encodePacket,
      createReader: () => new PacketReader({ maxAttachments: 10, maxAttachmentBytes: 1000 }),
      userBytes: (bytes: Uint8Array) => bytes,
      blobBytes: this.blobBytes,
      watch: (listener: SurroundingsListener) => {
        this.surroundings = listener;
        return () => {};
      },
    } as unknown as ClientHost;
  }
}
