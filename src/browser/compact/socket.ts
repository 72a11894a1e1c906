// browser/compact/ The socket of the small client: events and acknowledgements of one namespace (Socket.IO protocol v5).
import { VaivenError } from "../../errors.js";
import type { Unchecked } from "../../event/event-map.js";
import { refuseReserved } from "../../event/reserved.js";
import { PacketType, type SocketPacket } from "../../packet/socket-packet.js";
import { GuardedEmitter, guard } from "./emitter.js";
import type { Engine } from "./engine.js";
import type { Manager } from "./manager.js";
import type { Options } from "./options.js";

/** Takes an error, or null and the arguments of an acknowledgement. */
type Answer = (error: Error | null, ...args: Unchecked[]) => void;

/** What was asked for one emit. @internal */
interface Flags {
  volatile?: boolean;
  timeout?: number;
  /** The callback takes an error first, also without a timeout. */
  settles?: boolean;
}

/** An event that is sent until it is acknowledged. @internal */
interface Retried {
  readonly data: Unchecked[];
  readonly flags: Flags;
  readonly callback: Answer | undefined;
  tries: number;
  isUnderWay: boolean;
}

/** What the server says in its CONNECT. These names travel: minified files must keep them. */
interface Welcome {
  sid?: string;
  pid?: string;
}

/** A socket. Events that are emitted while it is not connected wait in {@link sendBuffer} and leave, in order, when it connects. */
export class Socket extends GuardedEmitter {
  readonly io: Manager;
  readonly nsp: string;
  /** The server's id of this socket. Undefined while not connected. */
  id: string | undefined;
  connected = false;
  /** Whether it is connected or will connect by itself. */
  active = false;
  /** Whether the last connect restored the state of the connection before. */
  recovered = false;
  auth: Options["auth"];
  /** Events that came before `connect`. */
  receiveBuffer: Unchecked[][] = [];
  /** Packets that wait for a connection. */
  sendBuffer: SocketPacket[] = [];
  private readonly opts: Options;
  private readonly acks = new Map<number, Answer>();
  private readonly retried: Retried[] = [];
  private ids = 0;
  private nextFlags: Flags = {};
  /** The engine to which CONNECT was sent, or is about to be. */
  private joining: Engine | undefined;
  private pid: string | undefined;
  private lastOffset: string | undefined;

  /** Use `io()` or `manager.socket()`. */
  constructor(io: Manager, nsp: string, opts: Options = {}) {
    super();
    this.io = io;
    this.nsp = nsp;
    this.opts = opts;
    this.auth = opts.auth;
    if (io._autoConnect) this.connect();
  }

  get disconnected(): boolean {
    return !this.connected;
  }

  /** Connects. Does nothing if it is connected, or about to be. */
  connect(): this {
    const { io } = this;
    this.active = true;
    if (!io._reconnecting) io.open();
    if (io._readyState === "open") this._onOpen();
    return this;
  }

  /** As {@link connect}. */
  open(): this {
    return this.connect();
  }

  /** Leaves the namespace and does not come back by itself; the connection closes with its last socket. */
  disconnect(): this {
    const { connected } = this;
    if (connected) this.io._send({ type: PacketType.DISCONNECT, nsp: this.nsp });
    this.leaveNamespace();
    if (connected) this._onClose("io client disconnect");
    return this;
  }

  /** As {@link disconnect}. */
  close(): this {
    return this.disconnect();
  }

  /** Emits the event `message`. */
  send(...args: Unchecked[]): this {
    return this.emit("message", ...args);
  }

  /** Sends an event. A function as the last argument is called with the acknowledgement. */
  override emit(event: string | symbol, ...args: Unchecked[]): this {
    refuseReserved(event);
    const { nextFlags: flags } = this;
    const callback = typeof args[args.length - 1] === "function" ? args.pop() : undefined;
    const data = [event, ...args];
    this.nextFlags = {};
    if (this.opts.retries && !flags.volatile) this.emitWithRetries(data, flags, callback);
    else this.emitOnce(data, flags, callback);
    return this;
  }

