// browser/compact/ `socket.io.engine` of the small client: one Engine.IO session (protocol v4) over one WebSocket, from its first packet to its end.
//
//   opening ──open packet──▶ open ──close(), heartbeat missed, connection lost──▶ closed
import { VaivenError } from "../../errors.js";
import { transportClosed, transportError } from "../../http/client-request.js";
import { serverAddress } from "../../http/server-address.js";
import { bytesOf } from "../packet-codec.js";
import { partOf, readBinaryText } from "../payload-codec.js";
import { GuardedEmitter } from "./emitter.js";
import type { Options } from "./options.js";
import type { BinaryMessage, Message } from "./parser.js";

/** Engine.IO packet types by their digit. */
const TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
const OPEN = 0;
const CLOSE = 1;
const PING = 2;
const PONG = 3;
const MESSAGE = 4;

/** Who owns an engine: the Manager. @internal */
export interface EngineOwner {
  _onOpen(): void;
  _onMessage(message: Message): void;
  _onPing(): void;
  /** The end; nothing is called after it. */
  _onEnd(reason: string, description?: unknown): void;
}

/** See `socket.io.engine`. */
export class Engine extends GuardedEmitter {
  /** The session's id. Undefined until the engine is open. */
  id: string | undefined;
  readyState: "opening" | "open" | "closed" = "opening";
  readonly transport: { readonly name: string } = { name: "websocket" };
  readonly opts: Options;
  /** Whether nothing was sent in this turn, so that a volatile packet may go. */
  writable = false;
  /** Vue's `reactive` leaves alone what carries this mark. */
  readonly __v_skip = true;
  /** Undefined once there is nobody to whom the rest is news. @internal */
  _owner: EngineOwner | undefined;
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private patience = 0;
  private expiresAt = 0;

  /** Connects. */
  constructor(uri: string | undefined, given: Options, owner: EngineOwner) {
    super();
    this._owner = owner;
    const opts: Options = Object.assign({}, given, (given.transportOptions || {}).websocket);
    this.opts = opts;
    const url = urlOf(uri, opts);
    try {
      // Throws where the page's policy forbids the address.
      const socket = new WebSocket(url, opts.protocols || []);
      this.socket = socket;
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }) => {
        try {
          this.read(data);
        } catch (error) {
          this._end("parse error", error);
        }
      };
      socket.onerror = (event) => this._end("transport error", transportError("websocket error", event));
      socket.onclose = (event) => this._end("transport close", transportClosed("websocket connection closed", event));
    } catch (error) {
      setTimeout(() => this._end("transport error", transportError("websocket error", error)));
    }
    addEventListener("offline", this.onOffline);
    if (opts.closeOnBeforeunload) addEventListener("beforeunload", this.onLeave);
  }

  /** Sends one message of the Engine.IO layer, below Socket.IO. */
  write(data: string | BinaryMessage): this {
    this.sendPacket(MESSAGE, data);
    return this;
  }

  /** As {@link write}. */
  send(data: string | BinaryMessage): this {
    return this.write(data);
  }

  /** Closes behind what was sent. */
  close(): this {
    this._end("forced close");
    return this;
  }

  /** Whether the server's ping is overdue, which a timer that slept has not noticed. @internal */
  _hasPingExpired(): boolean {
    const hasExpired = performance.now() > this.expiresAt;
    if (hasExpired) setTimeout(this.onPingMissed);
    return hasExpired;
  }

  /** The end, once. `error` comes too where the connection failed. @internal */
  _end(reason: string, description?: unknown): void {
    const { readyState, socket } = this;
    if (readyState === "closed") return;
    this.readyState = "closed";
    this.writable = false;
    clearTimeout(this.timer);
    removeEventListener("offline", this.onOffline);
    removeEventListener("beforeunload", this.onLeave);
    if (socket) socket.close();
    if (this._owner) this._owner._onEnd(reason, description);
    if (reason === "transport error") this.emitReserved("error", description);
    this.emitReserved("close", reason, description);
  }

  private read(message: Message): void {
    const { _owner: owner, readyState } = this;
    if (readyState === "closed") return;
    const bytes = typeof message === "string" ? readBinaryText(message) : message;
    if (bytes instanceof VaivenError) throw bytes;
    const type = bytes ? MESSAGE : Number((message as string)[0]);
    const data = bytes ? ("buffer" in bytes ? (bytes.buffer as ArrayBuffer) : bytes) : (message as string).slice(1);
    this.emitReserved("packet", { type: TYPES[type], data });
    if (readyState === "opening") {
      // Whoever is no Socket.IO server fails here.
      const handshake = JSON.parse(type === OPEN ? (data as string) : "");
      this.id = handshake.sid;
      this.patience = handshake.pingInterval + handshake.pingTimeout;
      this.readyState = "open";
      this.writable = true;
      this.beat();
      if (owner) owner._onOpen();
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
      this.emitReserved("heartbeat");
    } else if (type === CLOSE) this._end("transport close");
  }

  private sendPacket(type: number, data: string | BinaryMessage): void {
    const { socket, opts } = this;
    if (this.readyState !== "open" || !socket) return;
    this.emitReserved("packetCreate", { type: TYPES[type], data });
    if (typeof data === "string") socket.send(`${type}${data}`);
    else socket.send(opts.forceBase64 ? partOf(bytesOf(data) as Uint8Array) : data);
    if (!this.writable) return;
    this.writable = false;
    Promise.resolve().then(() => {
      this.writable = this.readyState === "open";
      this.emitReserved("flush");
      this.emitReserved("drain");
    });
  }

  private beat(): void {
    this.expiresAt = performance.now() + this.patience;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onPingMissed, this.patience);
  }

  private readonly onPingMissed = (): void => this._end("ping timeout");
  private readonly onOffline = (): void => {
    if (this.readyState === "open") this._end("transport close", { description: "network connection lost" });
  };
  private readonly onLeave = (): void => this._end("forced close");
}

/** The URL of a session that begins (Engine.IO protocol v4, "Handshake"). */
function urlOf(uri: string | undefined, opts: Options): string {
  const { path = "", query = "", timestampParam = "t" } = opts;
  const { secure, hostname, port, query: own } = serverAddress(uri, location);
  // The URL's own comes before the option, which may be text too, as in a URL.
  const asked = own || query;
  const rest: Record<string, unknown> = {};
  if (opts.timestampRequests) rest[timestampParam] = Date.now().toString(36);
  if (opts.forceBase64) rest["b64"] = 1;
  return (
    `ws${secure ? "s" : ""}://${hostname.indexOf(":") < 0 ? hostname : `[${hostname}]`}${port && `:${port}`}` +
    path.replace(/\/$/, "").replace(/^(?=[^/])/, "/") +
    (opts.addTrailingSlash === false ? "" : "/") +
    `?EIO=4&transport=websocket${typeof asked === "string" ? asked && `&${asked}` : textOf(asked)}${textOf(rest)}`
  );
}

function textOf(parameters: Record<string, unknown>): string {
  return Object.keys(parameters)
    .map((name) => `&${encodeURIComponent(name)}=${encodeURIComponent(parameters[name] as string)}`)
    .join("");
}
