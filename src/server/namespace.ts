// server/ A namespace: the sockets that joined it, their middlewares, their rooms (Socket.IO documentation, "Namespaces").
import type { Adapter, BroadcastOptions, SocketId } from "../adapter/contract.js";
import type { AdapterNamespace } from "../adapter/namespace-view.js";
import type { PendingAck } from "../event/acks.js";
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import type { Outgoing, OutgoingOptions } from "../packet/outgoing.js";
import type { SocketPacket } from "../packet/socket-packet.js";
import type { Clock } from "../session/platform.js";
import { Broadcaster } from "./broadcaster.js";
import type { Client } from "./client.js";
import type { RefreshHook } from "./credentials.js";
import type { SessionClaim } from "./envelope.js";
import type { ErrorReporter } from "./error-reporter.js";
import { isThenable, type Middleware, runMiddlewares } from "./middleware.js";
import { isTooBig, refuseTooBig } from "./packet-size.js";
import type { PacketCodec } from "./packet-writer.js";
import type { Server } from "./server.js";
import { type AnySocket, Socket } from "./socket.js";
import type { ExtendedError, NamespaceReservedEventsMap } from "./socket-types.js";
import { emitLocally, receiveRejections } from "./strict-event-emitter.js";

/** A namespace of any program. */
export type AnyNamespace = Namespace<Unchecked, Unchecked, Unchecked, Unchecked>;

/** An adapter, which knows its namespace, and which in memory is also an emitter of room events. */
export type NamespaceAdapter = Adapter & {
  /** Sockets that lost their connections and may come back. */
  readonly absent?: { readonly size: number };
  readonly nsp: AnyNamespace;
  on(event: string, listener: (...args: Unchecked[]) => void): unknown;
  off(event: string, listener: (...args: Unchecked[]) => void): unknown;
};

/** What becomes of a client's wish to join. */
export interface JoinOutcome {
  /** There is a socket; whether it may join is being decided. */
  onSocket(socket: AnySocket): void;
  onJoined(socket: AnySocket): void;
  onRefused(): void;
  /** The client has left before it was decided. */
  onGone?(): void;
}