  /** Sends an event and resolves with the first argument of the acknowledgement. */
  emitWithAck(event: string | symbol, ...args: Unchecked[]): Promise<Unchecked> {
    return new Promise((resolve, reject) => {
      this.nextFlags.settles = true;
      this.emit(event, ...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)));
    });
  }

  /** For the next emit. Without effect in browsers, which compress as they like. */
  compress(_compress: boolean): this {
    return this;
  }

  /** For the next emit: it is dropped where it would have to wait. */
  get volatile(): this {
    this.nextFlags.volatile = true;
    return this;
  }

  /** For the next emit: milliseconds that the acknowledgement may take. */
  timeout(ms: number): this {
    this.nextFlags.timeout = ms;
    return this;
  }

  private emitOnce(data: Unchecked[], flags: Flags, callback: Answer | undefined): void {
    const { io, opts, acks } = this;
    const packet: SocketPacket = { type: PacketType.EVENT, nsp: this.nsp, data };
    if (callback) {
      const id = this.ids++;
      const { timeout = opts.ackTimeout, settles = timeout !== undefined } = flags;
      const settle: Answer = (error, ...args) => {
        clearTimeout(timer);
        acks.delete(id);
        if (error) this.sendBuffer = this.sendBuffer.filter((other) => other !== packet);
        if (settles) callback.call(this, error, ...args);
        else if (!error) (callback as (...args: unknown[]) => void).apply(this, args);
      };
      const timer =
        timeout === undefined
          ? undefined
          : setTimeout(() => settle(new VaivenError("ACK_TIMEOUT", "operation has timed out")), timeout);
      packet.id = id;
      acks.set(id, settle);
    }
    const isReady = this.connected && !io.engine._hasPingExpired();
    if (isReady && (!flags.volatile || io.engine.writable)) this.transmit(packet);
    else if (!flags.volatile) this.sendBuffer.push(packet);
  }

  private transmit(packet: SocketPacket): void {
    this.notifyOutgoing(packet.data as Unchecked[]);
    this.io._send(packet);
  }

  private emitWithRetries(data: Unchecked[], flags: Flags, callback: Answer | undefined): void {
    this.retried.push({ data, flags, callback, tries: 0, isUnderWay: false });
    this.sendRetried();
  }

  /** The option `retries`: sends the first event that waits. `again`: whatever was under way is lost. */
  private sendRetried(again?: boolean): void {
    const { retried, opts } = this;
    const [entry] = retried;
    if (!entry || !this.connected || (entry.isUnderWay && !again)) return;
    const attempt = ++entry.tries;
    entry.isUnderWay = true;
    this.emitOnce(entry.data.slice(), Object.assign({}, entry.flags, { settles: true }), (error, ...args) => {
      if (entry.tries !== attempt) return;
      entry.isUnderWay = false;
      // The loss of a connection is not the event's fault: it goes again with the next one.
      if (error && !this.connected) entry.tries--;
      else if (!error || attempt > (opts.retries as number)) {
        retried.shift();
        if (entry.callback) entry.callback(error, ...args);
      }
      this.sendRetried();
    });
  }

  /** The connection is open: joins the namespace. @internal */
  _onOpen(): void {
    const { io, pid } = this;
    const { engine } = io;
    if (this.joining === engine) return;
    this.joining = engine;
    const join = (data?: object): void => {
      // The function may answer late.
      if (this.joining !== engine || io._readyState !== "open") return;
      io._send({
        type: PacketType.CONNECT,
        nsp: this.nsp,
        data: pid ? Object.assign({ pid, offset: this.lastOffset }, data) : data,
      });
    };
    guard(() => (typeof this.auth === "function" ? this.auth(join) : join(this.auth)));
  }

  /** @internal */
  _onError(error: Error): void {
    this.emitReserved("connect_error", error);
  }

  /** The connection is lost, or this socket has left it. @internal */
  _onClose(reason: string, description?: unknown): void {
    const { connected } = this;
    this.connected = false;
    this.joining = this.id = undefined;
    this.receiveBuffer = [];
    if (connected) this.emitReserved("disconnect", reason, description);
    this.acks.forEach((settle, id) => {
      if (!this.sendBuffer.some((packet) => packet.id === id))
        guard(() => settle(new VaivenError("ACK_DISCONNECTED", "socket has been disconnected")));
    });
  }

  /** @internal */
  _onPacket({ type, id, data }: SocketPacket): void {
    const args = data as Unchecked[];
    if (type === PacketType.EVENT) {
      if (id !== undefined) args.push(this.acknowledgement(id));
      if (this.connected) this.deliver(args);
      else this.receiveBuffer.push(args);
    } else if (type === PacketType.ACK) {
      const settle = this.acks.get(id as number);
      if (settle) settle(null, ...args);
    } else if (type === PacketType.CONNECT) this.onConnect(data as Welcome);
    else if (type === PacketType.DISCONNECT) {
      this.leaveNamespace();
      this._onClose("io server disconnect");
    } else {
      this.leaveNamespace();
      const { message = "", data: more } = data as { message?: string; data?: unknown };
      this._onError(Object.assign(new Error(message), { data: more }));
    }
  }

  private onConnect({ sid, pid }: Welcome): void {
    this.id = sid;
    this.connected = true;
    this.recovered = !!pid && this.pid === pid;
    this.pid = pid;
    if (!this.recovered) this.lastOffset = undefined;
    const { sendBuffer, receiveBuffer } = this;
    this.sendBuffer = [];
    this.receiveBuffer = [];
    for (const packet of sendBuffer) guard(() => this.transmit(packet));
    this.sendRetried(true);
    this.emitReserved("connect");
    for (const args of receiveBuffer) if (this.connected) this.deliver(args);
  }

  private deliver(args: Unchecked[]): void {
    const last = args[args.length - 1];
    if (this.pid && args.length > 1 && typeof last === "string") this.lastOffset = last;
    this.notifyIncoming(args);
    this.dispatch(args[0], args.slice(1));
  }

  /** What an event's acknowledgement is: sends its arguments, once. */
  private acknowledgement(id: number): (...args: unknown[]) => void {
    let isAnswered = false;
    const { nsp, id: receiver } = this;
    return (...data) => {
      // In another session this id may be that of another event.
      if (isAnswered || !this.connected || (receiver && this.id !== receiver)) return;
      isAnswered = true;
      this.io._send({ type: PacketType.ACK, nsp, id, data });
    };
  }

  private leaveNamespace(): void {
    this.active = false;
    this.joining = undefined;
    this.io._destroy();
  }
}
