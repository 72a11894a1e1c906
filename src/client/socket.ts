// client/ The socket of one namespace: events and acknowledgements over the Manager's connection (Socket.IO protocol v5).
//
//   inactive ──connect()──▶ active, waiting ──CONNECT──▶ connected ──connection lost──▶ active, waiting (the Manager reconnects)
//      ▲                          │ CONNECT_ERROR            │
//      └──────────────────────────┴──────────────────────────┴── disconnect(), DISCONNECT
import { VaivenError } from "../errors.js";
import { asError, unhandledError } from "../event/ack-errors.js";
import type { TimedAckCallback } from "../event/acks.js";
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
import type { Outgoing } from "../packet/outgoing.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import type { Envelope } from "../session/open-data.js";
import { readAuth } from "./credentials.js";
import type { Delivery, DeliveryTerms } from "./delivery.js";
import { GuardedEmitter } from "./guarded-emitter.js";
import type { BaseManager } from "./manager.js";
import { CAPABILITIES } from "./own-ends.js";
import { type BufferedPacket, makeSender, type Sender } from "./sender.js";
import type {
  DisconnectDescription,
  EmitFlags,
  ExtendedError,
  SocketOptions,
  SocketReservedEvents,
} from "./socket-options.js";

/** What the server says when it accepts. The last is our own server's. */
interface ConnectData {
  readonly sid?: string;
  readonly pid?: string;
  readonly vaiven?: Partial<DeliveryTerms>;
}

/** What the client says when it joins, beside the program's own `auth`. */
interface JoinData {
  readonly pid?: string | undefined;
  readonly offset?: string | undefined;
  readonly vaiven?: Envelope & { readonly session: unknown };
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
  /** With {@link SocketOptions.delivery}: why the last session was lost: `expired`, `overflow` or `unknown session`. */
  lossReason: string | undefined;
  /** See {@link SocketOptions.auth}. May be changed; read at each connect. */
  auth!: NonNullable<SocketOptions["auth"]>;
  /** Events that came before `connect` was emitted. */
  receiveBuffer: ReadonlyArray<Unchecked>[] = [];
  /** Packets that wait for a connection. */
  sendBuffer: BufferedPacket[] = [];
  /** The namespace. */
  readonly nsp: string;
  /** @internal */
  readonly _delivery: Delivery | undefined;
  /** @internal */
  readonly _sender: Sender;
  /** The next acknowledgement id. @internal */
  _ids = 0;
  private flags: EmitFlags = {};
  private isActive = false;
  /** Why the server is about to disconnect it. @internal */
  _lapse: VaivenError | undefined;
  /** The engine to which CONNECT was sent, or is about to be. */
  private joining: unknown = undefined;
  /** The engine to which CONNECT was sent that is not answered yet. */
  private asked: unknown = undefined;
  /** Whether what comes now is of a session that was left before the server had accepted it. */
  private isLate = false;
  /** Events that come in the turn of `connect` wait for its end, so that listeners added in that turn miss nothing. */
  private isHolding = false;
  private _pid: string | undefined;
  private _lastOffset: string | undefined;

