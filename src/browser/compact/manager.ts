// browser/compact/ The Manager of the small client: one connection to one server, kept up, and shared by the sockets of its namespaces.
import { VaivenError } from "../../errors.js";
import { PacketType, type SocketPacket } from "../../packet/socket-packet.js";
import { backoffDelay } from "../../session/backoff.js";
import { GuardedEmitter, guard } from "./emitter.js";
import { Engine, type EngineOwner, type Handshake } from "./engine.js";
import type { Options } from "./options.js";
import { Decoder, Encoder, type Message } from "./parser.js";
import { Socket } from "./socket.js";
import { type Transport, WebSocketTransport } from "./websocket.js";

const DEFAULTS = {
  reconnection: true,
  reconnectionAttempts: Number.POSITIVE_INFINITY,
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
  timeout: 20000 as number | boolean,
};
type Tunable = typeof DEFAULTS;

/** Reads an option, or sets it where a value is given. */
type Tuner<T> = { (): T; (value: T): Manager };

/** One connection to one server, and the sockets that share it. */
export class Manager extends GuardedEmitter implements EngineOwner {
  /** The connection; another one after each reconnection. */
  engine!: Engine;
  /** The options, which may be changed: they are read again at each connect. */
  readonly opts: Options;
  readonly uri: string | undefined;
  /** The sockets by namespace. */
  readonly nsps: Record<string, Socket> = {};
  readonly reconnection!: Tuner<boolean>;
  readonly reconnectionAttempts!: Tuner<number>;
  readonly reconnectionDelay!: Tuner<number>;
  readonly reconnectionDelayMax!: Tuner<number>;
  readonly randomizationFactor!: Tuner<number>;
  readonly timeout!: Tuner<number | boolean>;
  /** @internal */
  _readyState: "closed" | "opening" | "open" = "closed";
  /** @internal */
  _reconnecting = false;
  /** @internal */
  readonly _autoConnect: boolean;
  protected readonly packetEncoder: Encoder;
  protected packetDecoder!: Decoder;
  protected skipsReconnect = false;
  /** How many of the current series have begun, or wait to begin. */
  private attempts = 0;
  /** Who is told how the attempt that is under way ends. */
  private whenOpen: ((error?: Error) => void) | undefined;
  protected retryTimer: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Connects at once, unless `autoConnect` is false. */
  constructor(uri?: string | Options, opts?: Options) {
    super();
    const [url, given] = split(uri, opts);
    this.uri = url;
    // Not a copy: programs change the object that they gave, and expect it to count.
    this.opts = given;
    given.path = given.path || "/socket.io";
    for (const name of Object.keys(DEFAULTS) as (keyof Tunable)[]) this.tune(name, given[name]);
    this.packetEncoder = new (given.parser || { Encoder }).Encoder();
    this._autoConnect = given.autoConnect !== false;
    if (this._autoConnect) this.open();
  }

  /** Makes the method of a setting, which belongs to this Manager and not to its options. */
  private tune(name: keyof Tunable, given: unknown): void {
    // 0 stands for no value of `reconnectionAttempts` and of the delays.
    let setting = given || (given === undefined || /^reconnection./.test(name) ? DEFAULTS[name] : given);
    (this as unknown as Record<string, unknown>)[name] = (value?: unknown) => {
      if (value === undefined) return setting;
      setting = value;
      return this;
    };
  }

  /**
   * Connects. Does nothing while connected or connecting.
   *
   * @param fn - called with an error, or with nothing once connected. With it a failed attempt is not followed by others.
   */
  open(fn?: (error?: Error) => void): this {
    if (this._readyState !== "closed") return this;
    const { opts } = this;
    const timeout = this.timeout();
    this.engine = new Engine(this.uri, opts, this);
    this._readyState = "opening";
    this.skipsReconnect = false;
    this.whenOpen = fn;
    this.packetDecoder = new (opts.parser || { Decoder }).Decoder();
    this.packetDecoder.on("decoded", (packet: SocketPacket) => this.onDecoded(packet));
    if (timeout !== false)
      this.timer = setTimeout(
        () => this.engine._end("forced close", new VaivenError("CONNECT_TIMEOUT", "timeout")),
        timeout as number,
      );
    return this;
  }

  /** As {@link open}. */
  connect(fn?: (error?: Error) => void): this {
    return this.open(fn);
  }

  /** The socket of a namespace: the one that there is, or a new one, which connects unless `autoConnect` is false. */
  socket(nsp: string, opts?: Options): Socket {
    const socket = this.nsps[nsp] || (this.nsps[nsp] = this.newSocket(nsp, opts));
    if (this._autoConnect) socket.connect();
    return socket;
  }

  protected newSocket(nsp: string, opts?: Options): Socket {
    return new Socket(this, nsp, opts);
  }

