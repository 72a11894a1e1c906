// browser/full/ The Manager of the browser files: its choice of transports, what the page goes through, and what our own server says (ARCHITECTURE.md, "Between our own two ends").
import { type ErrorCode, VaivenError } from "../../errors.js";
import { wireErrorOf } from "../../event/ack-errors.js";
import type { WireError } from "../../packet/control-packet.js";
import { PacketType, type SocketPacket } from "../../packet/socket-packet.js";
import type { Engine, Handshake } from "../compact/engine.js";
import { Manager, split } from "../compact/manager.js";
import type { Options } from "../compact/options.js";
import type { BinaryMessage } from "../compact/parser.js";
import type { BufferedPacket } from "../compact/socket.js";
import type { Transport } from "../compact/websocket.js";
import { lengthOf } from "./polling.js";
import { FullSocket } from "./socket.js";
import { openTransport } from "./transports.js";

/** What a client says of itself when it joins. These names travel: minified files must keep them. */
interface Joining {
  readonly vaiven?: { readonly v: number; readonly caps: readonly string[]; readonly session: object };
}

const CAPABILITIES = ["ack-errors", "drain", "refresh", "delivery"];

/** A server that is to be left alone for longer says so again when we come. */
const LONGEST_RETURN_MS = 3_600_000;

/** Bytes that a server must take if both ends shall be more than Socket.IO's: what they say of themselves when they meet is longer than some limits. */
const LEAST_PAYLOAD = 999;

/** Events that may come before their namespace is connected: what was missed, from Socket.IO's servers. */
const MOST_EARLY_EVENTS = 10_000;

/** What a page goes through that tells of its network, or of its own end. */
const PAGE_EVENTS = ["online", "pagehide", "pageshow", "visibilitychange"] as const;

/** `io`'s arguments, with the URL of the server that options name where there is none. */
export function named(uri?: string | Options, given?: Options): [string | undefined, Options] {
  const [url, opts] = split(uri, given);
  const { host, hostname = host, port, secure } = opts;
  return [url || (hostname && `http${secure ? "s" : ""}://${hostname}${port ? `:${port}` : ""}`), opts];
}

/** One connection to one server, and the sockets that share it. */
export class FullManager extends Manager {
  /** Whether the server is one of ours, and has room for what our own ends say. @internal */
  _isOurs: boolean | undefined;
  /** Milliseconds after which a server that went away wishes to see us again. */
  private returnDelay: number | undefined;

  /** Connects at once, unless `autoConnect` is false. */
  constructor(uri?: string | Options, opts?: Options) {
    super(...named(uri, opts));
  }

  protected override newSocket(nsp: string, opts?: Options): FullSocket {
    return new FullSocket(this, nsp, opts);
  }

  /** @internal */
  override _connect(engine: Engine): Transport {
    for (const type of PAGE_EVENTS) addEventListener(type, this);
    return openTransport(engine);
  }

  /** @internal */
  override _onOpen(handshake: Handshake): void {
    const { vaiven, maxPayload } = handshake;
    this._isOurs = !!vaiven && (maxPayload as number) > LEAST_PAYLOAD;
    this.returnDelay = undefined;
    this.packetDecoder.takesControl = this._isOurs;
    super._onOpen(handshake);
  }

  /** The messages of a packet. @internal */
  _encode(packet: SocketPacket): (string | BinaryMessage)[] {
    const { type, nsp, id, data } = packet;
    let said = packet;
    if (this._isOurs && type === PacketType.CONNECT) {
      const { _delivery } = this.nsps[nsp] as FullSocket;
      const own: Joining = { vaiven: { v: 1, caps: CAPABILITIES, session: _delivery.claim() } };
      said = { type, nsp, data: Object.assign({}, data, own) };
    } else if (this._isOurs && type === PacketType.ACK && (data as unknown[])[0] instanceof Error)
      // Without our own server an error is what JSON makes of it, as with Socket.IO.
      said = { type: PacketType.CONTROL, nsp, data: ["ack-error", id, wireErrorOf((data as Error[])[0] as Error)] };
    return this.packetEncoder.encode(said);
  }

  /** Throws `PACKET_TOO_BIG` for what the server would not take. @internal */
  override _send(packet: BufferedPacket): void {
    const messages = this._encode(packet);
    const { type, nsp, options: { compress = true } = {} } = packet;
    const { engine } = this;
    const { maxPayload } = engine._handshake;
    const size = messages.reduce((sum, message) => sum + lengthOf(message), 0);
    // Three bytes a character at most.
    if (maxPayload && size * 3 > maxPayload && new Blob(messages as BlobPart[]).size > maxPayload)
      throw new VaivenError("PACKET_TOO_BIG", `the server takes ${maxPayload} bytes (maxHttpBufferSize)`);
    if (type === PacketType.EVENT || type === PacketType.ACK)
      (this.nsps[nsp] as FullSocket)._delivery.sent(packet, messages, size);
    for (const message of messages) engine.write(message, { compress });
  }

  protected override nextDelay(attempts: number): number {
    const { returnDelay = super.nextDelay(attempts) } = this;
    this.returnDelay = undefined;
    return returnDelay;
  }

  /** Something was not sent, and nobody awaits its answer: listeners of `error` are told, or else the console. @internal */
  _report(error: unknown): void {
    if (this.hasListeners("error")) this.emitReserved("error", error);
    else console.error(error);
  }

  protected override onDecoded(packet: SocketPacket): void {
    const { type, nsp } = packet;
    const socket = this.nsps[nsp] as FullSocket | undefined;
    if (socket && socket.receiveBuffer.length >= MOST_EARLY_EVENTS)
      throw new VaivenError("SESSION_UNEXPECTED_PACKET", "the server sends events and does not connect the namespace");
    if (type !== PacketType.CONTROL) {
      super.onDecoded(packet);
      return;
    }
    const [kind, first, second] = packet.data as [string, unknown, WireError];
    if (kind === "return") this.returnDelay = Math.min(first as number, LONGEST_RETURN_MS);
    else if (socket && socket.active) {
      if (kind === "ack-error") socket._onAckError(first, Object.assign(new Error(second.message), second));
      else if (kind === "lapsed")
        socket._lapse = new VaivenError(first as ErrorCode, "the server refuses the credentials");
      else if (kind === "refresh") socket._refresh();
      else socket._delivery.onControl(kind, first as number);
    }
  }

  protected override reconnectLater(): void {
    super.reconnectLater();
    if (!this._reconnecting && this._readyState === "closed")
      for (const type of PAGE_EVENTS) removeEventListener(type, this);
  }

  /** What the page goes through. @internal */
  handleEvent({ type, persisted }: Event & { persisted?: boolean }): void {
    const { engine, _readyState } = this;
    if (type === "pagehide") {
      // An open connection keeps a page out of the back/forward cache, or is cut behind its back. Phones leave pages without `beforeunload`.
      if (!persisted) engine.handleEvent({ type } as Event);
      else if (_readyState === "open") engine._end("transport close", { description: "page hidden" });
    } else if (_readyState === "open") engine._hasPingExpired();
    else if ((type === "online" || persisted) && this._reconnecting && _readyState === "closed") {
      // Waiting for a delay makes no sense when what was wrong has just been put right.
      clearTimeout(this.retryTimer);
      this.attempt();
    }
  }
}
