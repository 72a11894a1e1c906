// client/ The Manager: one connection to one server, kept up, and shared by the sockets of its namespaces.
//
//            open()               engine open                lost
//   closed ─────────▶ opening ───────────────▶ open ─────────────────┐
//      ▲                 │ error, timeout                            ▼
//      └─────────────────┴──────▶ reconnecting: wait ─▶ reconnect_attempt ─▶ open() ─▶ reconnect | reconnect_error
import { VaivenError } from "../errors.js";
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import type { TransportError } from "../http/client-request.js";
import { outgoingOf } from "../packet/default-parser.js";
import type { Outgoing, OutgoingOptions } from "../packet/outgoing.js";
import type { PacketDecoder, PacketEncoder, PacketParser } from "../packet/parser.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import { backoffDelay } from "../session/backoff.js";
import type { ClientHost, ClientPlatform, PacketSource, SurroundingsListener } from "../session/client-host.js";
import type { OpenData } from "../session/open-data.js";
import type { Cancel } from "../session/platform.js";
import type { DeliveryFactory } from "./delivery.js";
import { Engine, type EngineOwner } from "./engine.js";
import { GuardedEmitter } from "./guarded-emitter.js";
import { engineSettings, type ManagerOptions } from "./options.js";
import { readControl } from "./own-ends.js";
import { Socket } from "./socket.js";
import type { DisconnectDescription, SocketOptions } from "./socket-options.js";

/** The one global of every host that is used here: the types of this stage know none. */
declare const console: { error(error: unknown): void };

/** The events of a Manager. */
export interface ManagerReservedEvents {
  open: () => void;
  error: (err: Error) => void;
  ping: () => void;
  packet: (packet: SocketPacket & { data?: Unchecked }) => void;
  close: (reason: string, description?: DisconnectDescription) => void;
  reconnect_failed: () => void;
  reconnect_attempt: (attempt: number) => void;
  reconnect_error: (err: Error) => void;
  reconnect: (attempt: number) => void;
}

const DEFAULTS = {
  reconnection: true,
  reconnectionAttempts: Number.POSITIVE_INFINITY,
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
  timeout: 20000 as number | boolean,
};
type Tunable = typeof DEFAULTS;

/** The settings of a new Manager. */
function tunedBy(given: Partial<Tunable>): Tunable {
  const tuned = Object.assign({}, DEFAULTS);
  for (const name of Object.keys(DEFAULTS) as (keyof Tunable)[]) {
    const value = given[name];
    // 0 is no number of attempts, nor a delay.
    const isMeant = /^reconnection./.test(name) ? value : value !== undefined;
    if (isMeant) (tuned as Record<string, unknown>)[name] = value;
  }
  return tuned;
}

/** Events that may come before their namespace is connected: what was missed, from Socket.IO's servers. */
const MOST_EARLY_EVENTS = 10_000;

