// server/ One connection with all its namespaces: packets are read here and handed to the socket of their namespace (Socket.IO protocol v5).
//
//   a namespace of this connection:   (unknown) ──CONNECT──▶ pending ──accepted──▶ joined ──▶ left ──CONNECT──▶ pending …
//                                                              └─refused─▶ (unknown)
//   Packets for a pending one wait for `connection`; for one that was left they are dropped; for an unknown one the connection is closed.
import type { IncomingMessage } from "node:http";
import { type ErrorCode, VaivenError } from "../errors.js";
import { errorOf } from "../event/ack-errors.js";
import type { RequestSnapshot } from "../http/request-snapshot.js";
import { pathOf, readQuery } from "../http/target.js";
import { Capability, capabilitiesOf, controlOf } from "../packet/control-packet.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import { Deadline } from "../session/deadlines.js";
import type { CloseReason, Connection, ConnectionSink } from "./connection.js";
import type { EngineSocket } from "./engine-socket.js";
import { takeEnvelope } from "./envelope.js";
import type { PacketCodec } from "./packet-writer.js";
import { PendingJoin } from "./pending-join.js";
import { type PacketTarget, writeToEngine } from "./plugin-doors.js";
import type { AnyServer } from "./server.js";
import type { AnySocket } from "./socket.js";

/** The request that opened a connection: whole, or what was kept of it. */
export type ClientRequest = IncomingMessage | RequestSnapshot;

/** Where a connection came from. EngineConnection is one; a foreign Engine.IO socket is wrapped into one. */
export interface ConnectionOrigin {
  readonly session: Connection;
  readonly request: ClientRequest;
  readonly remoteAddress: string | undefined;
  readonly secure: boolean;
  readonly query: Record<string, string>;
  /** `socket.conn`; made when first asked for. */
  readonly socket: EngineSocket;
}

/** Clients wait for the answer to CONNECT before they send: whoever sends more is no client of ours or of Socket.IO's. */
const MAX_PENDING_PACKETS = 100;

/** One connection, shared by the sockets of all its namespaces. */
export class Client implements ConnectionSink {
  /** @internal */
  readonly connection: Connection;
  /** @internal */
  readonly origin: ConnectionOrigin;
  /** The server. */
  readonly server: AnyServer;
  /** @internal What this client and the server can do beyond Socket.IO, as bits of `Capability`: 0 for stock clients. */
  _caps = 0;
  private readonly reader: ReturnType<PacketCodec["reader"]>;
  /** The first namespace, which for most clients is the only one, needs no map. */
  private first: AnySocket | undefined = undefined;
  private others: Map<string, AnySocket> | undefined = undefined;
  private pending: Map<string, PendingJoin> | undefined = undefined;
  private left: Set<string> | undefined = undefined;
  /** The namespace that the client has left last: handlers of its own may still acknowledge there. */
  private leftLast: string | undefined = undefined;
  private joinDeadline: Deadline | undefined;
  private closed = false;
  private drainWaiters: ((isOpen: boolean) => void)[] | undefined = undefined;

  /** @internal */
  constructor(server: AnyServer, origin: ConnectionOrigin) {
    this.server = server;
    this.origin = origin;
    this.connection = origin.session;
    this.reader = server._codec.reader((packet) => this.onPacket(packet, 0));
    this.joinDeadline = new Deadline(this);
    server._deadlines.set(this.joinDeadline, server._connectTimeout);
    this.connection.sink = this;
    // Clients of protocol 3 are in the main namespace without asking.
    if (this.connection.protocol === 3) this.connect("/", undefined);
  }

  /** The connection as an emitter. */
  get conn(): EngineSocket {
    return this.origin.socket;
  }

  /** The request that opened the connection. */
  get request(): ClientRequest {
    return this.origin.request;
  }

  /** The id of the connection. It stays secret: whoever knows it can speak in its name over polling. */
  get id(): string {
    return this.connection.id;
  }

  onMessage(text: string, start: number): void {
    let packet: SocketPacket | undefined;
    try {
      packet = this.reader.readText(text, start);
    } catch (error) {
      this.refuse(error);
      return;
    }
    if (packet !== undefined) this.onPacket(packet, text.length);
  }

  onBinary(bytes: Uint8Array): void {
    let packet: SocketPacket | undefined;
    try {
      packet = this.reader.readBinary(bytes);
    } catch (error) {
      this.refuse(error);
      return;
    }
    if (packet !== undefined) this.onPacket(packet, bytes.byteLength);
  }

  onClose(reason: CloseReason, description?: unknown): void {
    this.end(reason, description);
  }

  /** @internal No namespace was joined in time. */
  onDeadline(): void {
    this.joinDeadline = undefined;
    if (this.first !== undefined || this.others !== undefined) return;
    const limit = this.server._connectTimeout;
    this.close(
      new VaivenError("SESSION_NEVER_JOINED", `expected a namespace to be joined within ${limit} ms (connectTimeout)`, {
        closeCode: 1008,
        detail: { name: "connectTimeout", limit },
      }),
    );
  }

