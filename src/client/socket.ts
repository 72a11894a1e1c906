// client/ The socket of one namespace: events and acknowledgements over the Manager's connection (Socket.IO protocol v5).
//
//   inactive ──connect()──▶ active, waiting ──CONNECT──▶ connected ──connection lost──▶ active, waiting (the Manager reconnects)
//      ▲                          │ CONNECT_ERROR            │
//      └──────────────────────────┴──────────────────────────┴── disconnect(), DISCONNECT
import { VaivenError } from "../errors.js";
import { asError, errorOf, unhandledError, wireErrorOf } from "../event/ack-errors.js";
import {
  type AckTable,
  abandonAcks,
  ackDisconnectedError,
  expectAck,
  expectAckWithin,
  type PendingAck,
  settleAck,
  type TimedAckCallback,
} from "../event/acks.js";
import type {
  AllButLast,
  DefaultEventsMap,
  EventNames,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  TimedAcknowledgements,
  Unchecked,
} from "../event/event-map.js";
import { refuseReserved } from "../event/reserved.js";
import type { ControlMessage } from "../packet/control-packet.js";
import type { Outgoing, OutgoingOptions } from "../packet/outgoing.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import { readBlobs } from "./blobs.js";
import type { Delivery, DeliveryFactory, DeliveryTerms } from "./delivery.js";
import { GuardedEmitter } from "./guarded-emitter.js";
import type { BaseManager } from "./manager.js";
import { RetryQueue } from "./retry-queue.js";

/** The options of one socket. */
export interface SocketOptions {
  /**
   * Credentials: visible to the server as `socket.handshake.auth`. A function is called at each connect, and when a server of vaivén asks for new credentials
   * because those that it has expire soon.
   */
  auth?: { [key: string]: Unchecked } | ((cb: (data: object) => void) => void);
  /** How often an event that was not acknowledged in time is sent again. Default: not at all. */
  retries?: number;
  /** Milliseconds that an acknowledgement may take, where `timeout()` does not say. Default: no limit. */
  ackTimeout?: number;
  /**
   * Acknowledged delivery with resume: `delivery()` of `vaiven-client/delivery`. It works with a vaivén server that has `connectionStateRecovery` on.
   * Default: on in Node; in browsers off, and none of its bytes.
   */
  delivery?: DeliveryFactory;
  /** Most events that wait for a connection; one more is refused with `SESSION_SEND_BUFFER_FULL`. Default: 10000. */
  maxSendBuffer?: number;
  /** Most acknowledgements that are waited for; one more is refused with `ACK_TOO_MANY`. Default: 100000. */
  maxPendingAcks?: number;
}

/** More about the reason of a `disconnect`. */
export type DisconnectDescription = Error | { description: string; context?: unknown };

/** The error of `connect_error`. */
export interface ExtendedError extends Error {
  /** What the server's middleware put into `err.data`. */
  data?: Unchecked;
}

/** The events that a socket emits itself. */
export interface SocketReservedEvents {
  connect: () => void;
  connect_error: (err: ExtendedError) => void;
  disconnect: (reason: Socket.DisconnectReason, description?: DisconnectDescription) => void;
}

/** What was asked for one emit. @internal */
export interface EmitFlags {
  volatile?: boolean;
  compress?: boolean;
  timeout?: number;
  /** The last argument takes an error first, also without a timeout. */
  settles?: boolean;
  /** It comes from the queue of `retries`. */
  fromQueue?: boolean;
}

/** What this client can do beyond Socket.IO: the names of control-packet.ts. */
const ACK_ERRORS = "ack-errors";
const TOO_BIG = "PACKET_TOO_BIG";
const CAPABILITIES = [ACK_ERRORS, "drain", "refresh"];

/** What the server says when it accepts. The last is our own server's. */
interface ConnectData {
  readonly sid?: string;
  readonly pid?: string;
  readonly vaiven?: { readonly offsets?: string } | DeliveryTerms;
}

/** A packet that waits for a connection. */
export interface BufferedPacket extends SocketPacket {
  options: {
    compress?: boolean;
    volatile?: boolean;
    /** The queue of `retries` has it, and sends it again where that is needed. */
    repeats?: boolean | undefined;
  };
}

/**
 * A socket. Events that are emitted while it is not connected wait in {@link sendBuffer} and leave, in order, when it connects.
 *
 * @typeParam ListenEvents - the events that the server sends
 * @typeParam EmitEvents - the events that the server takes
 */
