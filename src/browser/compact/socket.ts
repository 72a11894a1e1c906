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
export type Answer = (error: Error | null, ...args: Unchecked[]) => void;

/** What was asked for one emit. @internal */
export interface Flags {
  volatile?: boolean;
  compress?: boolean;
  timeout?: number;
  /** The callback takes an error first, also without a timeout. */
  settles?: boolean;
}

/** A packet, and what was asked for it. */
export interface BufferedPacket extends SocketPacket {
  options?: Flags;
  /** Its bytes, where it waits. */
  size?: number;
}

/** An event that is sent until it is acknowledged. @internal */
interface Retried {
  readonly data: Unchecked[];
  readonly asked: Flags;
  readonly whenSettled: Answer | undefined;
  tries: number;
  isUnderWay: boolean;
}

type Timer = ReturnType<typeof setTimeout> | undefined;

/** What the server says in its CONNECT. These names travel: minified files must keep them. */
export interface Welcome {
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
  sendBuffer: BufferedPacket[] = [];
  protected readonly opts: Options;
  /** Whoever waits for an answer. Returns whether it takes errors. */
  protected readonly acks: Map<number, (...answer: Parameters<Answer>) => boolean> = new Map();
  private readonly retried: Retried[] = [];
  private ids = 0;
  protected nextFlags: Flags = {};
  /** The engine to which CONNECT was sent, or is about to be. */
  private joining: Engine | undefined;
  protected pid: string | undefined;
  protected lastOffset: string | undefined;

  /** Use `io()` or `manager.socket()`. */
  constructor(io: Manager, nsp: string, opts: Options = {}) {
    super();
    this.io = io;
    this.nsp = nsp;
    this.opts = opts;
    this.auth = opts.auth;
  }

  get disconnected(): boolean {
    return !this.connected;
  }