  /** @internal For npm's adapters: sends what they encoded. */
  writeToEngine(encoded: readonly (string | Uint8Array)[], options?: { volatile?: boolean; compress?: boolean }): void {
    const target = this.counted(encoded[0]) ?? this.connection;
    const tooBig = writeToEngine(target, encoded, this.server._maxBufferedBytes, options);
    if (tooBig !== undefined) this.server._errors.emitFailed(tooBig, { event: "adapter" });
  }

  /** The socket that a packet is for, where both ends count what is sent to it: nothing may bypass it. */
  private counted(packet: string | Uint8Array | undefined): PacketTarget | undefined {
    if ((this._caps & Capability.DELIVERY) === 0 || typeof packet !== "string") return undefined;
    const header = /^[2356](?:\d+-)?(?:(\/[^,]*),)?/.exec(packet);
    if (header === null) return undefined;
    const nsp = header[1] ?? "/";
    const socket = this.first?.nsp.name === nsp ? this.first : this.others?.get(nsp);
    return socket && { writable: this.connection.writable, send: (outgoing) => socket.deliver(outgoing) };
  }

  /** @internal Disconnects every socket, then closes the connection behind what was sent. */
  _disconnect(): void {
    for (const socket of this.sockets()) socket.disconnect();
    this.close();
  }

  /** @internal Forgets a socket. Packets that are still on their way are no violation: for all that the server ended, and for the one that the client left last. */
  _remove(socket: AnySocket, endedByServer: boolean): void {
    const { name } = socket.nsp;
    if (this.first === socket) this.first = undefined;
    else this.others?.delete(name);
    if (this.closed) return;
    if (!endedByServer) {
      this.leftLast = name;
      return;
    }
    this.left ??= new Set();
    this.left.add(name);
  }

  /** @internal The client is known to have another connection: this one is dead. */
  _abandon(): void {
    this.end("transport close");
    this.connection.close(true);
  }

  /** @internal More waits than a namespace allows. Counted again when the output of this turn has left: a burst is no slow client. */
  _limitBuffered(limit: number, namespace: string): void {
    this.server._clock.soon(() => {
      if (this.closed || this.connection.bufferedAmount <= limit) return;
      const error = new VaivenError(
        "SESSION_BUFFER_FULL",
        `expected at most ${limit} bytes waiting for this client (maxBufferedBytes of ${namespace}), which takes them too slowly`,
        { detail: { limit, namespace } },
      );
      this.end("transport error", error);
      this.connection.close(true);
    });
  }

  /** @internal See `Socket.drain`. */
  _whenDrained(resolve: (isOpen: boolean) => void): void {
    if (this.closed || this.connection.writable) {
      resolve(!this.closed);
      return;
    }
    this.drainWaiters ??= [];
    this.drainWaiters.push(resolve);
  }

  onDrain(): void {
    if (this.drainWaiters !== undefined) this.settleDrains(true);
  }

  private settleDrains(isOpen: boolean): void {
    const waiters = this.drainWaiters;
    this.drainWaiters = undefined;
    for (const resolve of waiters ?? []) resolve(isOpen);
  }

  /** Closes the connection, its sockets with it. */
  private close(error?: VaivenError): void {
    if (this.closed) return;
    this.end("forced close", error);
    this.connection.close(false, error);
  }

  /** The peer sent something that cannot be read. */
  private refuse(error: unknown): void {
    if (this.closed) return;
    for (const socket of this.sockets()) socket._tellError(error);
    this.end("forced close", error);
    this.connection.close(false, error instanceof VaivenError ? error : undefined);
  }

  /** The peer sent something that it may not send now. */
  private violation(packet: SocketPacket): void {
    if (this.closed) return;
    const error = new VaivenError(
      "SESSION_UNEXPECTED_PACKET",
      `packet of type ${packet.type} for the namespace ${JSON.stringify(packet.nsp)}, which does not expect it`,
      { detail: { type: packet.type, nsp: packet.nsp } },
    );
    this.close(error);
  }

  private end(reason: CloseReason, description?: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.clearDeadline();
    this.settleDrains(false);
    const { pending, reader } = this;
    this.pending = undefined;
    for (const socket of this.sockets()) socket._onClose(reason, description);
    for (const { socket } of pending?.values() ?? []) socket?._onClose(reason, description);
    if (reader.end !== undefined) this.server._errors.guard(() => reader.end?.(), { event: "parser" });
  }

  private onPacket(packet: SocketPacket, size: number): void {
    const { first } = this;
    const socket = first !== undefined && first.nsp.name === packet.nsp ? first : this.others?.get(packet.nsp);
    if (socket === undefined) {
      this.onPacketWithoutSocket(packet, size);
      return;
    }
    switch (packet.type) {
      case PacketType.EVENT:
        socket._onEvent(packet);
        return;
      case PacketType.ACK:
        socket._onAck(packet);
        return;
      case PacketType.DISCONNECT:
        socket._onClose("client namespace disconnect");
        return;
      case PacketType.CONTROL: {
        const message = controlOf(packet, this._caps);
        if (message?.[0] === "ack-error") {
          const [, id, error] = message;
          socket._onAck({ type: PacketType.ACK, nsp: packet.nsp, id, data: [errorOf(error)] });
        } else if (message === undefined || !socket._onControl(message)) this.violation(packet);
        return;
      }
      default:
        // With protocol 3 the main namespace is joined already when a client asks for it.
        if (packet.type === PacketType.CONNECT && this.connection.protocol === 3) return;
        this.violation(packet);
    }
  }