export class Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends GuardedEmitter<ListenEvents, EmitEvents, SocketReservedEvents> {
  /** The Manager of its connection. */
  readonly io: BaseManager<ListenEvents, EmitEvents>;
  /** The server's id of this socket. Undefined while not connected; another one after each connect, unless it was recovered. */
  id: string | undefined = undefined;
  /** Whether the server accepted it. */
  connected = false;
  /** Whether the last connect restored the state of the connection before: id, rooms, and the events that were missed. */
  recovered = false;
  /** With {@link SocketOptions.delivery}: the events that the server has not confirmed, when a session was lost. They may have arrived, or not. */
  unconfirmed: Unchecked[][] | undefined;
  /** With {@link SocketOptions.delivery}: why the last session was lost: `expired`, `overflow`, `unknown session`, `server shutting down`. */
  lossReason: string | undefined;
  /** See {@link SocketOptions.auth}. May be changed; read at each connect. */
  auth!: NonNullable<SocketOptions["auth"]>;
  /** Events that came before `connect` was emitted. */
  receiveBuffer: ReadonlyArray<Unchecked>[] = [];
  /** Packets that wait for a connection. */
  sendBuffer: BufferedPacket[] = [];
  /** The namespace. */
  readonly nsp: string;
  private readonly _opts: Partial<SocketOptions>;
  private readonly acks: AckTable = new Map();
  /** The next acknowledgement id. @internal */
  _ids = 0;
  private flags: EmitFlags = {};
  private isActive = false;
  /** Why the server is about to disconnect it. */
  private lapse: VaivenError | undefined = undefined;
  /** The engine to which CONNECT was sent, or is about to be. */
  private joining: unknown = undefined;
  /** Events that come in the turn of `connect` wait for its end, so that listeners added in that turn miss nothing. */
  private isHolding = false;
  private _pid: string | undefined = undefined;
  private _lastOffset: string | undefined = undefined;
  private offsetTag: string | undefined = undefined;
  private queue: RetryQueue | undefined = undefined;
  private readonly delivery: Delivery | undefined;
  /** The end of the Blobs that are being read: what is emitted meanwhile waits for it. */
  private reading: Promise<void> | undefined = undefined;

  /** Use `io()` or `manager.socket()`. */
  constructor(io: BaseManager, nsp: string, opts?: Partial<SocketOptions>) {
    super((fn) => io.platform().soon(fn));
    this.io = io as unknown as BaseManager<ListenEvents, EmitEvents>;
    this.nsp = nsp;
    this._opts = opts ?? {};
    if (opts?.auth) this.auth = opts.auth;
    this.delivery = (opts?.delivery || io._delivery)?.(this as unknown as Socket);
    if (io._autoConnect) this.connect();
  }

  /** The opposite of {@link connected}. */
  get disconnected(): boolean {
    return !this.connected;
  }

  /** Whether it is connected or will connect by itself: false before the first connect, and once either side has disconnected it. */
  get active(): boolean {
    return this.isActive;
  }

  /** Connects. Does nothing if it is connected, or about to be. */
  connect(): this {
    if (this.connected) return this;
    const { io } = this;
    this.isActive = true;
    if (!io._reconnecting) io.open();
    if (io._readyState === "open") this._onOpen();
    return this;
  }

  /** As {@link connect}. */
  open(): this {
    return this.connect();
  }

  /** Leaves the namespace and does not come back by itself; the connection closes with its last socket. What was emitted before is still sent. */
  disconnect(): this {
    const { connected } = this;
    if (connected) this.transmit({ type: PacketType.DISCONNECT, nsp: this.nsp, options: {} });
    this.leave();
    this.delivery?.end();
    if (connected) this._onClose("io client disconnect");
    // Nobody knows when it connects again: who is told of errors is told of this one, and what waited for it is not sent any more.
    this.abandon("io client disconnect", (id, ack) => ack.abandon === undefined && this.isBuffered(id));
    return this;
  }

  /** As {@link disconnect}. */
  close(): this {
    return this.disconnect();
  }

  /** Emits the event `message`. */
  send(...args: Unchecked[]): this {
    return this.emit("message" as EventNames<EmitEvents>, ...(args as EventParams<EmitEvents, EventNames<EmitEvents>>));
  }

