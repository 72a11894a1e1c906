// session/ contract: a transport carries Engine.IO packets between two ends. node/, browser/ and in-memory test transports implement it.
import type { VaivenError } from "../errors.js";
import type { Outgoing } from "../packet/outgoing.js";

export type TransportName = "polling" | "websocket" | "webtransport";

/**
 * A transport, either end. Calls and their order:
 *
 * ```
 *   (client: open) ──▶ sink.onOpen? ──▶ { send · sink.onText · sink.onBinary · sink.onWritable }* ──▶ sink.onClose, once
 * ```
 *
 * - Nothing here throws because of the peer or the network: all failures end in `sink.onClose(error)`.
 * - After `sink.onClose`, and after `discard()`, no method of the sink is called any more, and every method here is a no-op.
 * - `sink` may be replaced at any time (an upgrade hands a transport from a probe to a session).
 *
 * @internal
 */
export interface Transport {
  readonly name: TransportName;
  /** Receives what arrives. Set before the first packet can arrive. */
  sink: TransportSink;
  /**
   * Whether {@link send} may be called now. False while connecting, while a slow peer has not taken what was sent (WebSocket),
   * between two polls and while a POST is under way (polling), and once closed. {@link TransportSink.onWritable} tells of the way back.
   */
  readonly writable: boolean;
  /** Bytes that were handed over by {@link send} and that the operating system has not yet taken. */
  readonly bufferedAmount: number;
  /**
   * Sends all packets of `batch` in order, in one write where the medium allows it. Only while {@link writable}.
   * Neither calls the sink nor user code before it returns. The array belongs to the caller again afterwards.
   */
  send(batch: readonly Outgoing[]): void;
  /**
   * Ends in an orderly way after what was sent (WebSocket: close frame with `code` and `reason`; polling: the pending request is answered
   * with a `close` packet by the server, or a `close` packet is posted by the client), then `sink.onClose(undefined)`. Within the host's close timeout it is cut.
   */
  close(code?: number, reason?: string): void;
  /** Cuts at once, without telling the sink. Waiting output is dropped. */
  discard(): void;
  /** The WebSocket below, for programs that look at it. Each call may give another object. Absent where there is none. */
  readonly webSocket?: object | undefined;
}

/** A transport of a client, which must first be opened. @internal */
export interface ClientTransport extends Transport {
  /** Connects; then `sink.onOpen`, or `sink.onClose(error)`. Once. */
  open(): void;
  /**
   * Polling only: stops asking. Calls `done` when no request is under way any more, everything that had arrived having been handed to the sink;
   * after that nothing is sent or received until the transport is discarded. An upgrade waits for it.
   */
  pause?(done: () => void): void;
}

/** Who listens to a transport. Called synchronously, in the order in which packets arrived. @internal */
export interface TransportSink {
  /** Client transports: `open()` succeeded (WebSocket: the handshake is done; polling: the first response is here). */
  onOpen?(): void;
  /** One Engine.IO text packet, its type digit first. */
  onText(packet: string): void;
  /** One binary message (no type). The bytes belong to the receiver. */
  onBinary(message: Uint8Array): void;
  /** The medium's own ping or pong of `size` bytes came, which carries no packet and is answered already. Only who counts what comes listens. */
  onControlFrame?(size: number): void;
  /** {@link Transport.writable} went from false to true. */
  onWritable(): void;
  /**
   * The transport has ended: undefined for an orderly end by either side, an error otherwise
   * (`SESSION_TRANSPORT_ERROR`, or what frame/ packet/ http/ refused; a peer that sent what cannot be read has a `closeCode` in it).
   */
  onClose(error: VaivenError | undefined): void;
}