  private onPacketWithoutSocket(packet: SocketPacket, size: number): void {
    if (this.closed) return;
    if (packet.type === PacketType.CONNECT && this.connection.protocol === 3) {
      this.connectByUrl(packet.nsp);
      return;
    }
    const pending = this.pending?.get(packet.nsp);
    if (packet.type === PacketType.CONNECT && pending === undefined) {
      this.connect(packet.nsp, packet.data as Record<string, unknown> | undefined);
    } else if (
      pending !== undefined &&
      packet.type !== PacketType.CONNECT &&
      packet.type !== PacketType.CONNECT_ERROR
    ) {
      pending.size += size;
      pending.packets ??= [];
      if (pending.packets.length >= MAX_PENDING_PACKETS || pending.size > this.server._maxPendingBytes) {
        this.violation(packet);
      } else pending.packets.push(packet);
    } else if (this.leftLast !== packet.nsp && this.left?.has(packet.nsp) !== true) this.violation(packet);
  }

  /** Protocol 3 has no data in a CONNECT: what the client says of itself is the query of the namespace (`/admin?token=…`). */
  private connectByUrl(url: string): void {
    const name = pathOf(url);
    const isKnown = this.first?.nsp.name === name || this.others?.has(name) || this.pending?.has(name);
    if (!isKnown) this.connect(name, readQuery(url));
  }

  /** The client asks for a namespace. */
  private connect(name: string, payload: Record<string, unknown> | undefined): void {
    const envelope = payload && takeEnvelope(payload);
    if (envelope !== undefined) this.agree(envelope.caps);
    const claim = (this._caps & Capability.DELIVERY) === 0 ? undefined : envelope?.session;
    if (this.countNamespaces() >= this.server._maxNamespaces) {
      const limit = this.server._maxNamespaces;
      this.tellRefused(name, `too many namespaces on one connection: at most ${limit} (maxNamespacesPerConnection)`, {
        code: "CONNECT_TOO_MANY_NAMESPACES",
        limit,
      });
      return;
    }
    this.pending ??= new Map();
    const join = new PendingJoin(this, name);
    this.pending.set(name, join);
    const known = this.server._nsps.get(name);
    if (known !== undefined) {
      known._join(this, payload, join, claim);
      return;
    }
    this.server._dynamic.makeForClient(name, payload ?? {}, (namespace) => {
      if (this.closed) namespace?._lookIfEmpty();
      else if (namespace === undefined) {
        this._forgetPending(name);
        this.tellRefused(name, "Invalid namespace");
      } else namespace._join(this, payload, join, claim);
    });
  }

  /** @internal The socket is there and knows its id; `connection` handlers run, then what came meanwhile is delivered. */
  _onJoined(name: string, socket: AnySocket, join: PendingJoin): void {
    this.clearDeadline();
    if (this.first === undefined) this.first = socket;
    else {
      this.others ??= new Map();
      this.others.set(name, socket);
    }
    this.left?.delete(name);
    socket._onConnect();
    socket.nsp._announce(socket);
    socket._onAnnounced();
    this._forgetPending(name);
    for (const packet of join.packets ?? []) {
      if (this.closed) return;
      this.onPacket(packet, 0);
    }
  }

  /** The client is one of ours. */
  private agree(caps: readonly string[]): void {
    this._caps = this.server._caps & capabilitiesOf(caps);
    this.reader.control = this._caps !== 0;
  }

  /** @internal */
  _forgetPending(name: string): void {
    this.pending?.delete(name);
    if (this.pending?.size === 0) this.pending = undefined;
  }

  private tellRefused(nsp: string, message: string, more?: { readonly code: ErrorCode; readonly limit: number }): void {
    const data = more === undefined ? { message } : { message, data: more };
    this.connection.send(this.server._codec.writer.packet({ type: PacketType.CONNECT_ERROR, nsp, data }));
  }

  private countNamespaces(): number {
    const joined = (this.first === undefined ? 0 : 1) + (this.others?.size ?? 0);
    return joined + (this.pending?.size ?? 0) + (this.left?.size ?? 0);
  }

  private sockets(): AnySocket[] {
    const sockets = this.others === undefined ? [] : [...this.others.values()];
    if (this.first !== undefined) sockets.unshift(this.first);
    return sockets;
  }

  /** Whether the connection has ended. */
  get isClosed(): boolean {
    return this.closed;
  }

  private clearDeadline(): void {
    if (this.joinDeadline === undefined) return;
    this.server._deadlines.clear(this.joinDeadline);
    this.joinDeadline = undefined;
  }
}