  /**
   * Sends an event. While not connected it waits; if it is volatile it is dropped.
   * A function as the last argument is called with the server's acknowledgement; under {@link timeout} it takes an error first.
   *
   * An event that is larger than the server takes is not sent: that is reported as an `error` event of the Manager, or to the console if nobody listens to it,
   * as `PACKET_TOO_BIG`; who awaits an acknowledgement with an error gets it there.
   *
   * @throws VaivenError `API_RESERVED_EVENT`; `PACKET_*` for what cannot be encoded;
   *   `SESSION_SEND_BUFFER_FULL` and `ACK_TOO_MANY`, see {@link SocketOptions}
   */
  override emit<Ev extends EventNames<EmitEvents>>(event: Ev, ...args: EventParams<EmitEvents, Ev>): this {
    refuseReserved(event);
    const { flags, _opts } = this;
    this.flags = {};
    const data: unknown[] = [event, ...args];
    if (_opts.retries && !flags.volatile) {
      const fault = !this.connected && this.faultOf(data);
      if (fault) {
        this.refuse(fault, data[data.length - 1], true);
        return this;
      }
      // Without a callback nobody else would tell.
      if (typeof data[data.length - 1] !== "function")
        data.push((error: VaivenError | null) => {
          if (error && /^PACKET/.test(error.code)) this.io._report(error);
        });
      this.queue ??= new RetryQueue(
        _opts.retries,
        () => this.delivery?.isActive === true,
        (again, callback) => this.emitAgain(again, callback),
      );
      this.queue.add(data, flags, this.connected);
    } else this.emitArgs(data, flags);
    return this;
  }

