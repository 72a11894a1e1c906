// browser/compact/ `socket.io.engine` of the small client: one Engine.IO session (protocol v4) over one WebSocket, from its first packet to its end.
//
//   opening ──open packet──▶ open ──close(), heartbeat missed, connection lost──▶ closed
import { serverAddress } from "../../http/server-address.js";
import { bytesOfBase64 } from "../payload-codec.js";
import { GuardedEmitter } from "./emitter.js";
import type { Options } from "./options.js";
import type { BinaryMessage, Message } from "./parser.js";
import type { Sink, Transport } from "./websocket.js";

/** Engine.IO packet types by their digit. */
const TYPES = "open close ping pong message upgrade noop".split(" ");
const OPEN = 0;
const CLOSE = 1;
const PING = 2;
const PONG = 3;
const MESSAGE = 4;

/** Who owns an engine: the Manager. @internal */
export interface EngineOwner {
  /** Makes what carries the session. */
  _connect(engine: Engine): Transport;
  _onOpen(handshake: Handshake): void;
  _onMessage(message: Message): void;
  _onPing(): void;
  /** The end; nothing is called after it. */
  _onEnd(reason: string, description?: unknown): void;
}

/** What the server says of a session that it opens. These names travel: minified files must keep them. */
export interface Handshake {
  readonly sid: string;
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly upgrades?: readonly string[];
  readonly maxPayload?: number;
  /** What our own server says of itself. */
  readonly vaiven?: { readonly caps: readonly string[] };
}

/** See `socket.io.engine`. */
export class Engine extends GuardedEmitter implements Sink {
  /** The session's id. Undefined until the engine is open. */
  id: string | undefined;
  readyState: "opening" | "open" | "closed" = "opening";
  /** What carries it now. */
  transport: Transport;
  readonly opts: Options;
  /** Whether nothing was sent in this turn, so that a volatile packet may go. */
  writable = false;
  /** Vue's `reactive` leaves alone what carries this mark. */
  readonly __v_skip = true;
  /** Undefined once there is nobody to whom the rest is news. @internal */
  _owner: EngineOwner | undefined;
  /** @internal */
  readonly _uri: string | undefined;
  /** @internal */
  _handshake!: Handshake;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private expiresAt!: number;

  /** Connects. */
  constructor(uri: string | undefined, opts: Options, owner: EngineOwner) {
    super();
    this._uri = uri;
    this._owner = owner;
    this.opts = opts;
    this.transport = owner._connect(this);
    listen(addEventListener, this);
  }

  /** Sends one message of the Engine.IO layer, below Socket.IO. */
  write(data: string | BinaryMessage, options?: object): this {
    this.sendPacket(MESSAGE, data, options);
    return this;
  }

  /** As {@link write}. */
  send(data: string | BinaryMessage, options?: object): this {
    return this.write(data, options);
  }

  /** Closes behind what was sent. */
  close(): this {
    this._end("forced close");
    return this;
  }

  /** Whether the server's ping is overdue, which a timer that slept has not noticed. @internal */
  _hasPingExpired(): boolean {
    const hasExpired = performance.now() > this.expiresAt;
    if (hasExpired) setTimeout(() => this._end("ping timeout"));
    return hasExpired;
  }