  /** Use `io()` or `manager.socket()`. */
  constructor(io: BaseManager, nsp: string, opts: Partial<SocketOptions> = {}) {
    super((fn) => io.platform().soon(fn));
    this.io = io as unknown as BaseManager<ListenEvents, EmitEvents>;
    this.nsp = nsp;
    const { auth } = opts;
    const delivery = opts.delivery || io._delivery;
    if (auth) this.auth = auth;
    this._sender = makeSender(this as unknown as Socket, opts, (event) => this.notifyOutgoing(event));
    if (delivery) this._delivery = delivery(this as unknown as Socket);
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
    const { io, isActive } = this;
    this.isActive = true;
    if (!isActive) io._queueUp(this as unknown as Socket);
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
    const delivery = this._delivery;
    // Not behind Blobs that are being read: their events wait for the next connect, and the server hears of the end.
    if (connected) this._say({ type: PacketType.DISCONNECT, nsp: this.nsp }, () => {});
    this.leave();
    if (delivery) delivery.end();
    this.receiveBuffer = [];
    if (connected) this._onClose("io client disconnect");
    // Nobody knows when it connects again: callbacks that take errors get this one, and what waited for it is not sent any more.
    this._sender.acks.abandon("io client disconnect", true);
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
   * as `PACKET_TOO_BIG`; whoever awaits an acknowledgement with an error gets it there.
   *
   * @throws VaivenError `API_RESERVED_EVENT`; `PACKET_*` for what cannot be encoded;
   *   `SESSION_SEND_BUFFER_FULL` and `ACK_TOO_MANY`, see {@link SocketOptions}
   */
  override emit<Ev extends EventNames<EmitEvents>>(event: Ev, ...args: EventParams<EmitEvents, Ev>): this {
    refuseReserved(event);
    const { flags } = this;
    this.flags = {};
    this._sender.emit([event, ...args], flags);
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

  // ── what the Manager tells ──

  /** The connection is open: joins the namespace. @internal */
  _onOpen(): void {
    const { io, nsp } = this;
    const delivery = this._delivery;
    const { engine, _envelope } = io;
    // A server takes no second CONNECT before it has answered the first: see `_takes`.
    if (this.joining === engine || this.asked === engine) return;
    this.joining = engine;
    const join = (data?: object): void => {
      // The function may answer late.
      if (this.joining !== engine || io.engine !== engine || !this.isActive) return;
      const caps = CAPABILITIES.concat(delivery ? "delivery" : []);
      const own: JoinData | undefined = _envelope && { vaiven: { v: 1, caps, session: delivery && delivery.claim() } };
      const say = (more: object | undefined, fail: (error: unknown) => void): void => {
        const payload = Object.assign({}, this._pid && { pid: this._pid, offset: this._lastOffset }, data, more);
        const packet: SocketPacket = { type: PacketType.CONNECT, nsp };
        if (Object.keys(payload).length) packet.data = payload;
        this._say(packet, fail);
      };
      this.asked = engine;
      // A limit that has no room for what is ours may have room for what is the user's.
      say(own, () => say(undefined, refuse));
    };
    const refuse = (error: unknown): void => {
      // With the same credentials the next attempt would end like this one.
      if (this.joining !== engine) return;
      this.asked = undefined;
      this.leave();
      this.emitReserved("connect_error", asError(error));
    };
    this.guard(() => readAuth(this, join, refuse));
  }

  /** Sends what is no event, now. `fail` is told of what cannot be encoded, or the server does not take. @internal */
  _say(packet: SocketPacket, fail: (error: unknown) => void): void {
    let outgoing: Outgoing;
    try {
      outgoing = this._sender.encode(packet);
    } catch (error) {
      fail(error);
      return;
    }
    this.io.engine.sendPacket(outgoing);
  }

  /** The connection could not be made. @internal */
  _onError(error: Error): void {
    if (!this.connected) this.emitReserved("connect_error", error);
  }

  /** The connection is lost, or this socket has left it. @internal */
  _onClose(reason: string, description?: unknown): void {
    this.release();
    this.connected = false;
    this.joining = undefined;
    this.id = undefined;
    const isKept = this._delivery && this._delivery.cut();
    this.emitReserved("disconnect", reason as Socket.DisconnectReason, description as DisconnectDescription);
    if (!isKept) this._sender.acks.abandon(reason);
  }

  /** Whether a packet is for this socket as it is now: it may have been closed, and connected again, before the server had answered. @internal */
  _takes(type: PacketType): boolean {
    const { io, asked } = this;
    if (type === PacketType.CONNECT || type === PacketType.CONNECT_ERROR) {
      this.asked = undefined;
      this.isLate = asked === io.engine && this.joining !== asked;
      if (this.isLate) {
        // The server must not keep it.
        if (type === PacketType.CONNECT) this._say({ type: PacketType.DISCONNECT, nsp: this.nsp }, () => {});
        if (this.isActive) this._onOpen();
      }
    }
    return this.isActive && !this.isLate;
  }

  /** A packet of this namespace. @internal */
  _onPacket(packet: SocketPacket): void {
    const { type, data, id } = packet;
    const { _lapse } = this;
    const delivery = this._delivery;
    if (delivery && (type === PacketType.EVENT || type === PacketType.ACK)) delivery.count();
    if (type === PacketType.EVENT) this.onevent(packet);
    else if (type === PacketType.ACK) this._sender.acks.settle(id as number, data as unknown[]);
    else if (type === PacketType.CONTROL) {
      if (delivery) delivery.onControl(data as ControlMessage);
    } else if (type === PacketType.CONNECT) this.onConnect((data || {}) as ConnectData);
    else if (type === PacketType.DISCONNECT) {
      this.release();
      this.leave();
      if (delivery) delivery.end();
      this._lapse = undefined;
      this._onClose("io server disconnect", _lapse);
    } else if (type === PacketType.CONNECT_ERROR) {
      this.leave();
      const { message, data: more } = data as ExtendedError;
      const error = new VaivenError("CONNECT_REFUSED", "");
      this.emitReserved(
        "connect_error",
        Object.assign(error, { message: textOf(message) || textOf(data) || "", data: more }),
      );
    }
  }

  /** A door: plugins put a function of their own here, and may call this one from it. @internal */
  onevent({ data, id }: SocketPacket): void {
    const args = data as unknown[];
    if (id !== undefined) args.push(this.ack(id));
    if (this.connected && !this.isHolding) this.deliver(args);
    else this.receiveBuffer.push(args);
  }

  private onConnect({ sid, pid, vaiven }: ConnectData): void {
    if (textOf(sid) === undefined) {
      this.emitReserved(
        "connect_error",
        new VaivenError("CONNECT_REFUSED", "the server speaks Socket.IO 2, which this client does not"),
      );
      return;
    }
    const { _sender: sender } = this;
    const delivery = this._delivery;
    const { keep } = vaiven || ({} as Partial<DeliveryTerms>);
    this.id = sid;
    this.connected = true;
    this.isHolding = true;
    this.recovered =
      (delivery && delivery.accept(typeof keep === "number" ? (vaiven as DeliveryTerms) : undefined)) ||
      (pid !== undefined && this._pid === pid);
    if (!this.recovered) this._lastOffset = undefined;
    this._pid = textOf(pid);
    sender.drain();
    sender.resume();
    this.emitReserved("connect");
    Promise.resolve().then(() => this.release());
  }

  /** Delivers what was held back. */
  private release(): void {
    this.isHolding = false;
    // Where a listener loses the connection, that delivers the rest, which counts as received; where one disconnects there is no rest.
    while (this.receiveBuffer.length) {
      const args = this.receiveBuffer.shift()!;
      if (this.connected) this.guard(() => this.deliver(args));
    }
  }

  private deliver(args: readonly unknown[]): void {
    if (this._pid !== undefined) this.noteOffset(args);
    this.notifyIncoming(args);
    const [event, ...rest] = args;
    const last = rest[rest.length - 1];
    const fail =
      typeof last === "function" && this.io._takesErrors ? (cause: unknown): void => last(asError(cause)) : undefined;
    if (!this.dispatch(event, rest, fail) && fail && !this.listenersAny().length) fail(unhandledError(event));
  }

  /** Any text at the end may be an offset of Socket.IO's: it is remembered, and stays. */
  private noteOffset(args: readonly unknown[]): void {
    const last = args[args.length - 1];
    if (typeof last === "string" && args.length > 1) this._lastOffset = last;
  }

  /** What an event's acknowledgement is: sends its arguments, once. @internal */
  ack(id: number): (...args: unknown[]) => void {
    let answered = false;
    const { id: receiver } = this;
    const delivery = this._delivery;
    const pid = delivery && delivery.pid;
    return (...data) => {
      const isOther = pid ? (delivery as Delivery).pid !== pid : this.connected && receiver && this.id !== receiver;
      // In another session this id may be that of another event.
      if (answered || isOther) return;
      answered = true;
      const packet: BufferedPacket = { type: PacketType.ACK, nsp: this.nsp, id, data, options: {} };
      if (this.connected && !(delivery && delivery.isFull)) this._sender.transmit(packet);
      else if (pid) this.sendBuffer.push(packet);
    };
  }

  private leave(): void {
    this.isActive = false;
    this.joining = undefined;
    this.io._destroy();
  }
}

/** `value` if it is a text: what a server sends may be anything. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
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
