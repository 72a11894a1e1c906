// frame/ contract: the two sides of a WebSocketConnection: who uses it, and where its bytes go. session/ and node/ implement them.
import type { VaivenError } from "../errors.js";

/**
 * Who uses a connection. Called synchronously from `WebSocketConnection.receive` (or later, when a large message was inflated),
 * in the order in which things arrived. It may send, close and terminate at any time. It should not throw; see `receive`.
 */
export interface ConnectionSink {
  /** A whole text message, well-formed. */
  onText(text: string): void;
  /** A whole binary message. The bytes belong to the receiver: memory of their own, or, where they are most of a chunk, a view of it. */
  onBinary(bytes: Uint8Array): void;
  /** A Ping came. Its Pong is sent without the sink's help. */
  onPing?(payload: Uint8Array): void;
  onPong?(payload: Uint8Array): void;
  /** The peer broke a rule or a limit, or compression failed. {@link onClose} follows at once. */
  onError(error: VaivenError): void;
  /**
   * The connection is closed: once, and last. `code` is the peer's (1005 if its Close had none), or the one that we sent because of
   * an error, or 1006 if the transport ended first. `wasClean` tells whether both Close frames were exchanged.
   */
  onClose(code: number, reason: string, wasClean: boolean): void;
}

/** Where a connection's bytes go. Nothing here may throw or call the connection's sink before it returns. */
export interface ConnectionOutput {
  /** Sends the bytes after everything that was written before. They may be shared with others: nobody may change them. */
  write(frame: Uint8Array): void;
  /**
   * Nothing will be written any more: end the transport behind what was written. Called once, just before `onClose`. A server's host ends
   * at once; a client's waits for the server to end first, within its closing timeout (RFC 6455 section 7.1.1). Not called by `terminate()`.
   */
  end(): void;
  /** Whether the peer takes bytes more slowly than they are written. Pongs wait then and only the latest is kept, until `drained()`. */
  readonly isCongested: boolean;
  /** `WebSocketConnection.isPaused` went from true to false. */
  resumed(): void;
}
