// Every error that vaivén raises: one class, told apart by `code`. Contract of all layers.
//
//   VaivenError
//   ├─ FRAME_*      frame/    RFC 6455 section 5 and RFC 7692: the peer broke the framing (carries `closeCode`)
//   ├─ HANDSHAKE_*  frame/    RFC 6455 section 4: the opening handshake (carries `httpStatus`)
//   ├─ PACKET_*     packet/   Engine.IO and Socket.IO packets that cannot be read or written
//   ├─ SESSION_*    session/  a connection that was opened, kept or closed wrongly
//   ├─ HTTP_*       http/     a request that is refused before or instead of a session (carries `httpStatus`)
//   ├─ ACK_*        event/    acknowledgements that will not come
//   └─ API_*        server/ client/  the caller's own mistake

/** The code of a {@link VaivenError}. One row a code in `docs/reference/errors.md`. */
export type ErrorCode =
  // frame/
  | "FRAME_RESERVED_BITS"
  | "FRAME_RESERVED_OPCODE"
  | "FRAME_CONTROL_FRAGMENTED"
  | "FRAME_CONTROL_TOO_LONG"
  | "FRAME_UNEXPECTED_CONTINUATION"
  | "FRAME_UNFINISHED_MESSAGE"
  | "FRAME_MASK_REQUIRED"
  | "FRAME_MASK_FORBIDDEN"
  | "FRAME_LENGTH_INVALID"
  | "FRAME_INVALID_UTF8"
  | "FRAME_CLOSE_INVALID"
  | "FRAME_MESSAGE_TOO_BIG"
  | "FRAME_TOO_MANY_FRAGMENTS"
  | "FRAME_INFLATE_FAILED"
  | "FRAME_INFLATE_RATIO"
  | "FRAME_DEFLATE_FAILED"
  | "HANDSHAKE_METHOD"
  | "HANDSHAKE_VERSION"
  | "HANDSHAKE_UPGRADE"
  | "HANDSHAKE_KEY"
  | "HANDSHAKE_PROTOCOL"
  | "HANDSHAKE_EXTENSION"
  | "HANDSHAKE_STATUS"
  | "HANDSHAKE_ACCEPT"
  | "HANDSHAKE_HEADERS"
  | "HANDSHAKE_PATH"
  | "HANDSHAKE_TIMEOUT"
  | "HANDSHAKE_ABORTED"
  // packet/
  | "PACKET_UNKNOWN_TYPE"
  | "PACKET_INVALID_BASE64"
  | "PACKET_INVALID_JSON"
  | "PACKET_INVALID_PAYLOAD"
  | "PACKET_INVALID_ID"
  | "PACKET_RESERVED_EVENT"
  | "PACKET_TOO_MANY_ATTACHMENTS"
  | "PACKET_ATTACHMENTS_TOO_BIG"
  | "PACKET_ATTACHMENT_MISSING"
  | "PACKET_ATTACHMENT_UNEXPECTED"
  | "PACKET_CYCLIC"
  | "PACKET_TOO_DEEP"
  | "PACKET_TOO_BIG"
  // session/
  | "SESSION_HANDSHAKE_INVALID"
  | "SESSION_UNEXPECTED_PACKET"
  | "SESSION_PROBE_FAILED"
  | "SESSION_PING_TIMEOUT"
  | "SESSION_BUFFER_FULL"
  | "SESSION_NEVER_JOINED"
  | "SESSION_RATE_EXCEEDED"
  | "SESSION_SEND_BUFFER_FULL"
  | "SESSION_SEND_BUFFER_EXPIRED"
  | "SESSION_TRANSPORT_ERROR"
  | "SESSION_TRANSPORT_CLOSED"
  | "SESSION_CLOSED"
  // http/
  | "HTTP_BAD_REQUEST"
  | "HTTP_FORBIDDEN"
  | "HTTP_ORIGIN_FORBIDDEN"
  | "HTTP_BODY_TOO_BIG"
  | "HTTP_TOO_MANY_HEADERS"
  | "HTTP_TOO_MANY_CONNECTIONS"
  | "HTTP_SERVER_LEAVING"
  | "HTTP_REQUEST_OVERLAP"
  | "HTTP_REQUEST_REPEATED"
  // event/
  | "ACK_TIMEOUT"
  | "ACK_DISCONNECTED"
  | "ACK_UNHANDLED"
  | "ACK_TOO_MANY"
  // server/ client/
  | "API_RESERVED_EVENT"
  | "API_INVALID_ARGUMENT"
  | "API_INVALID_OPTION"
  | "API_UNAVAILABLE"
  | "CONNECT_TIMEOUT"
  | "CONNECT_REFUSED"
  | "CONNECT_TOO_MANY_NAMESPACES"
  | "CREDENTIALS_EXPIRED"
  | "CREDENTIALS_REFUSED"
  | "OUTBOX_FULL"
  | "OUTBOX_LOCKED"
  | "OUTBOX_CORRUPT"
  | "OUTBOX_STORE_FAILED"
  | "HANDLER_FAILED"
  | "MIDDLEWARE_FAILED";

/** What an error carries beside its message. Absent fields do not apply to its code. */
export interface ErrorFields {
  /** The WebSocket close code that tells the peer (RFC 6455 section 7.4). */
  readonly closeCode?: number;
  /** The HTTP status that tells the peer. */
  readonly httpStatus?: number;
  /** What caused it. */
  readonly cause?: unknown;
  /** Whatever helps to see which input it was: sizes, limits, names. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/**
 * An error raised by vaivén.
 *
 * Recognise it by {@link VaivenError.code}, not by `instanceof`: a program may hold two copies of the package.
 * The message says what was expected, what came, and what to do.
 */
export class VaivenError extends Error {
  /** Which error it is. Stable between versions. */
  declare readonly code: ErrorCode;
  /** The WebSocket close code that tells the peer, where one applies. */
  declare readonly closeCode: number | undefined;
  /** The HTTP status that tells the peer, where one applies. */
  declare readonly httpStatus: number | undefined;
  /** Sizes, limits and names that the message speaks of. */
  declare readonly detail: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, fields?: ErrorFields) {
    // The minified browser files leave explanations out (scripts/build/minified.mjs).
    super(message || code, fields);
    Object.assign(this, { name: "VaivenError", code }, fields);
  }
}
