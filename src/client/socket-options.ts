// client/ The options of a socket, and the types of what it emits itself.
import type { Unchecked } from "../event/event-map.js";
import type { DeliveryFactory } from "./delivery.js";
import type { Socket } from "./socket.js";

/** The options of one socket. */
export interface SocketOptions {
  /**
   * Credentials: visible to the server as `socket.handshake.auth`. A function is called at each connect, and when a server of vaivén asks for new credentials
   * because those that it has expire soon.
   */
  auth?: { [key: string]: Unchecked } | ((cb: (data: object) => void) => void);
  /** How often an event that was not acknowledged in time is sent again. Default: not at all. */
  retries?: number;
  /** Milliseconds that an acknowledgement may take, where `timeout()` does not say. Default: no limit. */
  ackTimeout?: number;
  /**
   * Acknowledged delivery with resume: `delivery()` of `vaiven-client/delivery`. It works with a vaivén server that has `connectionStateRecovery` on.
   * Default: on in Node; in browsers off, and none of its bytes.
   */
  delivery?: DeliveryFactory;
  /**
   * Most events that wait for a connection, or with {@link retries} for an answer; one more is refused with `SESSION_SEND_BUFFER_FULL`, which goes to whoever awaits its acknowledgement
   * and is thrown otherwise. Default: 10000.
   */
  maxSendBuffer?: number;
  /** Most bytes of them. Default: 16 MiB. */
  maxSendBufferBytes?: number;
  /**
   * Milliseconds that an event may wait for a connection. Then it is let go: whoever awaits its acknowledgement is told `SESSION_SEND_BUFFER_EXPIRED`, and otherwise
   * the `error` event of the Manager, with the event in `detail`. Default: no limit.
   */
  maxSendBufferAge?: number;
  /** Most acknowledgements that are waited for; one more is refused with `ACK_TOO_MANY`. Default: 100000. */
  maxPendingAcks?: number;
}

/** More about the reason of a `disconnect`. */
export type DisconnectDescription = Error | { description: string; context?: unknown };

/** The error of `connect_error`. */
export interface ExtendedError extends Error {
  /** What the server's middleware put into `err.data`. */
  data?: Unchecked;
}

/** The events that a socket emits itself. */
export interface SocketReservedEvents {
  connect: () => void;
  connect_error: (err: ExtendedError) => void;
  disconnect: (reason: Socket.DisconnectReason, description?: DisconnectDescription) => void;
}

/** What was asked for one emit. @internal */
export interface EmitFlags {
  volatile?: boolean;
  compress?: boolean;
  timeout?: number;
  /** The last argument takes an error first, also without a timeout. */
  settles?: boolean;
  /** It comes from the queue of `retries`. */
  fromQueue?: boolean;
}
