// server/ One client in one namespace: what programs hold. Incoming packets become calls of listeners, emits become packets.
//
//   joining ──_onConnect()──▶ connected ──_onClose()──▶ leaving ("disconnecting" runs) ──▶ left ("disconnect" runs)
//
import type { IncomingMessage } from "node:http";
import type { Room, SocketId } from "../adapter/contract.js";
import type { AdapterSocket } from "../adapter/namespace-view.js";
import { VaivenError } from "../errors.js";
import { asError, unhandledError, wireErrorOf } from "../event/ack-errors.js";
import {
  type AckCallback,
  type AckTable,
  abandonAcks,
  ackDisconnectedError,
  expectAck,
  expectAckWithin,
  type PendingAck,
  type TimedAckCallback,
  takeAck,
} from "../event/acks.js";
import type {
  AllButLast,
  DecorateAcknowledgements,
  DecorateAcknowledgementsWithMultipleResponses,
  DefaultEventsMap,
  EventNames,
  EventNamesWithAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  Unchecked,
} from "../event/event-map.js";
import { refuseReserved } from "../event/reserved.js";
import { Capability, type ControlMessage, encodeControl } from "../packet/control-packet.js";
import type { Outgoing } from "../packet/outgoing.js";
import { PacketType, RESERVED_EVENTS, type SocketPacket } from "../packet/socket-packet.js";
import { BroadcastOperator } from "./broadcast-operator.js";
import type { Client } from "./client.js";
import type { Connection } from "./connection.js";
import { Credentials, type Expiry } from "./credentials.js";
import type { EngineSocket } from "./engine-socket.js";
import { EventReceiver } from "./event-receiver.js";
import { buildHandshake } from "./handshake.js";
import { type Middleware, runMiddlewares } from "./middleware.js";
import type { Namespace } from "./namespace.js";
import type { Server } from "./server.js";
import type { DisconnectReason, Event, Handshake, SocketFlags, SocketReservedEventsMap } from "./socket-types.js";
import { receiveRejections } from "./strict-event-emitter.js";

/** A socket of any program. */
export type AnySocket = Socket<Unchecked, Unchecked, Unchecked, Unchecked>;

type State = "joining" | "connected" | "leaving" | "left";

/**
 * A client in a namespace. Listeners registered with {@link on} receive the client's events, {@link emit} sends it events.
 *
 * Listeners run in order, inside the read of the packet. What they throw, and what their promises reject with, goes to `io.onError`.
 * After `disconnect` nothing is delivered and nothing is sent.
 */