/** Sockets that share listeners, middlewares and rooms, under a name that begins with a slash. */
export class Namespace<
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = Unchecked,
  >
  extends Broadcaster<
    ListenEvents,
    EmitEvents,
    ServerSideEvents,
    SocketData,
    NamespaceReservedEventsMap<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
  >
  implements AdapterNamespace
{
  /** Begins with a slash; `/` is the main namespace. A parent of dynamic namespaces has a name of its own, which no client can ask for. */
  readonly name: string;
  /** The server that it belongs to. */
  readonly server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The connected sockets of this process, by id. */
  readonly sockets: Map<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> = new Map();
  /**
   * Rooms, and who receives a broadcast. `adapter.rooms` and `adapter.sids` are Maps to read, not to change; where the adapter is the one in memory, it tells
   * `create-room`, `join-room`, `leave-room` and `delete-room`.
   */
  adapter: NamespaceAdapter;
  /**
   * Bytes that may wait for a client of this namespace, counted for its connection, where that is less than the server's `maxBufferedBytes`. Volatile events
   * are dropped as soon as anything waits; when a turn ends with more than this, the connection is closed ("transport error", `SESSION_BUFFER_FULL`).
   * Default: undefined, the server's limit alone.
   */
  maxBufferedBytes: number | undefined = undefined;
  /** @internal The next acknowledgement id. */
  _ids: number = 0;
  /** @internal */
  readonly _codec: PacketCodec;
  /** @internal */
  readonly _errors: ErrorReporter;
  /** @internal */
  readonly _clock: Clock;
  /** @internal Unchecked, so that `const admin: Namespace<OtherEvents> = io.of("/admin")` compiles, as documented for Socket.IO. */
  _middlewares: Middleware<Unchecked>[] = [];
  /** @internal Set by {@link onRefresh}. */
  _refresh: RefreshHook<Unchecked> | undefined = undefined;

  /** @internal */
  constructor(server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>, name: string) {
    super();
    this.server = server;
    this.name = name;
    this._codec = server._codec;
    this._errors = server._errors;
    this._clock = server._clock;
    this.adapter = this.createAdapter();
    this._askAdapter((adapter) => adapter.init());
  }

  /**
   * Adds a middleware for sockets that want to join, run in the order in which they were added; the socket is not connected yet, and its `connected` is false.
   * `next()` goes on, `next(error)` refuses: the client's `connect_error` gets the error's message and `data`. A throw or a rejection refuses too, and is
   * reported to `io.onError`. Whoever calls neither keeps the client waiting until `connectTimeout`. Sockets that are in already are not asked.
   *
   * @example
   * io.use((socket, next) => {
   *   const user = users.get(socket.handshake.auth.token);
   *   if (user === undefined) return next(new Error("not authorized"));
   *   socket.data.user = user;
   *   next();
   * });
   */
  use(
    fn: (
      socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
      next: (err?: ExtendedError) => void,
    ) => void,
  ): this {
    this._middlewares.push(fn);
    return this;
  }

  /**
   * Renews credentials without a reconnection. Shortly before a socket's `expiresAt` its client, if it is one of vaivén, evaluates its `auth` option
   * again, and `hook` decides about what it gave: it returns when that expires (milliseconds since 1970, or a Date), or a promise of it;
   * `false`, a throw or a rejection refuses, and disconnects the socket with `CREDENTIALS_REFUSED`. The last hook counts.
   *
   * @example
   * io.use((socket, next) => {
   *   const user = verify(socket.handshake.auth.token);
   *   socket.expiresAt = user.exp * 1000;
   *   next();
   * });
   * io.onRefresh((socket, auth) => verify(auth.token).exp * 1000);
   */
  onRefresh(hook: RefreshHook<Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>): this {
    this._refresh = hook;
    return this;
  }

  /** @internal Makes a socket for `client`, or finds the one that it had, and lets the middlewares decide. Without them and without recovery it is decided when this returns. */
  _join(
    client: Client,
    auth: { [key: string]: Unchecked } | undefined,
    outcome: JoinOutcome,
    claim?: SessionClaim,
  ): void {
    const recovery = this.server._recovery;
    if (recovery === undefined || client.connection.protocol === 3) {
      this.admit(new Socket(this, client, auth, this._socketId(client)) as AnySocket, this._middlewares, outcome);
      return;
    }
    recovery.findSocket(this as AnyNamespace, client, auth, claim, (socket) => {
      if (socket === undefined) outcome.onGone?.();
      else this.admit(socket, socket.recovered && recovery.skipsMiddlewares ? [] : this._middlewares, outcome);
    });
  }

  private admit(socket: AnySocket, middlewares: readonly Middleware<Unchecked>[], outcome: JoinOutcome): void {
    const { client } = socket;
    outcome.onSocket(socket);
    const accept = (): void => {
      if (client.isClosed || !socket._enter()) {
        outcome.onGone?.();
        return;
      }
      this.sockets.set(socket.id, socket);
      outcome.onJoined(socket);
    };
    if (middlewares.length === 0) {
      accept();
      return;
    }
    const refuse = (error: Error): void => {
      if (client.isClosed) {
        outcome.onGone?.();
        return;
      }
      socket._refuse(error);
      outcome.onRefused();
    };
    runMiddlewares(middlewares, socket, {
      // What a middleware does behind its `next` comes before the outcome, as in Socket.IO.
      onDone: (error) => this._clock.soon(() => (error === undefined ? accept() : refuse(error))),
      onThrown: (cause, late) => {
        this._errors.middlewareFailed(cause, { namespace: this as AnyNamespace, socket });
        if (!late) refuse(cause instanceof Error ? cause : new Error(String(cause)));
      },
    });
  }

  /** @internal Asks the adapter for something that nobody waits for: what it throws or rejects with is reported. */
  _askAdapter(ask: (adapter: NamespaceAdapter) => unknown): void {
    this._errors.guard(() => ask(this.adapter), { namespace: this as AnyNamespace, event: "adapter" });
  }

  /** @internal What an adapter of the program returned: a promise that is rejected is reported, also where the caller looks at it too. */
  _watchAdapter<T>(result: T): T {
    if (isThenable(result)) result.then(undefined, (cause) => this._adapterFailed(cause));
    return result;
  }

  /** @internal */
  _adapterFailed(cause: unknown): void {
    this._errors.handlerFailed(cause, { namespace: this as AnyNamespace, event: "adapter" });
  }

  /** @internal Runs the `connection` listeners. */
  _announce(socket: AnySocket): void {
    this.emitReserved("connect", socket);
    this.emitReserved("connection", socket);
  }

  /** @internal */
  _remove(socket: AnySocket): void {
    // A client that returned before its loss was noticed has a new socket of the same id.
    if (this.sockets.get(socket.id) === socket) this.sockets.delete(socket.id);
  }

  /** @internal A dynamic one may go when nobody is in it. */
  _lookIfEmpty(): void {}

  /** @internal Lets go of an acknowledgement that was asked of many and is waited for no longer. */
  _forgetAck(ack: PendingAck): void {
    for (const socket of this.sockets.values()) socket._forgetAck(ack);
  }

  /** @internal The door of adapters: an event that another process sent to this one. */
  _onServerSideEmit(event: [string, ...Unchecked[]]): void {
    this.emitReserved(...event);
  }

  /**
   * @internal For adapters.
   * @throws VaivenError `PACKET_TOO_BIG`, and `PACKET_*` for what cannot be encoded
   */
  encode(packet: SocketPacket, options: OutgoingOptions | undefined): Outgoing {
    const outgoing = this._codec.writer.packet(packet, options);
    const tooBig = refuseTooBig(outgoing, this.server._maxBufferedBytes, (packet.data as unknown[] | undefined)?.[0]);
    if (tooBig !== undefined) throw tooBig;
    return outgoing;
  }

  /**
   * @internal Hands an event to the adapter. One that is too large is reported: nobody waits for its fate.
   * @throws VaivenError `PACKET_*` for what cannot be encoded
   */
  _broadcast(packet: SocketPacket, options: BroadcastOptions): void {
    try {
      this._watchAdapter(this.adapter.broadcast(packet, options));
    } catch (error) {
      if (!isTooBig(error)) throw error;
      this._errors.emitFailed(error, { namespace: this as AnyNamespace, event: (packet.data as unknown[])[0] });
    }
  }

  /** @internal Emits to this object's own listeners. */
  emitReserved(event: string, ...args: unknown[]): void {
    try {
      emitLocally.call(this, event, ...args);
    } catch (cause) {
      this.handlerFailed(cause, event, args);
    }
  }

  /** @internal */
  get broadcastTarget(): AnyNamespace {
    return this as AnyNamespace;
  }

  /** @internal The server's class of adapters has changed. */
  _renewAdapter(): void {
    this.adapter = this.createAdapter();
    this._askAdapter((adapter) => adapter.init());
  }

  protected createAdapter(): NamespaceAdapter {
    return this.server._createAdapter(this as AnyNamespace);
  }

  private handlerFailed(cause: unknown, event: string, args: unknown[]): void {
    this._errors.handlerFailed(cause, this._contextOf(event, args));
  }

  /** @internal */
  _contextOf(event: unknown, args: unknown[]): { namespace: AnyNamespace; socket?: AnySocket; event: unknown } {
    const namespace = this as AnyNamespace;
    const [socket] = args;
    return socket instanceof Socket ? { namespace, event, socket: socket as AnySocket } : { namespace, event };
  }

  /** @internal The id of a new socket. */
  _socketId(client: Client): SocketId {
    if (client.connection.protocol !== 3) return this.server._nextId();
    return this.name === "/" ? client.id : `${this.name}#${client.id}`;
  }
}

receiveRejections(Namespace as { prototype: AnyNamespace }, (namespace, cause, event, args) => {
  namespace._errors.handlerRejected(cause, namespace._contextOf(event, args));
});
