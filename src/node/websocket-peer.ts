// node/ `vaiven/websocket`: one end of a WebSocket as programs hold it (RFC 6455). The same at a server and at a client.
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { VaivenError } from "../errors.js";
import type { ConnectionState } from "../frame/connection.js";
import type { DeflateAgreement } from "../frame/deflate.js";
import { asBuffer } from "./byte-primitives.js";
import { type WebSocketEnding, WebSocketLink, type WebSocketPeerEvents } from "./websocket-link.js";
import { MessageIterator } from "./websocket-messages.js";
import type { WebSocketSettings } from "./websocket-options.js";

/** What can be sent as bytes. */
export type WebSocketBytes = Uint8Array | ArrayBuffer;

export interface SendOptions {
  /** Whether the message may be compressed, where both ends agreed on it and it is not below the threshold. Default: true. */
  readonly compress?: boolean;
}

/**
 * One end of an open WebSocket, from `connect()` or the `connection` event of a `WebSocketServer`.
 *
 * It never throws because of its peer: what the peer does wrong closes the connection, and `error` and {@link ending} say why.
 * What a listener throws is the program's own uncaught exception, as with every EventEmitter; the connection survives it.
 *
 * @example
 * peer.on("message", (data) => peer.send(data));
 * peer.on("close", (code, reason) => console.log(code, reason));
 */
export class WebSocketPeer extends EventEmitter<WebSocketPeerEvents> implements AsyncIterable<string | Buffer> {
  /** The subprotocol that both ends agreed on; "" for none. */
  readonly protocol: string;
  /** Whether both ends agreed on permessage-deflate. */
  readonly isCompressing: boolean;
  private readonly link: WebSocketLink;

  /** @internal `connect()` and `WebSocketServer` make peers. */
  constructor(socket: Duplex, settings: WebSocketSettings, protocol: string, deflate: DeflateAgreement | undefined) {
    super();
    this.protocol = protocol;
    this.isCompressing = deflate !== undefined;
    this.link = new WebSocketLink(socket, settings, deflate, this);
  }

  /** @internal Begins to read, first `head`. */
  static start(peer: WebSocketPeer, head: Uint8Array): void {
    peer.link.start(head);
  }

  /** `"open"`; `"closing"` once either end has sent a Close frame; `"closed"`. */
  get state(): ConnectionState {
    return this.link.connection.state;
  }

  /** How the connection ended; undefined until `close` is emitted. */
  get ending(): WebSocketEnding | undefined {
    return this.link.ending;
  }

  /** Bytes that were sent and that the operating system has not taken. */
  get bufferedAmount(): number {
    return this.link.bufferedAmount;
  }

  /**
   * Sends one message: a string as text (lone surrogates become U+FFFD), everything else as bytes, which must not change until they have
   * left. What is sent in one turn leaves in one write when the turn ends.
   *
   * @returns false, and nothing was sent, if the connection is not open, or if `maxBufferedBytes` were waiting already: it is cut then.
   * @throws VaivenError `API_INVALID_ARGUMENT` if `data` is neither a string nor bytes.
   */
  send(data: string | WebSocketBytes, { compress = true }: SendOptions = {}): boolean {
    return this.link.send(typeof data === "string" ? data : bytesOf(data), compress);
  }

  /**
   * Sends a Ping; `pong` answers. Without effect unless open.
   *
   * @throws VaivenError `API_INVALID_ARGUMENT` for more than 125 bytes
   */
  ping(payload: string | WebSocketBytes = ""): void {
    this.link.connection.ping(controlPayload(payload));
  }

  /** Sends a Pong that nobody asked for (RFC 6455 section 5.5.3); Pings are answered without it. As {@link ping} otherwise. */
  pong(payload: string | WebSocketBytes = ""): void {
    this.link.connection.pong(controlPayload(payload));
  }

  /**
   * Closes behind everything that was sent; no message is delivered any more. `close` follows when the peer answers, or after
   * `closeTimeout`. Without effect if the connection is no longer open.
   *
   * @param code - 1000 to 1003, 1007 to 1014, or 3000 to 4999 (4000 and above are the program's). Default: 1000.
   * @param reason - for the peer; cut after 123 bytes.
   * @throws VaivenError `API_INVALID_ARGUMENT` for a code that must not be sent.
   */
  close(code: number = 1000, reason: string = ""): void {
    this.link.close(code, reason);
  }

  /** Cuts the connection without a word: `close` follows with 1006. */
  terminate(): void {
    this.link.cut();
  }

  /** Stops reading, so that the peer has to wait. Messages that have been read already are still delivered. */
  pause(): void {
    this.link.pause();
  }

  /** Undoes {@link pause}. */
  resume(): void {
    this.link.resume();
  }

  /**
   * Resolves when the socket takes more: at once if nothing holds it back. `true` if the connection is then open, `false` if it is not.
   *
   * @example
   * for (const row of rows) {
   *   peer.send(row);
   *   if (!(await peer.drain())) break;
   * }
   */
  drain(): Promise<boolean> {
    return new Promise((resolve) => this.link.whenDrained(resolve));
  }

  /**
   * Every message from now on, until the connection closes: the loop ends then, whatever the cause ({@link ending} tells). While its body
   * is busy, little more than 64 messages or 64 KiB are read ahead. Leaving the loop leaves the connection open.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<string | Buffer> {
    return new MessageIterator(this);
  }
}

function bytesOf(data: WebSocketBytes): Uint8Array {
  if (data instanceof Uint8Array) return asBuffer(data);
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  throw new VaivenError(
    "API_INVALID_ARGUMENT",
    `expected a string, a Uint8Array or an ArrayBuffer, got ${typeof data}`,
  );
}

function controlPayload(payload: string | WebSocketBytes): Uint8Array {
  return typeof payload === "string" ? Buffer.from(payload) : bytesOf(payload);
}