  /** Connects. Does nothing if it is connected, or about to be. */
  connect(): this {
    const { io, nsp } = this;
    if (!this.active) {
      // Sockets join, and are told of the end, in the order in which they were told to connect.
      delete io.nsps[nsp];
      io.nsps[nsp] = this;
    }
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

  protected emitOnce(data: Unchecked[], flags: Flags, callback: Answer | undefined): void {
    const { io, opts, acks } = this;
    const packet: BufferedPacket = { type: PacketType.EVENT, nsp: this.nsp, data, options: flags };
    if (callback) {
      const id = this.ids++;
      const { timeout = opts.ackTimeout, settles = timeout !== undefined } = flags;
      const settle = (error: Error | null, ...args: Unchecked[]): boolean => {
        clearTimeout(timer as Timer);
        acks.delete(id);
        if (error) this.sendBuffer = this.sendBuffer.filter((other) => other !== packet);
        if (settles) callback.call(this, error, ...args);
        else if (!error) (callback as (...args: unknown[]) => void).apply(this, args);
        return settles;
      };
      const timer =
        timeout !== undefined &&
        setTimeout(() => settle(new VaivenError("ACK_TIMEOUT", "operation has timed out")), timeout);
      packet.id = id;
      acks.set(id, settle);
    }
    if (this.isReady() && (!flags.volatile || io.engine.writable)) this.transmit(packet);
    else if (!flags.volatile) this.hold(packet);
  }

  protected isReady(): boolean {
    return this.connected && !this.io.engine._hasPingExpired();
  }

  /** Keeps an event for the next connection. */
  protected hold(packet: BufferedPacket): void {
    this.sendBuffer.push(packet);
  }

  protected transmit(packet: BufferedPacket): void {
    this.notifyOutgoing(packet.data as Unchecked[]);
    this.io._send(packet);
  }

  private emitWithRetries(data: Unchecked[], flags: Flags, callback: Answer | undefined): void {
    this.retried.push({ data, asked: flags, whenSettled: callback, tries: 0, isUnderWay: false });
    this.sendRetried();
  }

  /** The option `retries`: sends the first event that waits. */
  private sendRetried(): void {
    const { retried, opts } = this;
    const [entry] = retried;
    if (!entry || !this.connected || entry.isUnderWay) return;
    entry.tries++;
    entry.isUnderWay = true;
    this.emitOnce(entry.data.slice(), Object.assign({}, entry.asked, { settles: true }), (error, ...args) => {
      entry.isUnderWay = false;
      // The loss of a connection is not the event's fault: it goes again with the next one.
      if (error && !this.connected) entry.tries--;
      else if (!error || entry.tries > (opts.retries as number)) {
        retried.shift();
        if (entry.whenSettled) entry.whenSettled(error, ...args);
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
    this.readAuth(join);
  }

  /** Hands over what {@link auth} gives now. */
  protected readAuth(answer: (data?: object) => void): void {
    guard(() => (typeof this.auth === "function" ? this.auth(answer) : answer(this.auth)));
  }

  /** @internal */
  _onError(error: Error): void {
    this.emitReserved("connect_error", error);
  }

  /** The connection is lost, or this socket has left it. @internal */
  _onClose(reason: string, description?: unknown): void {
    this.connected = false;
    this.joining = this.id = undefined;
    this.receiveBuffer = [];
    this.emitReserved("disconnect", reason, description);
    this.abandonAcks();
  }

  /** No answer can come any more, except to events that wait. */
  protected abandonAcks(): void {
    this.acks.forEach((settle, id) => {
      if (!this.sendBuffer.some((packet) => packet.id === id))
        guard(() => settle(new VaivenError("ACK_DISCONNECTED", "socket has been disconnected")));
    });
  }

  /** @internal */
  _onPacket(packet: SocketPacket): void {
    const { type, id, data } = packet;
    if (type === PacketType.EVENT) this.onevent(packet);
    else if (type === PacketType.ACK) {
      const settle = this.acks.get(id as number);
      if (settle) settle(null, ...(data as Unchecked[]));
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

  /** An event came. Plugins put themselves in its place. */
  onevent({ id, data }: SocketPacket): void {
    const args = data as Unchecked[];
    if (id !== undefined) args.push(this.ack(id));
    if (this.connected) this.deliver(args);
    else this.receiveBuffer.push(args);
  }

  protected onConnect({ sid, pid }: Welcome, recovered: boolean = !!pid && this.pid === pid): void {
    this.id = sid;
    this.connected = true;
    this.recovered = recovered;
    this.pid = pid;
    if (!recovered) this.lastOffset = undefined;
    const { receiveBuffer } = this;
    this.receiveBuffer = [];
    this.sendBuffered();
    this.sendRetried();
    this.emitReserved("connect");
    for (const args of receiveBuffer) if (this.connected) this.deliver(args);
  }

  protected deliver(args: Unchecked[]): void {
    const last = args[args.length - 1];
    if (this.pid && args.length > 1 && typeof last === "string") this.lastOffset = last;
    this.notifyIncoming(args);
    this.dispatch(args[0], args.slice(1));
  }

  /** Sends what waits. */
  protected sendBuffered(): void {
    const { sendBuffer } = this;
    this.sendBuffer = [];
    for (const packet of sendBuffer) guard(() => this.transmit(packet));
  }

  /** What an event's acknowledgement is: sends its arguments, once. */
  ack(id: number): (...args: unknown[]) => void {
    let isAnswered = false;
    const { nsp, id: receiver } = this;
    return (...data) => {
      if (!isAnswered) this.sendAnswer({ type: PacketType.ACK, nsp, id, data }, receiver);
      isAnswered = true;
    };
  }

  /** Sends an acknowledgement of what the socket `receiver` has received: in another session this id may be that of another event. */
  protected sendAnswer(packet: SocketPacket, receiver: string | undefined): void {
    if (this.connected && (!receiver || this.id === receiver)) this.io._send(packet);
  }

  protected leaveNamespace(): void {
    this.active = false;
    this.joining = undefined;
    this.io._destroy();
  }
}