/** See {@link ManagerOptions}. Made by `io()`, or by hand where several sockets shall share settings. */
export class BaseManager<
    ListenEvents extends EventsMap = DefaultEventsMap,
    _EmitEvents extends EventsMap = ListenEvents,
  >
  extends GuardedEmitter<Record<never, never>, Record<never, never>, ManagerReservedEvents>
  implements EngineOwner
{
  /** The connection; another one after each reconnection. Undefined before the first {@link open}. */
  engine!: Engine;
  /** The options, which may be changed: they are read again at each connect. */
  opts: Partial<ManagerOptions>;
  /** The URL that was given. */
  readonly uri: string | undefined;
  /** The sockets by namespace, those that connected last behind the others. */
  readonly nsps: Record<string, Socket> = {};
  /** @internal */
  _readyState: "closed" | "opening" | "open" = "closed";
  /** @internal */
  _reconnecting = false;
  /** @internal */
  _autoConnect: boolean;
  /** What our own server said of itself; undefined with a stock one. @internal */
  _envelope: OpenData["vaiven"] = undefined;
  /** @internal */
  readonly _host: ClientHost;
  /** What its sockets have where they are not given another. @internal */
  readonly _delivery: DeliveryFactory | undefined = undefined;
  /** Milliseconds after which a server that went away wishes to see us again. @internal */
  _returnDelay: number | undefined;
  /** When a server last said how long it wishes to be left alone. */
  private toldAt = Number.NEGATIVE_INFINITY;
  private skipReconnect = false;
  private readonly encoder: PacketEncoder | undefined;
  /** Not in the options, which other Managers may have too. */
  private readonly tuned: Tunable;
  /** How many of the current series have begun, or wait to begin. */
  private attempts = 0;
  /** Who is told how the attempt that is under way ends. */
  private whenOpen: ((err?: Error) => void) | undefined;
  private reader!: PacketSource;
  private cancelAttempt: Cancel = nothing;
  private cancelTimeout: Cancel = nothing;
  private stopWatching: Cancel | undefined;

  /** Connects at once, unless `autoConnect` is false. */
  constructor(host: ClientHost, uri?: string | Partial<ManagerOptions>, opts?: Partial<ManagerOptions>) {
    super((fn) => host.platform(false).soon(fn));
    const given = (typeof uri === "object" ? uri : opts) || {};
    this._host = host;
    this.uri = typeof uri === "string" ? uri : undefined;
    // Not a copy: programs change the object that they gave, and expect it to count.
    this.opts = given;
    given.path = given.path || "/socket.io";
    this.tuned = tunedBy(given);
    const { parser, autoConnect } = given;
    if (parser) this.encoder = new (parser as PacketParser).Encoder();
    this._autoConnect = autoConnect !== false;
    if (this._autoConnect) this.open();
  }

  reconnection(): boolean;
  reconnection(value: boolean): this;
  reconnection(value?: boolean): this | boolean;
  /** Reads or sets the option of this name. `false` ends a series of attempts where the next one would begin. */
  reconnection(value?: boolean): this | boolean {
    return this.tune("reconnection", value);
  }

  reconnectionAttempts(): number;
  reconnectionAttempts(value: number): this;
  reconnectionAttempts(value?: number): this | number;
  /** Reads or sets the option of this name. */
  reconnectionAttempts(value?: number): this | number {
    return this.tune("reconnectionAttempts", value);
  }

  reconnectionDelay(): number;
  reconnectionDelay(value: number): this;
  reconnectionDelay(value?: number): this | number;
  /** Reads or sets the option of this name, in milliseconds. */
  reconnectionDelay(value?: number): this | number {
    return this.tune("reconnectionDelay", value);
  }

  reconnectionDelayMax(): number;
  reconnectionDelayMax(value: number): this;
  reconnectionDelayMax(value?: number): this | number;
  /** Reads or sets the option of this name, in milliseconds. */
  reconnectionDelayMax(value?: number): this | number {
    return this.tune("reconnectionDelayMax", value);
  }

  randomizationFactor(): number;
  randomizationFactor(value: number): this;
  randomizationFactor(value?: number): this | number;
  /** Reads or sets the option of this name. */
  randomizationFactor(value?: number): this | number {
    return this.tune("randomizationFactor", value);
  }

  timeout(): number | boolean;
  timeout(value: number | boolean): this;
  timeout(value?: number | boolean): this | number | boolean;
  /** Reads or sets the option of this name, in milliseconds; false for no limit. */
  timeout(value?: number | boolean): this | number | boolean {
    return this.tune("timeout", value);
  }

  private tune<K extends keyof Tunable>(name: K, value: Tunable[K] | undefined): this | Tunable[K] {
    const { tuned } = this;
    if (value === undefined) return tuned[name];
    tuned[name] = value;
    return this;
  }

  /**
   * Connects. Does nothing while connected or connecting.
   *
   * @param fn - called with an error, or with nothing once connected. With it a failed attempt is not followed by others.
   */
  open(fn?: (err?: Error) => void): this {
    if (this._readyState !== "closed") return this;
    const { _host: host, uri, opts } = this;
    const settings = engineSettings(host, uri, opts);
    const platform = this.platform();
    this._readyState = "opening";
    this.skipReconnect = false;
    this.whenOpen = fn;
    this.reader = this.makeReader();
    const engine = new Engine(host, platform, settings, this);
    this.engine = engine;
    this.stopWatching = this.stopWatching || host.watch(this.surroundings);
    const timeout = this.timeout();
    if (timeout !== false) {
      this.cancelTimeout = platform.after(timeout as number, () => {
        this.fail(new VaivenError("CONNECT_TIMEOUT", "timeout"));
        engine.close();
      });
    }
    engine.open();
    return this;
  }

  /** As {@link open}. */
  connect(fn?: (err?: Error) => void): this {
    return this.open(fn);
  }

  /** The socket of a namespace: the one that there is, or a new one, which connects unless `autoConnect` is false. */
  socket(nsp: string, opts?: Partial<SocketOptions>): Socket {
    const known = this.nsps[nsp];
    if (!known) return (this.nsps[nsp] = new Socket(this as unknown as BaseManager, nsp, opts));
    if (this._autoConnect && !known.active) known.connect();
    return known;
  }

  /** A socket connects that did not: it is the last one to be told what the connection does. @internal */
  _queueUp(socket: Socket): void {
    const { nsps } = this;
    delete nsps[socket.nsp];
    nsps[socket.nsp] = socket;
  }

  /** A socket was closed: the last one takes the connection with it. @internal */
  _destroy(): void {
    let isNeeded = false;
    this.everySocket(() => {
      isNeeded = true;
    });
    if (!isNeeded) this._close();
  }

  /** Closes the connection and does not reconnect; sockets are told `forced close`. @internal */
  _close(): void {
    this.skipReconnect = true;
    this._reconnecting = false;
    this.cancelAttempt();
    // In this order: what the engine says of its end is then not heard, and a handler may connect again.
    const { engine } = this as { engine?: Engine };
    this.closed("forced close");
    if (engine) engine.close();
  }

  /** As {@link _close}: the name that programs know. */
  disconnect(): void {
    this._close();
  }

  /** Something was not sent, and nobody awaits its answer: listeners of `error` are told, or else the console. @internal */
  _report(error: Error): void {
    if (this.hasListeners("error")) this.emitReserved("error", error);
    else console.error(error);
  }

  /** Encodes one packet. Throws for what cannot be written. @internal */
  _encode(packet: SocketPacket, options?: OutgoingOptions): Outgoing {
    return this.encoder ? outgoingOf(this.encoder.encode(packet), options) : this._host.encode(packet, options);
  }

  /** Time for this connection, as the options are now. @internal */
  platform(): ClientPlatform {
    return this._host.platform(this.opts.autoUnref === true);
  }

  /** Whether the server takes errors as acknowledgements. @internal */
  get _takesErrors(): boolean {
    const { _envelope } = this;
    return !!_envelope && _envelope.caps.includes("ack-errors");
  }

  private makeReader(): PacketSource {
    const { parser } = this.opts;
    if (!parser) return this._host.createReader();
    const decoder: PacketDecoder = new (parser as PacketParser).Decoder();
    decoder.on("decoded", (packet) => this.take(packet));
    return {
      readText: (text, start) => void decoder.add(text.slice(start)),
      readBinary: (bytes) => void decoder.add(bytes as Uint8Array),
      destroy: () => decoder.destroy(),
    };
  }

  // ── what the engine tells, until it is replaced or given up ──

  /** @internal */
  _onOpen({ vaiven }: OpenData): void {
    const { whenOpen } = this;
    this.cancelTimeout();
    this._readyState = "open";
    this._envelope = vaiven;
    this._returnDelay = undefined;
    this.reader.control = vaiven !== undefined;
    this.emitReserved("open");
    this.everySocket((socket) => socket._onOpen());
    if (whenOpen) this.guard(whenOpen);
  }

  /** @internal */
  _onMessage(packet: string, start: number): void {
    try {
      this.take(this.reader.readText(packet, start));
    } catch (error) {
      this.engine.abandon("parse error", error);
    }
  }

  /** @internal */
  _onBinary(message: Uint8Array): void {
    try {
      this.take(this.reader.readBinary(this._host.userBytes(message)));
    } catch (error) {
      this.engine.abandon("parse error", error);
    }
  }

  /** @internal */
  _onPing(): void {
    this.emitReserved("ping");
  }

  /** @internal */
  _onEnd(reason: string, description: unknown): void {
    const error = (description || new Error(reason)) as Error;
    if (this._readyState === "opening") this.fail(error);
    else {
      if (reason === "transport error") this.tell(error);
      // A listener may have closed it.
      if (this._readyState === "open") this.closed(reason, description);
    }
  }

  /** A packet came, or the first part of one. */
  private take(packet: SocketPacket | undefined): void {
    if (!packet) return;
    const { type, nsp } = packet;
    const socket = this.nsps[nsp];
    let said = packet;
    if (type !== PacketType.CONTROL) this.emitReserved("packet", packet);
    else said = readControl(this as unknown as BaseManager, packet);
    if (!socket) return;
    if (socket.receiveBuffer.length >= MOST_EARLY_EVENTS)
      throw new VaivenError("SESSION_UNEXPECTED_PACKET", "the server sends events and does not connect the namespace");
    if (socket._takes(said.type)) this.guard(() => socket._onPacket(said));
  }

  private everySocket(fn: (socket: Socket) => unknown): void {
    for (const nsp of Object.keys(this.nsps)) {
      const socket = this.nsps[nsp]!;
      if (socket.active) fn(socket);
    }
  }

  /** From now on nothing that the engine says matters. */
  private letGo(): void {
    const { reader, engine } = this;
    this.cancelTimeout();
    this._readyState = "closed";
    if (!engine || !engine.owner) return;
    engine.owner = undefined;
    if (reader.destroy) reader.destroy();
  }

  /** Tells an error of the connection. */
  private tell(error: Error): void {
    this.everySocket((socket) => socket._onError(error));
    this.emitReserved("error", error);
  }

  /** The connection could not be made. */
  private fail(error: Error): void {
    const { whenOpen } = this;
    this.letGo();
    this._returnDelay = (error as TransportError).retryAfter;
    this.tell(error);
    if (whenOpen) this.guard(() => whenOpen(error));
    else if (this._readyState === "closed" && !this.attempts) this.reconnect();
  }

  private closed(reason: string, description?: unknown): void {
    this.letGo();
    this.attempts = 0;
    this.everySocket((socket) => socket._onClose(reason, description));
    this.emitReserved("close", reason, description as DisconnectDescription);
    // A handler may have connected again.
    if (this._readyState === "closed") this.reconnect();
  }

  private reconnect(): void {
    if (this._reconnecting) return;
    if (this.skipReconnect || !this.reconnection()) {
      this.unwatch();
      return;
    }
    if (this.attempts >= this.reconnectionAttempts()) {
      this.attempts = 0;
      this.unwatch();
      this.emitReserved("reconnect_failed");
      return;
    }
    this._reconnecting = true;
    const platform = this.platform();
    const own = backoffDelay(
      this.attempts++,
      this.reconnectionDelay(),
      this.reconnectionDelayMax(),
      this.randomizationFactor(),
      platform.random(),
    );
    const { _returnDelay: told } = this;
    let delay = own;
    if (told !== undefined) {
      const now = platform.now();
      // A server that says "at once" whenever we come is not obeyed each time.
      delay = now - this.toldAt < this.reconnectionDelayMax() ? Math.max(told, own) : told;
      this.toldAt = now;
      this._returnDelay = undefined;
    }
    this.cancelAttempt = platform.after(delay, this.attempt);
  }

  private readonly attempt = (): void => {
    if (this.reconnection()) this.emitReserved("reconnect_attempt", this.attempts);
    if (this.skipReconnect) return;
    // The program may have been faster, or have switched this off.
    if (this._readyState !== "closed" || !this.reconnection()) this._reconnecting = false;
    else
      this.open((error) => {
        const { attempts } = this;
        this._reconnecting = false;
        if (error) {
          this.reconnect();
          this.emitReserved("reconnect_error", error);
        } else {
          this.attempts = 0;
          this.emitReserved("reconnect", attempts);
        }
      });
  };

  private readonly surroundings: SurroundingsListener = {
    onLost: (description) => {
      if (this._readyState === "open") this.engine.abandon("transport close", { description });
    },
    onWake: (restored) => {
      if (this._readyState === "open") this.engine.hasPingExpired();
      else if (restored && this._reconnecting && this._readyState === "closed") {
        // Waiting for a delay makes no sense when what was wrong has just been put right.
        this.cancelAttempt();
        this.attempt();
      }
    },
    onHide: () => this.everySocket((socket) => socket._delivery && socket._delivery.save()),
    onLeave: () => {
      if (this.opts.closeOnBeforeunload) this.engine.close();
    },
  };

  private unwatch(): void {
    if (this.stopWatching) this.stopWatching();
    this.stopWatching = undefined;
  }
}

function nothing(): void {}