  /** Closes the connection and does not reconnect; sockets are told `forced close`. */
  _close(): void {
    const { engine } = this;
    this.skipsReconnect = true;
    this._reconnecting = false;
    clearTimeout(this.retryTimer);
    // In this order: what the engine says of its end is then no news any more, and a handler may connect again.
    this.onClosed("forced close");
    if (engine) engine.close();
  }

  /** As {@link _close}. */
  disconnect(): void {
    this._close();
  }

  /** A socket was closed: the last one takes the connection with it. @internal */
  _destroy(): void {
    if (!this.activeSockets().length) this._close();
  }

  /** Encodes one packet. Throws for what cannot be written. @internal */
  _send(packet: SocketPacket): void {
    for (const message of this.packetEncoder.encode(packet)) this.engine.write(message);
  }

  /** @internal */
  _connect(engine: Engine): Transport {
    return new WebSocketTransport(engine, engine);
  }

  /** @internal */
  _onOpen(_handshake: Handshake): void {
    const { whenOpen } = this;
    clearTimeout(this.timer);
    this._readyState = "open";
    this.emitReserved("open");
    for (const socket of this.activeSockets()) socket._onOpen();
    if (whenOpen) guard(whenOpen);
  }

  /** @internal */
  _onMessage(message: Message): void {
    this.packetDecoder.add(message);
  }

  /** @internal */
  _onPing(): void {
    this.emitReserved("ping");
  }

  /** @internal */
  _onEnd(reason: string, description?: unknown): void {
    const error = description instanceof Error ? description : Object.assign(new Error(reason), description);
    if (this._readyState !== "open") this.onFailed(error);
    else {
      if (reason === "transport error") this.emitReserved("error", error);
      // A listener may have closed it.
      if (this._readyState === "open") this.onClosed(reason, description);
    }
  }

  protected onClosed(reason: string, description?: unknown): void {
    this.letGo();
    this.attempts = 0;
    for (const socket of this.activeSockets()) socket._onClose(reason, description);
    this.emitReserved("close", reason, description);
    this.reconnectLater();
  }

  protected activeSockets(): Socket[] {
    return Object.keys(this.nsps)
      .map((nsp) => this.nsps[nsp] as Socket)
      .filter(({ active }) => active);
  }

  protected onDecoded(packet: SocketPacket): void {
    const { type, nsp } = packet;
    const socket = this.nsps[nsp];
    this.emitReserved("packet", packet);
    if (!socket) return;
    if (socket.active) guard(() => socket._onPacket(packet));
    // It was closed before the server had answered, and the server must not keep it.
    else if (type === PacketType.CONNECT) this._send({ type: PacketType.DISCONNECT, nsp });
  }

  /** Nothing that the engine has to say is news any more. */
  private letGo(): void {
    clearTimeout(this.timer);
    this._readyState = "closed";
    if (!this.engine) return;
    this.engine._owner = undefined;
    this.packetDecoder.destroy();
  }

  /** The connection could not be made. */
  protected onFailed(error: Error): void {
    const { whenOpen } = this;
    this.letGo();
    for (const socket of this.activeSockets()) socket._onError(error);
    this.emitReserved("error", error);
    if (whenOpen) guard(() => whenOpen(error));
    else if (!this.attempts) this.reconnectLater();
  }

  protected reconnectLater(): void {
    // A handler may have connected again.
    if (this._reconnecting || this.skipsReconnect || !this.reconnection() || this._readyState !== "closed") return;
    if (this.attempts >= this.reconnectionAttempts()) {
      this.attempts = 0;
      this.emitReserved("reconnect_failed");
      return;
    }
    this._reconnecting = true;
    this.retryTimer = setTimeout(() => this.attempt(), this.nextDelay(this.attempts++));
  }

  /** Milliseconds before the next attempt. */
  protected nextDelay(attempts: number): number {
    return backoffDelay(
      attempts,
      this.reconnectionDelay(),
      this.reconnectionDelayMax(),
      this.randomizationFactor(),
      Math.random(),
    );
  }

  protected attempt(): void {
    const { attempts } = this;
    // The program may have been faster, or have switched this off.
    if (this._readyState !== "closed" || !this.reconnection()) this._reconnecting = false;
    else {
      this.emitReserved("reconnect_attempt", attempts);
      if (this.skipsReconnect) return;
      this.open((error) => {
        this._reconnecting = false;
        if (error) {
          this.reconnectLater();
          this.emitReserved("reconnect_error", error);
        } else {
          this.attempts = 0;
          this.emitReserved("reconnect", attempts);
        }
      });
    }
  }
}

/** The URL and the options of a call that may lack either. */
export function split(uri?: string | Options, opts: Options = {}): [string | undefined, Options] {
  return typeof uri === "string" ? [uri, opts] : [undefined, uri || opts];
}