  /** The end, once. `error` comes too where the connection failed. @internal */
  _end(reason: string, description?: unknown): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    this.writable = false;
    clearTimeout(this.timer);
    listen(removeEventListener, this);
    this.transport._finish(reason);
    if (this._owner) this._owner._onEnd(reason, description);
    if (reason === "transport error") this.emitReserved("error", description);
    this.emitReserved("close", reason, description);
  }

  /** One packet came. @internal */
  _onPacket(message: Message): void {
    const { _owner: owner, readyState } = this;
    if (readyState === "closed") return;
    try {
      const bytes = typeof message === "string" ? bytesOfBase64(message) : message;
      const type = bytes ? MESSAGE : +(message as string)[0]!;
      const data = bytes || (message as string).slice(1);
      this.emitReserved("packet", { type: TYPES[type], data });
      this.emitReserved("heartbeat");
      if (readyState === "opening") {
        // Whoever is no Socket.IO server fails here.
        const handshake: Handshake = JSON.parse(type === OPEN ? (data as string) : "");
        this.id = handshake.sid;
        this._handshake = handshake;
        this.readyState = "open";
        this.writable = true;
        this.beat();
        if (owner) owner._onOpen(handshake);
        this.emitReserved("handshake", handshake);
        this.emitReserved("open");
      } else if (type === MESSAGE) {
        if (owner) owner._onMessage(data);
        this.emitReserved("data", data);
        this.emitReserved("message", data);
      } else if (type === PING) {
        this.beat();
        this.sendPacket(PONG, "");
        if (owner) owner._onPing();
        this.emitReserved("ping");
        this.emitReserved("pong");
      } else if (type === CLOSE) this._end("transport close");
    } catch (error) {
      this._end("parse error", error);
    }
  }

  /** What was sent has left. @internal */
  _onDrain(): void {
    this.writable = this.readyState === "open";
    this.emitReserved("drain");
  }

  private sendPacket(type: number, data: string | BinaryMessage, options?: object): void {
    const { transport } = this;
    if (this.readyState !== "open") return;
    this.emitReserved("packetCreate", { type: TYPES[type], data, options });
    transport._send(typeof data === "string" ? `${type}${data}` : data);
    if (!this.writable) return;
    this.writable = false;
    Promise.resolve().then(() => {
      this.emitReserved("flush");
      if (this.transport._flush()) this._onDrain();
    });
  }

  private beat(): void {
    const { pingInterval, pingTimeout } = this._handshake;
    const patience = pingInterval + pingTimeout;
    this.expiresAt = performance.now() + patience;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this._end("ping timeout"), patience);
  }

  /** What the page goes through. @internal */
  handleEvent({ type }: Event): void {
    if (type !== "offline") {
      if (this.opts.closeOnBeforeunload) this.close();
    } else if (this.readyState === "open") this._end("transport close", { description: "network connection lost" });
  }
}

/** Begins, or ends, to hear what an engine has to know of its page. */
function listen(change: typeof addEventListener, engine: Engine): void {
  change("offline", engine);
  change("beforeunload", engine);
}

/** `opts` with those that are for one transport alone. @internal */
export function optionsOf(opts: Options, transport: string): Options {
  return Object.assign({}, opts, (opts.transportOptions || {})[transport]);
}

/** The URL of a transport (Engine.IO protocol v4, "Handshake"). @internal */
export function urlOf(scheme: string, transport: string, { _uri, id }: Engine, opts: Options): string {
  const { path, query = "", timestampParam = "t" } = opts;
  const { secure, host, query: own } = serverAddress(_uri, location);
  // The URL's own comes before the option, which may be text too, as in a URL.
  const asked = own || query;
  const rest: Record<string, unknown> = {};
  if (id) rest["sid"] = id;
  // The server ends a session that repeats it.
  if (opts.timestampRequests) rest[timestampParam] = Math.random();
  if (opts.forceBase64) rest["b64"] = 1;
  return (
    `${scheme}${secure ? "s" : ""}://${host}` +
    `/${path}/`.replace(/\/+/g, "/").replace(opts.addTrailingSlash === false ? /\/$/ : "", "") +
    `?EIO=4&transport=${transport}${typeof asked === "string" ? asked && `&${asked}` : textOf(asked)}${textOf(rest)}`
  );
}

function textOf(parameters: Record<string, unknown>): string {
  return Object.keys(parameters)
    .map((name) => `&${encodeURIComponent(name)}=${encodeURIComponent(parameters[name] as string)}`)
    .join("");
}
