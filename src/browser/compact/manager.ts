// browser/compact/ The Manager of the small client: one connection to one server, kept up, and shared by the sockets of its namespaces.
import { VaivenError } from "../../errors.js";
import { PacketType, type SocketPacket } from "../../packet/socket-packet.js";
import { backoffDelay } from "../../session/backoff.js";
import { GuardedEmitter, guard } from "./emitter.js";
import { Engine, type EngineOwner } from "./engine.js";
import type { Options } from "./options.js";
import { Decoder, Encoder, type Message } from "./parser.js";
import { Socket } from "./socket.js";

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
  private readonly encoder: Encoder;
  private decoder!: Decoder;
  private skipsReconnect = false;
  /** How many of the current series have begun, or wait to begin. */
  private attempts = 0;
  /** Who is told how the attempt that is under way ends. */
  private whenOpen: ((error?: Error) => void) | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Connects at once, unless `autoConnect` is false. */
  constructor(uri?: string | Options, opts?: Options) {
    super();
    const given = (typeof uri === "object" ? uri : opts) || {};
    this.uri = typeof uri === "string" ? uri : undefined;
    // Not a copy: programs change the object that they gave, and expect it to count.
    this.opts = given;
    given.path = given.path || "/socket.io";
    for (const name of Object.keys(DEFAULTS))
      (this as unknown as Record<string, unknown>)[name] = this.tuner(name as keyof Tunable);
    for (const name of ["reconnectionAttempts", "reconnectionDelay", "reconnectionDelayMax"] as const)
      if (!given[name]) delete given[name];
    this.encoder = new (given.parser || { Encoder }).Encoder();
    this._autoConnect = given.autoConnect !== false;
    if (this._autoConnect) this.open();
  }

  private tuner<K extends keyof Tunable>(name: K): Tuner<Tunable[K]> {
    return ((value?: Tunable[K]) => {
      const opts = this.opts as Partial<Tunable>;
      if (value === undefined) return opts[name] === undefined ? DEFAULTS[name] : opts[name];
      opts[name] = value;
      return this;
    }) as Tuner<Tunable[K]>;
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
    this.decoder = new (opts.parser || { Decoder }).Decoder();
    this.decoder.on("decoded", (packet: SocketPacket) => this.take(packet));
    if (timeout !== false)
      this.timer = setTimeout(() => {
        const { engine } = this;
        this.fail(new VaivenError("CONNECT_TIMEOUT", "timeout"));
        engine.close();
      }, timeout as number);
    return this;
  }

  /** As {@link open}. */
  connect(fn?: (error?: Error) => void): this {
    return this.open(fn);
  }

  /** The socket of a namespace: the one that there is, or a new one, which connects unless `autoConnect` is false. */
  socket(nsp: string, opts?: Options): Socket {
    const known = this.nsps[nsp];
    if (!known) return (this.nsps[nsp] = new Socket(this, nsp, opts));
    if (this._autoConnect) known.connect();
    return known;
  }

  /** Closes the connection and does not reconnect. */
  disconnect(): void {
    this.skipsReconnect = true;
    this._reconnecting = false;
    this.attempts = 0;
    clearTimeout(this.retryTimer);
    if (this._readyState === "closed") return;
    // In this order: what the engine says of its end is then no news any more, and a handler may connect again.
    const { engine } = this;
    this.onClosed("forced close");
    engine.close();
  }

  /** A socket was closed: the last one takes the connection with it. @internal */
  _destroy(): void {
    if (!this.activeSockets().length) this.disconnect();
  }

  /** Encodes one packet. Throws for what cannot be written. @internal */
  _send(packet: SocketPacket): void {
    for (const message of this.encoder.encode(packet)) this.engine.write(message);
  }

  /** @internal */
  _onOpen(): void {
    const { whenOpen } = this;
    clearTimeout(this.timer);
    this._readyState = "open";
    this.emitReserved("open");
    for (const socket of this.activeSockets()) socket._onOpen();
    if (whenOpen) guard(whenOpen);
  }

  /** @internal */
  _onMessage(message: Message): void {
    this.decoder.add(message);
  }

  /** @internal */
  _onPing(): void {
    this.emitReserved("ping");
  }

  /** @internal */
  _onEnd(reason: string, description?: unknown): void {
    if (this._readyState === "open") this.onClosed(reason, description);
    else this.fail((description || new Error(reason)) as Error);
  }

  private onClosed(reason: string, description?: unknown): void {
    this.letGo();
    this.attempts = 0;
    for (const socket of this.activeSockets()) socket._onClose(reason, description);
    this.emitReserved("close", reason, description);
    this.reconnectLater();
  }

  private activeSockets(): Socket[] {
    return Object.keys(this.nsps)
      .map((nsp) => this.nsps[nsp] as Socket)
      .filter(({ active }) => active);
  }

  private take(packet: SocketPacket): void {
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
    this.engine._owner = undefined;
    this.decoder.destroy();
  }

  /** The connection could not be made. */
  private fail(error: Error): void {
    const { whenOpen } = this;
    this.letGo();
    for (const socket of this.activeSockets()) socket._onError(error);
    this.emitReserved("error", error);
    if (whenOpen) guard(() => whenOpen(error));
    else if (!this.attempts) this.reconnectLater();
  }

  private reconnectLater(): void {
    // A handler may have connected again.
    if (this._reconnecting || this.skipsReconnect || !this.reconnection() || this._readyState !== "closed") return;
    if (this.attempts >= this.reconnectionAttempts()) {
      this.attempts = 0;
      this.emitReserved("reconnect_failed");
      return;
    }
    this._reconnecting = true;
    const delay = backoffDelay(
      this.attempts++,
      this.reconnectionDelay(),
      this.reconnectionDelayMax(),
      this.randomizationFactor(),
      Math.random(),
    );
    this.retryTimer = setTimeout(() => {
      const { attempts } = this;
      this.emitReserved("reconnect_attempt", attempts);
      // The program may have been faster, or have switched this off.
      if (this._readyState !== "closed" || !this.reconnection()) this._reconnecting = false;
      else if (!this.skipsReconnect)
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
    }, delay);
  }
}
