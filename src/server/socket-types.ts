// server/ The types that programs name beside the classes: reasons, handshake, reserved events, flags.
import type { IncomingHttpHeaders } from "node:http";
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import type { CloseReason } from "./connection.js";
import type { AnySocket } from "./socket.js";

/** Why a socket was disconnected. */
export type DisconnectReason = CloseReason | "client namespace disconnect" | "server namespace disconnect";

/** An error that a middleware hands to `next`; `data` reaches the client with the message. */
export interface ExtendedError extends Error {
  /** Whatever the client is to know of the refusal; it must be JSON. */
  data?: Unchecked;
}

/** An event as middlewares and catch-all code see it. */
export type Event = [eventName: string, ...args: Unchecked[]];

/** What is known of the request that opened the connection, and what the client sent when it joined the namespace. */
export interface Handshake {
  /** The headers of the request. */
  headers: IncomingHttpHeaders;
  /** When the socket was made, as text. */
  time: string;
  /** The address of the client; what a proxy said where `trustProxy` allows it. */
  address: string;
  /** Whether the request came from a page of another origin (it had an `Origin`). */
  xdomain: boolean;
  /** Whether the connection is encrypted. */
  secure: boolean;
  /** When the socket was made: milliseconds since 1970. */
  issued: number;
  /** The request's URL. */
  url: string;
  /** The parameters of the URL. */
  query: { [parameter: string]: string | string[] | undefined };
  /** What the client's `auth` option gave. */
  auth: { [key: string]: Unchecked };
}

/** Events of a server-side socket that only the library emits. */
export interface SocketReservedEventsMap {
  /** The end; the rooms have been left. `description` is a VaivenError where more is known, with its `code`. */
  disconnect: (reason: DisconnectReason, description?: Unchecked) => void;
  /** The end is near; `socket.rooms` is still complete. */
  disconnecting: (reason: DisconnectReason, description?: Unchecked) => void;
  /** An event was refused by a middleware of `socket.use`, or what came cannot be read. */
  error: (error: Error) => void;
  /** What is emitted next need not wait: once after `bufferedAmount` was read as more than 0. */
  drain: () => void;
}

/**
 * Why a client of ours could not go on where it was: the time was over; more was sent than is kept; the server never knew of it or has
 * been restarted; it has closed.
 */
export type SessionLossReason = "expired" | "overflow" | "unknown session" | "server shutting down";

/** A client of ours that did not come back in time, or that could not go on where it was. */
export interface LostSession<SocketData = Unchecked> {
  /** The id of the socket, as in `disconnect`. */
  id: string;
  /** Its `socket.data`. */
  data: SocketData;
  /** The rooms that it was in. */
  rooms: ReadonlySet<string>;
  /** Why it cannot go on. */
  reason: SessionLossReason;
  /** How many of the events and acknowledgements that were sent it has not confirmed: that many may be lost. */
  unconfirmed: number;
}

/** Events of a namespace that only the library emits. */
export interface NamespaceReservedEventsMap<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Unchecked,
> {
  /** As `connection`, called before it. */
  connect: (socket: import("./socket.js").Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  /** A client has joined. Listeners of its events that are added now miss none. */
  connection: (socket: import("./socket.js").Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  /** With `connectionStateRecovery`, for our own clients: the end for good after a `disconnect` that left the way back open. */
  session_lost: (session: LostSession<SocketData>) => void;
  /**
   * An event of a client's outbox is about to be handled that may have been handled before, by a server that was restarted since: its listeners run next.
   */
  possible_repeat: (repeat: {
    socket: import("./socket.js").Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
    event: Unchecked[];
  }) => void;
}

/** Events of a server that only the library emits: those of the main namespace, and the birth of a dynamic one. */
export interface ServerReservedEventsMap<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Unchecked,
> extends NamespaceReservedEventsMap<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** A namespace was made, by `io.of` or for a client of a dynamic one; its own listeners are not added yet in the first case. */
  new_namespace: (
    namespace: import("./namespace.js").Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  ) => void;
}

/** What modifies the next emit. */
export interface SocketFlags {
  /** It may be dropped where it would have to wait. */
  volatile?: boolean;
  /** Whether it may be compressed. Default: true. */
  compress?: boolean;
  /** Milliseconds for its acknowledgement. */
  timeout?: number;
}

/** Tells a socket of this process from the details of another's: only the former knows its server. */
export function isLocalSocket(value: unknown): value is AnySocket {
  return typeof value === "object" && value !== null && "server" in value;
}