  /**
   * Sends an event and resolves with the first argument of the acknowledgement. Always settles once sent: it rejects with `ACK_TIMEOUT`,
   * or with `ACK_DISCONNECTED` when the socket is disconnected first.
   */
  emitWithAck<Ev extends EventNames<EmitEvents>>(
    event: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>> {
    return new Promise((resolve, reject) => {
      this.flags.settles = true;
      const callback: TimedAckCallback = (error, value) => (error ? reject(error) : resolve(value as never));
      this.emit(event, ...([...args, callback] as unknown as EventParams<EmitEvents, Ev>));
    });
  }

  /** For the next emit: whether it may be compressed. Default: true. */
  compress(compress: boolean): this {
    this.flags.compress = compress;
    return this;
  }

  /** For the next emit: it is dropped where it would have to wait. */
  get volatile(): this {
    this.flags.volatile = true;
    return this;
  }

  /** For the next emit: milliseconds that the acknowledgement may take. */
  timeout(ms: number): Socket<ListenEvents, TimedAcknowledgements<EmitEvents>> {
    this.flags.timeout = ms;
    return this as unknown as Socket<ListenEvents, TimedAcknowledgements<EmitEvents>>;
  }

  // ── sending ──

  /** From the queue of `retries`. What does not come from there once more waits as long as all its attempts might have taken. */
  private emitAgain(
    { data, flags, isCounted: once }: { data: unknown[]; flags: EmitFlags; isCounted: boolean },
    callback: TimedAckCallback,
  ): void {
    const { retries, ackTimeout } = this._opts;
    const timeout = flags.timeout ?? ackTimeout;
    this.emitArgs(
      [...data, callback],
      Object.assign({}, flags, once && timeout && { timeout: timeout * (retries! + 1) }),
    );
  }

  private emitArgs(data: unknown[], flags: EmitFlags): void {
    const { io, _opts } = this;
    const packet: BufferedPacket = {
      type: PacketType.EVENT,
      nsp: this.nsp,
      data,
      options: { compress: flags.compress !== false, volatile: flags.volatile === true, repeats: flags.fromQueue },
    };
    const ready = this.connected && !io.engine.hasPingExpired() && !this.delivery?.isFull;
    const callback = data[data.length - 1];
    const { maxSendBuffer = 10_000, maxPendingAcks = 100_000 } = _opts;
    const waits = !ready && !flags.volatile;
    const error =
      waits && this.sendBuffer.length >= maxSendBuffer
        ? new VaivenError("SESSION_SEND_BUFFER_FULL", `${maxSendBuffer} events wait already (maxSendBuffer)`)
        : typeof callback === "function" && this.acks.size >= maxPendingAcks
          ? new VaivenError("ACK_TOO_MANY", `${maxPendingAcks} answers are waited for already (maxPendingAcks)`)
          : waits && this.faultOf(data);
    if (error) {
      this.refuse(error, callback, flags.settles || (flags.timeout ?? _opts.ackTimeout) !== undefined);
      return;
    }
    if (typeof callback === "function") {
      data.pop();
      packet.id = this._ids++;
      this.expect(packet.id, flags, callback as TimedAckCallback);
    }
    if (flags.volatile && !(ready && io.engine.writable)) return;
    if (ready) this.transmit(packet);
    else this.sendBuffer.push(packet);
  }

  /** Why an event that has to wait can never be sent: who emits it can be told now, but not then. */
  private faultOf(data: readonly unknown[]): unknown {
    const args = typeof data[data.length - 1] === "function" ? data.slice(0, -1) : data;
    try {
      this.io._encode({ type: PacketType.EVENT, nsp: this.nsp, data: args });
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** As in `write`: who is told of errors is told of this one; otherwise it is the caller's. */
  private refuse(error: unknown, callback: unknown, settles: boolean): void {
    if (typeof callback !== "function" || !settles) throw error;
    this.io.platform().soon(() => callback(error));
  }

  private expect(
    id: number,
    { timeout = this._opts.ackTimeout, settles }: EmitFlags,
    callback: TimedAckCallback,
  ): void {
    const settle: TimedAckCallback = (error, ...args) => {
      if (error) this.sendBuffer = this.sendBuffer.filter((packet) => packet.id !== id);
      callback(error, ...args);
    };
    if (timeout !== undefined) expectAckWithin(this.acks, id, timeout, this.io.platform(), settle);
    else if (settles) expectAck(this.acks, id, settle);
    else this.acks.set(id, callback as (...args: unknown[]) => void);
  }

  /** Sends a packet of a connected socket, behind the Blobs that are being read. */
  private transmit(packet: BufferedPacket): void {
    const blobs = readBlobs(packet.data, this.io._host.blobBytes);
    if (blobs === undefined && this.reading === undefined) {
      this.write(packet);
      return;
    }
    const { id } = this;
    const reading = Promise.all([blobs, this.reading]).then(([data]) => {
      if (this.reading === reading) this.reading = undefined;
      if (data) packet.data = data;
      if (this.connected && this.id === id) this.late(() => this.write(packet));
      else if (packet.type === PacketType.EVENT || this.delivery?.isKept) this.sendBuffer.push(packet);
    });
    this.reading = reading;
  }

  /** Sends what nobody waits for any more: what cannot be sent is dropped, and the Manager tells. */
  private late(send: () => void): void {
    this.guard(() => {
      try {
        send();
      } catch (error) {
        // Others are those of listeners.
        if (!(error instanceof VaivenError)) throw error;
        this.io._report(error);
      }
    });
  }

  /** Encodes what the server takes. */
  private encode(packet: SocketPacket, options?: OutgoingOptions): Outgoing {
    const { io } = this;
    const { type, data } = packet;
    const outgoing = io._encode(packet, options);
    const { maxPayload } = io.engine;
    const size = maxPayload ? outgoing.byteLength(io.platform().textByteLength) : 0;
    if (size > (maxPayload as number)) {
      const name = type === PacketType.EVENT ? `"${(data as unknown[])[0]}"` : "a packet";
      throw new VaivenError(TOO_BIG, `${name} has ${size} bytes, the server takes ${maxPayload} (maxHttpBufferSize)`);
    }
    return outgoing;
  }

  private write(packet: BufferedPacket): void {
    const { io, acks } = this;
    const { type, id, data, options } = packet;
    try {
      // An error as acknowledgement: without our own server what JSON makes of it, as with Socket.IO.
      const outgoing = this.encode(
        type === PacketType.ACK && Array.isArray(data) && data[0] instanceof Error && this.failsAcks
          ? { type: PacketType.CONTROL, nsp: packet.nsp, data: ["ack-error", id, wireErrorOf(data[0])] }
          : packet,
        options,
      );
      if (type === PacketType.EVENT) this.notifyOutgoing(data as unknown[]);
      this.delivery?.sent(outgoing, packet);
      io.engine.sendPacket(outgoing);
    } catch (error) {
      // Who is told of errors is told of this one; otherwise it is the caller's.
      const ack = type === PacketType.EVENT ? acks.get(id as number) : undefined;
      const { code } = error as VaivenError;
      // The id of an ACK is the server's.
      if (ack) acks.delete(id as number);
      if (ack?.abandon) ack.abandon(error as VaivenError);
      else if (code === TOO_BIG) io._report(error as VaivenError);
      else throw error;
    }
  }

  // ── what the Manager tells ──

  /** The connection is open: joins the namespace. @internal */
  _onOpen(): void {
    const { io } = this;
    const { engine } = io;
    if (this.joining === engine) return;
    this.joining = engine;
    const join = (data?: object): void => {
      // The function may answer late, or twice.
      if (this.joining !== engine || io.engine !== engine || !this.isActive) return;
      this.joining = engine;
      const payload = Object.assign(
        {},
        this._pid && { pid: this._pid, offset: this._lastOffset },
        data,
        io._envelope && {
          vaiven: {
            v: 1,
            caps: this.delivery ? [...CAPABILITIES, "delivery"] : CAPABILITIES,
            session: this.delivery?.claim(),
          },
        },
      );
      const packet: SocketPacket = { type: PacketType.CONNECT, nsp: this.nsp };
      if (Object.keys(payload).length > 0) packet.data = payload;
      engine.sendPacket(this.encode(packet));
    };
    this.readAuth(join, (error) => {
      // With the same credentials the next attempt would end like this one.
      if (this.joining !== engine) return;
      this.leave();
      this.emitOwn("connect_error", asError(error));
    });
  }

  /** Hands over what `auth` gives now, once; or else why there is nothing that can be sent. */
  private readAuth(take: (data?: object) => void, fail: (error: unknown) => void): void {
    const { auth } = this;
    let answered = false;
    const answer = (send: () => void): void => {
      if (answered) return;
      answered = true;
      try {
        send();
      } catch (error) {
        fail(error);
      }
    };
    const refuse = (error: unknown): void => {
      // What it throws behind its answer concerns nobody here.
      if (answered) throw error;
      answered = true;
      fail(error);
    };
    if (typeof auth !== "function") answer(() => take(auth));
    else
      this.guard(() => {
        try {
          const result: unknown = auth((data) => answer(() => take(data)));
          (result as Promise<unknown> | undefined)?.then?.(undefined, refuse);
        } catch (error) {
          refuse(error);
        }
      });
  }

  /** A control packet of our own server. */
  private onControl(message: ControlMessage): void {
    const { io, id, nsp } = this;
    if (message[0] === "lapsed") this.lapse = new VaivenError(message[1], "the server refuses the credentials");
    else if (message[0] !== "refresh") this.delivery?.onControl(message);
    else {
      const report = (error: unknown): void => io._report(asError(error));
      this.readAuth((data) => {
        if (this.connected && this.id === id) {
          io.engine.sendPacket(this.encode({ type: PacketType.CONTROL, nsp, data: ["refresh", data] }));
        }
      }, report);
    }
  }

  /** The connection could not be made. @internal */
  _onError(error: Error): void {
    if (!this.connected) this.emitOwn("connect_error", error);
  }

  /** The connection is lost, or this socket has left it. @internal */
  _onClose(reason: string, description?: unknown): void {
    this.release();
    this.connected = false;
    this.joining = undefined;
    this.id = undefined;
    const isKept = this.delivery?.cut();
    this.emitOwn("disconnect", reason, description);
    if (isKept) return;
    // Acknowledgements of packets that wait can still come.
    this.abandon(reason, (id) => this.isBuffered(id));
  }

  /** A packet of this namespace. @internal */
  _onPacket(packet: SocketPacket): void {
    let { type, data, id } = packet;
    if (type === PacketType.CONTROL) {
      const message = data as ControlMessage;
      if (message[0] === "ack-error") {
        type = PacketType.ACK;
        id = message[1];
        data = [errorOf(message[2])];
      }
    }
    if (type === PacketType.EVENT || type === PacketType.ACK) this.delivery?.count();
    if (type === PacketType.EVENT) {
      const args = data as unknown[];
      if (id !== undefined) args.push(this.answer(id));
      if (this.connected && !this.isHolding) this.deliver(args);
      else this.receiveBuffer.push(args);
    } else if (type === PacketType.ACK) settleAck(this.acks, id as number, data as unknown[]);
    else if (type === PacketType.CONTROL) this.onControl(data as ControlMessage);
    else if (type === PacketType.CONNECT) this.onConnect(data as ConnectData | undefined);
    else if (type === PacketType.DISCONNECT) {
      this.release();
      this.leave();
      this.delivery?.end();
      const { lapse } = this;
      this.lapse = undefined;
      this._onClose("io server disconnect", lapse);
    } else if (type === PacketType.CONNECT_ERROR) {
      this.leave();
      const { message = typeof data === "string" ? data : "", data: more } = (data ?? {}) as ExtendedError;
      const error = new VaivenError("CONNECT_REFUSED", "");
      this.emitOwn("connect_error", Object.assign(error, { message: `${message}`, data: more }));
    }
  }

  private onConnect(data: ConnectData | undefined): void {
    if (data?.sid === undefined) {
      this.emitOwn(
        "connect_error",
        new VaivenError("CONNECT_REFUSED", "the server speaks Socket.IO 2, which this client does not"),
      );
      return;
    }
    const { sid, pid, vaiven } = data;
    this.id = sid;
    const terms = vaiven && "keep" in vaiven ? vaiven : undefined;
    this.connected = true;
    this.isHolding = true;
    this.recovered = this.delivery?.accept(terms) || (pid !== undefined && this._pid === pid);
    if (!this.recovered) this._lastOffset = undefined;
    this._pid = pid;
    this.offsetTag = terms ? undefined : (vaiven as { offsets?: string } | undefined)?.offsets;
    this._drain();
    this.emitOwn("connect");
    this.queue?.send(!this.recovered);
    Promise.resolve().then(() => this.release());
  }

  /** Sends what waits. @internal */
  _drain(): void {
    const buffered = this.sendBuffer;
    this.sendBuffer = [];
    for (const packet of buffered) {
      if (this.connected && !this.delivery?.isFull) this.late(() => this.transmit(packet));
      else this.sendBuffer.push(packet);
    }
  }

  /** Delivers what was held back. */
  private release(): void {
    this.isHolding = false;
    const held = this.receiveBuffer;
    this.receiveBuffer = [];
    for (const args of held) if (this.connected) this.guard(() => this.deliver(args));
  }

  private deliver(args: readonly unknown[]): void {
    if (this._pid !== undefined) this.noteOffset(args as unknown[]);
    this.notifyIncoming(args);
    const [event, ...rest] = args;
    const last = rest[rest.length - 1];
    const fail =
      typeof last === "function" && this.failsAcks ? (cause: unknown): void => last(asError(cause)) : undefined;
    if (!this.dispatch(event, rest, fail) && !this.listenersAny().length) fail?.(unhandledError(event));
  }

  /** Our server says how its offsets begin, and they are taken off. With Socket.IO's any text may be one, and all stay. */
  private noteOffset(args: unknown[]): void {
    const last = args[args.length - 1];
    if (typeof last !== "string" || args.length < 2) return;
    if (this.offsetTag === undefined) this._lastOffset = last;
    else if (last.startsWith(this.offsetTag)) this._lastOffset = args.pop() as string;
  }

  /** What an event's acknowledgement is: sends its arguments, once. */
  private answer(id: number): (...args: unknown[]) => void {
    let answered = false;
    return (...data) => {
      if (answered) return;
      answered = true;
      const packet: BufferedPacket = { type: PacketType.ACK, nsp: this.nsp, id, data, options: {} };
      if (this.connected && !this.delivery?.isFull) this.transmit(packet);
      else if (this.delivery?.isKept) this.sendBuffer.push(packet);
    };
  }

  /** Whether the server takes errors as acknowledgements. */
  private get failsAcks(): boolean {
    return this.io._envelope?.caps.includes(ACK_ERRORS) === true;
  }

  private leave(): void {
    this.isActive = false;
    this.joining = undefined;
    this.io._destroy();
  }

  /** The page is being left. @internal */
  _onLeave(): void {
    this.delivery?.save();
  }

  /** A session is lost: what was said in it, and not sent, means nothing in another. @internal */
  _onLost(reason: string): void {
    this.sendBuffer = this.sendBuffer.filter(({ type }) => type === PacketType.EVENT);
    this.abandon(reason, (id) => this.isBuffered(id));
  }

  private isBuffered(id: number): boolean {
    return this.sendBuffer.some((packet) => packet.id === id && packet.type === PacketType.EVENT);
  }

  private abandon(reason: string, except: (id: number, ack: PendingAck) => boolean): void {
    const gone: AckTable = new Map();
    for (const [id, ack] of this.acks) {
      if (except(id, ack)) continue;
      gone.set(id, ack);
      this.acks.delete(id);
    }
    this.guard(() => abandonAcks(gone, ackDisconnectedError(reason)));
  }

  private emitOwn(event: keyof SocketReservedEvents, ...args: unknown[]): void {
    this.dispatch(event, args);
  }
}

/** Types that belong to {@link Socket}. */
export declare namespace Socket {
  type DisconnectReason =
    | "io server disconnect"
    | "io client disconnect"
    | "ping timeout"
    | "transport close"
    | "transport error"
    | "parse error";
}