export class Socket<
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = Unchecked,
  >
  extends EventReceiver<ListenEvents, EmitEvents, SocketReservedEventsMap>
  implements AdapterSocket
{
  /** Names this socket to the program and to the client. A room of this name holds it. */
  readonly id: SocketId;
  readonly nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The connection's side: all sockets of one connection share it. */
  readonly client: Client;
  /** Whether the connection was recovered with what it missed. */
  readonly recovered: boolean = false;
  protected readonly connection: Connection;
  protected state: State = "joining";
  private readonly auth: { [key: string]: Unchecked } | undefined;
  private readonly issued: number = Date.now();
  // Made when first used: most sockets never use most of them, and there are many sockets.
  private flags: SocketFlags | undefined = undefined;
  private middlewares: Middleware<Event>[] | undefined = undefined;
  protected pendingAcks: AckTable | undefined = undefined;
  private ownData: SocketData | undefined = undefined;
  private ownHandshake: Handshake | undefined = undefined;
  private credentials: Credentials | undefined = undefined;

  /** @internal */
  constructor(
    nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    client: Client,
    auth: { [key: string]: Unchecked } | undefined,
    id: SocketId,
  ) {
    super();
    this.nsp = nsp;
    this.client = client;
    this.connection = client.connection;
    this.auth = auth;
    this.id = id;
  }

  /** The server of the namespace. */
  get server(): Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    return this.nsp.server;
  }

  /** Whether events pass: false before `connection` and from `disconnect` on. */
  get connected(): boolean {
    return this.state === "connected" || this.state === "leaving";
  }

  get disconnected(): boolean {
    return !this.connected;
  }

  /** Whatever the program wants to keep with the socket; other processes see it through `fetchSockets`. Replaceable. */
  get data(): SocketData {
    this.ownData ??= {} as SocketData; // what the type promises, the program puts there, as with Socket.IO
    return this.ownData;
  }

  set data(data: SocketData) {
    this.ownData = data;
  }

  /**
   * When the client's credentials expire, in milliseconds since 1970; a Date may be set. Then the socket is disconnected ("server namespace disconnect", with
   * `CREDENTIALS_EXPIRED` in the description), unless `onRefresh` of the namespace has accepted new ones. Usually set by a middleware. Default: undefined, never.
   *
   * @throws VaivenError `API_INVALID_ARGUMENT` when set to what is no time
   */
  get expiresAt(): number | undefined {
    return this.credentials?.expiresAt;
  }

  set expiresAt(expiry: Expiry | undefined) {
    if (expiry === undefined) {
      this.credentials?.clear();
      this.credentials = undefined;
    } else if (this.state !== "left") {
      this.credentials ??= new Credentials(this as AnySocket);
      this.credentials.renew(expiry);
    }
  }

  /** What opened the connection. Made when first asked for, then the same object. */
  get handshake(): Handshake {
    this.ownHandshake ??= buildHandshake(this.client, this.auth, this.issued);
    return this.ownHandshake;
  }

  /** The request that opened the connection: the whole of it where the program asked for it, otherwise what was kept (method, url, headers, address). */
  get request(): IncomingMessage {
    return this.client.request as IncomingMessage;
  }

  /** The connection as an emitter of `packet`, `upgrade`, `close` … */
  get conn(): EngineSocket {
    return this.client.conn;
  }

  /** The rooms that the socket is in, its own id among them. Empty after `disconnect`; complete in `disconnecting`. */
  get rooms(): Set<Room> {
    return this.nsp.adapter.socketRooms(this.id) ?? new Set();
  }

  /** The acknowledgements that are waited for, by packet id. */
  get acks(): AckTable {
    this.pendingAcks ??= new Map();
    return this.pendingAcks;
  }

  /** Bytes that wait for this client. */
  get bufferedAmount(): number {
    return this.connection.bufferedAmount;
  }

  /**
   * Resolves when what is emitted next need not wait: at once if nothing holds the connection back. `true` if the connection is then open, `false` if it is not.
   * `socket.conn` emits `drain` at the same moments.
   *
   * @example
   * for (const row of rows) {
   *   socket.emit("row", row);
   *   if (!(await socket.drain())) break;
   * }
   */
  drain(): Promise<boolean> {
    return new Promise((resolve) => this.client._whenDrained(resolve));
  }

  /**
   * Sends an event. A function as last argument is called with the client's acknowledgement.
   * It leaves at the end of the turn; after `disconnect` it is dropped. One that is larger than the server's `maxBufferedBytes` is not sent: that is
   * reported to `io.onError` as `PACKET_TOO_BIG`, or to whoever awaits an acknowledgement with an error.
   *
   * @throws VaivenError `API_RESERVED_EVENT`, and `PACKET_CYCLIC`, `PACKET_TOO_DEEP`, `PACKET_INVALID_JSON` for what cannot be encoded
   */
  override emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean;
  override emit(...event: Unchecked[]): boolean {
    if (RESERVED_EVENTS.has(event[0])) refuseReserved(event[0]);
    const { flags } = this;
    if (flags !== undefined) this.flags = undefined;
    const ack =
      event.length > 1 && typeof event[event.length - 1] === "function" ? (event.pop() as AckCallback) : undefined;
    if (this.state === "left" && this.isGone()) {
      if (ack !== undefined && flags?.timeout !== undefined) this.refuseAck(ack);
      return true;
    }
    const id = ack === undefined ? undefined : this.nsp._ids++;
    const packet = this.nsp._codec.writer.event(this.nsp.name, id, event, flags);
    const tooBig = this.tooBig(packet, event[0]);
    if (tooBig !== undefined) {
      if (ack !== undefined && flags?.timeout !== undefined) this.refuseAck(ack, tooBig);
      else this.nsp._errors.emitFailed(tooBig, { socket: this as AnySocket, event: event[0] });
      return true;
    }
    if (ack !== undefined) this.awaitAck(id as number, ack, flags?.timeout, event[0]);
    if (this.hasOutgoingListeners) this.tellOutgoing(event);
    this.deliver(packet);
    return true;
  }

  /**
   * Sends an event and gives the first argument of its acknowledgement.
   * Rejects with `ACK_TIMEOUT` under {@link timeout}, and with `ACK_DISCONNECTED` as soon as the client is gone.
   */
  emitWithAck<Ev extends EventNamesWithAck<EmitEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>>;
  emitWithAck(...event: Unchecked[]): Promise<Unchecked> {
    return new Promise((resolve, reject) => {
      refuseReserved(event[0]);
      const { flags } = this;
      this.flags = undefined;
      if (this.state === "left" && this.isGone()) {
        reject(ackDisconnectedError());
        return;
      }
      const settle: TimedAckCallback = (error, response) => (error === null ? resolve(response) : reject(error));
      const id = this.nsp._ids++;
      const packet = this.nsp._codec.writer.event(this.nsp.name, id, event, flags);
      const tooBig = this.tooBig(packet, event[0]);
      if (tooBig !== undefined) {
        reject(tooBig);
        return;
      }
      if (flags?.timeout === undefined) expectAck(this.acks, id, settle);
      else expectAckWithin(this.acks, id, flags.timeout, this.nsp._clock, settle);
      if (this.hasOutgoingListeners) this.tellOutgoing(event);
      this.deliver(packet);
    });
  }

  /**
   * Sends an event and resolves when the client has received it, which is before its listeners have run, and says nothing of them.
   * It waits over the loss of a connection. Rejects with `ACK_DISCONNECTED` when the client does not come back in time or is disconnected, with `ACK_TIMEOUT`
   * under {@link timeout} (the event may still arrive), and with `API_UNAVAILABLE` where it cannot be known: without the option
   * `connectionStateRecovery`, and for clients that are not ours.
   */
  emitConfirmed<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): Promise<void>;
  emitConfirmed(..._event: Unchecked[]): Promise<void> {
    this.flags = undefined;
    return Promise.reject(
      new VaivenError(
        "API_UNAVAILABLE",
        "emitConfirmed needs the option connectionStateRecovery and a client of vaivén: this one cannot say what it received",
      ),
    );
  }

  /** Sends a `message` event. */
  send(...args: EventParams<EmitEvents, "message" & EventNames<EmitEvents>>): this {
    this.emit("message" as EventNames<EmitEvents>, ...(args as Unchecked));
    return this;
  }

  /** As {@link send}. */
  write(...args: EventParams<EmitEvents, "message" & EventNames<EmitEvents>>): this {
    return this.send(...args);
  }

  /** The next emit may be dropped if it would have to wait for the client. */
  get volatile(): this {
    this.flags ??= {};
    this.flags.volatile = true;
    return this;
  }

  /** Whether the next emit may be compressed, where the connection compresses. Default: true. */
  compress(compress: boolean): this {
    this.flags ??= {};
    this.flags.compress = compress;
    return this;
  }

  /** The acknowledgement of the next emit may take `ms` milliseconds; its callback then takes an error first. */
  timeout(ms: number): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>, ServerSideEvents, SocketData> {
    this.flags ??= {};
    this.flags.timeout = ms;
    return this as Unchecked;
  }

  /** To everybody in the namespace but this socket. */
  get broadcast(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.newBroadcast();
  }

  /** To the members of a room, or of any of several, but this socket. Chained: the union. */
  to(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.newBroadcast().to(room);
  }

  /** As {@link to}. */
  in(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.to(room);
  }

  /** To everybody but this socket and the members of a room. */
  except(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.newBroadcast().except(room);
  }

  /** To everybody but this socket, on this process only. */
  get local(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.newBroadcast().local;
  }

  /** Joins a room, or several. Twice is once. A promise only where the adapter needs one. */
  join(rooms: Room | Room[]): Promise<void> | void;
  /** @deprecated It is done when `join` returns, or when its promise resolves. */
  join(rooms: Room | Room[], callback: (error: null) => void): Promise<void> | void;
  join(rooms: Room | Room[]): Promise<void> | void {
    if (this.state === "left") return;
    return this.nsp._watchAdapter(this.nsp.adapter.addAll(this.id, new Set(Array.isArray(rooms) ? rooms : [rooms])));
  }

  /** Leaves a room. */
  leave(room: Room): Promise<void> | void;
  /** @deprecated It is done when `leave` returns, or when its promise resolves. */
  leave(room: Room, callback: (error: null) => void): Promise<void> | void;
  leave(room: Room): Promise<void> | void {
    return this.nsp._watchAdapter(this.nsp.adapter.del(this.id, room));
  }

  /** Adds a middleware for each incoming event: `([event, ...args], next)`. `next(error)` drops the event and emits `error` here. */
  use(fn: (event: Event, next: (err?: Error) => void) => void): this {
    this.middlewares ??= [];
    this.middlewares.push(fn);
    return this;
  }

  /**
   * Disconnects from the namespace: the client is told, what was emitted before is sent first.
   * With `close` the connection is closed, and with it every other namespace. A no-op when disconnected.
   */
  disconnect(close: boolean = false): this {
    if (!this.connected) return this;
    if (close) {
      this.client._disconnect();
    } else {
      this._sendPacket({ type: PacketType.DISCONNECT, nsp: this.nsp.name });
      this._onClose("server namespace disconnect");
    }
    return this;
  }

  /** @internal For adapters, which send past {@link emit}. */
  notifyOutgoingListeners(packet: SocketPacket): void {
    this.tellOutgoing(packet.data as unknown[]);
  }

  /** @internal Sends what is encoded. */
  deliver(packet: Outgoing): void {
    if (packet.volatile && !this.connection.writable) return;
    this._transmit(packet);
  }

  /** @internal Hands a packet to the connection, under the limit of the namespace. */
  _transmit(packet: Outgoing): void {
    this.connection.send(packet);
    const { maxBufferedBytes, name } = this.nsp;
    if (maxBufferedBytes !== undefined && this.connection.bufferedAmount > maxBufferedBytes) {
      this.client._limitBuffered(maxBufferedBytes, name);
    }
  }

  /** A packet that is larger than what may wait for a client would cost the connection: it is the event that fails. */
  private tooBig(packet: Outgoing, event: unknown): VaivenError | undefined {
    const limit = this.nsp.server._maxBufferedBytes;
    // A character takes three bytes at most: for almost every packet this is all that is looked at.
    if (packet.rest === undefined && packet.head.length * 3 <= limit) return undefined;
    const got = packet.byteLength((text) => Buffer.byteLength(text));
    if (got <= limit) return undefined;
    return new VaivenError(
      "PACKET_TOO_BIG",
      `"${event}" has ${got} bytes, expected at most ${limit} (maxBufferedBytes)`,
      {
        detail: { event, limit, got },
      },
    );
  }

  /** @internal */
  _sendPacket(packet: SocketPacket): void {
    this.connection.send(this.nsp._codec.writer.packet(packet));
  }

  /** @internal The namespace has accepted it: the client is told, its own room is joined. */
  _onConnect(): void {
    this.state = "connected";
    this.nsp._askAdapter((adapter) => adapter.addAll(this.id, this.firstRooms()));
    const data = this.connection.protocol === 3 ? undefined : this.connectData();
    this._sendPacket({ type: PacketType.CONNECT, nsp: this.nsp.name, data });
  }

  /** What modifies the emit that asks; the next one begins anew. */
  protected takeFlags(): SocketFlags | undefined {
    const { flags } = this;
    this.flags = undefined;
    return flags;
  }

  /** What the client is told when it is accepted. */
  protected connectData(): object {
    return { sid: this.id };
  }

  /** The rooms that it is in from the beginning. */
  protected firstRooms(): Set<Room> {
    return new Set([this.id]);
  }

  /** @internal The listeners of `connection` have run. */
  _onAnnounced(): void {}

  /** It is still in its rooms, and will not be for long. */
  protected beforeLeaving(_reason: DisconnectReason): void {}

  /** @internal The namespace has refused it. */
  _refuse(error: Error): void {
    const { message, data } = error as Error & { data?: unknown };
    const legacy = this.connection.protocol === 3;
    const payload = legacy ? (data ?? message) : data === undefined ? { message } : { message, data };
    const nsp = this.nsp.name;
    try {
      this._sendPacket({ type: PacketType.CONNECT_ERROR, nsp, data: payload });
    } catch (cause) {
      // `err.data` cannot be written: the client must hear of the refusal all the same.
      this.nsp._errors.middlewareFailed(cause, { socket: this as AnySocket, event: "connection" });
      this._sendPacket({ type: PacketType.CONNECT_ERROR, nsp, data: legacy ? message : { message } });
    }
    this.endBeforeItBegan();
  }

  /** @internal An event came. */
  _onEvent(packet: SocketPacket): void {
    if (this.state !== "connected") return;
    const event = packet.data as unknown[];
    if (packet.id !== undefined) event.push(this.ackSender(packet.id));
    this.tellIncoming(event);
    if (this.middlewares === undefined) this.dispatch(event);
    else this.runMiddlewares(this.middlewares, event as Event);
  }

  /** @internal An acknowledgement came. */
  _onAck(packet: SocketPacket): void {
    if (this.pendingAcks === undefined || this.state !== "connected") return;
    const pending = takeAck(this.pendingAcks, packet.id as number);
    if (pending !== undefined) this.callBack(pending, packet.data as unknown[], "acknowledgement");
  }

  /** @internal A control packet came, of a capability that was agreed on. False if a client may not send its kind. */
  _onControl(message: ControlMessage): boolean {
    if (message[0] !== "refresh") return false;
    this.credentials?.onAnswer(message[1]);
    return true;
  }

  /** @internal As {@link disconnect}, for a reason that is told to whoever listens. */
  _dismiss(error: VaivenError): void {
    this._sendPacket({ type: PacketType.DISCONNECT, nsp: this.nsp.name });
    this._onClose("server namespace disconnect", error);
  }

  /** @internal */
  _forgetAck(ack: PendingAck): void {
    for (const [id, pending] of this.pendingAcks ?? []) if (pending === ack) this.pendingAcks?.delete(id);
  }

  /** @internal The end, whoever asked for it. Once. */
  _onClose(reason: DisconnectReason, description?: unknown): void {
    if (this.state === "joining") this.endBeforeItBegan(reason);
    if (this.state !== "connected") return;
    this.state = "leaving";
    this.credentials?.clear();
    this.emitReserved("disconnecting", reason, description);
    this.beforeLeaving(reason);
    this.nsp._askAdapter((adapter) => adapter.delAll(this.id));
    this.nsp._remove(this as AnySocket);
    this.client._remove(this as AnySocket, reason === "server namespace disconnect");
    this.state = "left";
    this.emitReserved("disconnect", reason, description);
    this.abandonAcks(reason);
  }

  /** Refused, or gone while middlewares were running: they may have made it join rooms and ask for acknowledgements. */
  protected endBeforeItBegan(reason?: DisconnectReason): void {
    this.state = "left";
    this.credentials?.clear();
    this.nsp._askAdapter((adapter) => adapter.delAll(this.id));
    this.abandonAcks(reason);
  }

  /** It has left: whether what is sent still has no way to the client. */
  protected isGone(): boolean {
    return true;
  }

  /** An event has passed the middlewares, and the socket has left meanwhile. */
  protected onLate(_event: Event): void {}

  protected abandonAcks(reason?: DisconnectReason): void {
    if (this.pendingAcks !== undefined) abandonAcks(this.pendingAcks, ackDisconnectedError(reason));
  }

  protected override guard(call: () => unknown, event: unknown): void {
    this.nsp._errors.guard(call, { socket: this as AnySocket, event });
  }

  protected override handlerFailed(cause: unknown, event: unknown): void {
    this.nsp._errors.handlerFailed(cause, { socket: this as AnySocket, event });
  }

  /** @internal Whoever awaits the acknowledgement of this event is told, where the client is one of ours. */
  _eventFailed(cause: unknown, event: readonly unknown[]): void {
    const sender = event[event.length - 1];
    if (typeof sender !== "function" || !this.failsAcks) return;
    const error = asError(cause);
    try {
      sender(error);
    } catch {
      // What the error carries is nothing that JSON can hold.
      sender(new Error(error.message));
    }
  }

  protected override unheard(event: readonly unknown[]): void {
    if (!this.hasIncomingListeners) this._eventFailed(unhandledError(event[0]), event);
  }

  /** Whether the client takes errors as acknowledgements. */
  private get failsAcks(): boolean {
    return (this.client._caps & Capability.ACK_ERRORS) !== 0;
  }

  private newBroadcast(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    const flags = this.flags;
    this.flags = undefined;
    return new BroadcastOperator(this.nsp.adapter, new Set(), new Set([this.id]), flags);
  }

  private awaitAck(id: number, callback: AckCallback, timeout: number | undefined, event: unknown): void {
    if (timeout === undefined) {
      this.acks.set(id, callback);
      return;
    }
    expectAckWithin(this.acks, id, timeout, this.nsp._clock, (...args) => this.callBack(callback, args, event));
  }

  /** A callback that takes an error, of an emit after the end: told at the end of the turn, as an answer would be. */
  private refuseAck(callback: AckCallback, error: VaivenError = ackDisconnectedError()): void {
    this.nsp._clock.soon(() => this.callBack(callback, [error], "acknowledgement"));
  }

  private callBack(callback: AckCallback, args: unknown[], event: unknown): void {
    this.nsp._errors.guard(() => callback(...args), { socket: this as AnySocket, event });
  }

  /** What a handler calls to acknowledge. Only the first call is sent. */
  private ackSender(id: number): AckCallback {
    let sent = false;
    return (...args) => {
      if (sent || (this.state === "left" && this.isGone())) return;
      const [error] = args;
      const packet =
        error instanceof Error && this.failsAcks
          ? encodeControl(this.nsp.name, ["ack-error", id, wireErrorOf(error)])
          : this.nsp._codec.writer.ack(this.nsp.name, id, args);
      sent = true;
      this.deliver(packet);
    };
  }

  private runMiddlewares(chain: readonly Middleware<Event>[], event: Event): void {
    runMiddlewares(chain, event, {
      onDone: (error) => {
        if (this.state !== "connected") {
          if (error === undefined) this.onLate(event);
          return;
        }
        if (error === undefined) {
          this.dispatch(event);
          return;
        }
        if (this.listenerCount("error") > 0) this.emitReserved("error", error);
        else this.nsp._errors.middlewareFailed(error, { socket: this as AnySocket, event: event[0] });
        this._eventFailed(error, event);
      },
      onThrown: (cause) => {
        this.nsp._errors.middlewareFailed(cause, { socket: this as AnySocket, event: event[0] });
        this._eventFailed(cause, event);
      },
    });
  }
}

receiveRejections(Socket as { prototype: AnySocket }, (socket, cause, event, args) => {
  socket.nsp._errors.handlerRejected(cause, { socket, event });
  socket._eventFailed(cause, args);
});
