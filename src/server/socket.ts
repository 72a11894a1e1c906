// server/ One client in one namespace: what programs hold. Incoming packets become calls of listeners, emits become packets.
//
//   joining ──_onConnect()──▶ connected ──_onClose()──▶ leaving ("disconnecting" runs) ──▶ left ("disconnect" runs)
//
import type { IncomingMessage } from "node:http";
import type { Room, SocketId } from "../adapter/contract.js";
import type { AdapterSocket } from "../adapter/namespace-view.js";
import type { VaivenError } from "../errors.js";
import { asError, unhandledError } from "../event/ack-errors.js";
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import type { ControlMessage } from "../packet/control-packet.js";
import type { Outgoing } from "../packet/outgoing.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import type { Client } from "./client.js";
import type { Connection } from "./connection.js";
import { Credentials, type Expiry } from "./credentials.js";
import type { EngineSocket } from "./engine-socket.js";
import { EventSender } from "./event-sender.js";
import { buildHandshake } from "./handshake.js";
import type { Namespace, NamespaceAdapter } from "./namespace.js";
import type { Server } from "./server.js";
import type { DisconnectReason, Event, Handshake } from "./socket-types.js";
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
  extends EventSender<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
  implements AdapterSocket
{
  /** Names this socket to the program and to the client. A room of this name holds it. */
  readonly id: SocketId;
  /** The namespace that it is in. */
  readonly nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The connection's side: all sockets of one connection share it. */
  readonly client: Client;
  /** Whether the client has its session back: same id, rooms and data, and what it missed. Needs `connectionStateRecovery`. */
  readonly recovered: boolean = false;
  protected state: State = "joining";
  private readonly auth: { [key: string]: Unchecked } | undefined;
  private readonly issued: number = Date.now();
  /** Whether `drain` is to be emitted. */
  private owesDrain = false;
  // Made when first used: most sockets never use most of them, and there are many sockets.
  private ownData: SocketData | undefined = undefined;
  private ownHandshake: Handshake | undefined = undefined;
  private credentials: Credentials | undefined = undefined;
  // Last, beside the first field of a DeliveredSocket: what a broadcast touches of a receiver shall be few lines of the processor's cache.
  protected readonly connection: Connection;

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

  /** Rooms, and who receives a broadcast: `nsp.adapter`. */
  get adapter(): NamespaceAdapter {
    return this.nsp.adapter;
  }

  /** The server of the namespace. */
  get server(): Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    return this.nsp.server;
  }

  /** Whether events pass: false in middlewares of the namespace and from `disconnect` on, true in `disconnecting`. */
  get connected(): boolean {
    return this.state === "connected" || this.state === "leaving";
  }

  /** The opposite of {@link connected}: true also before `connection`. */
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
   * @throws VaivenError `API_INVALID_ARGUMENT` when set to something that is not a time
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

  /** The connection below, shared by the client's namespaces: `conn.transport.name`, `conn.on("upgrade", …)`, `conn.on("close", …)`. */
  get conn(): EngineSocket {
    return this.client.conn;
  }

  /** The rooms that the socket is in, its own id among them. Empty after `disconnect`; complete in `disconnecting`. */
  get rooms(): Set<Room> {
    return this.nsp.adapter.socketRooms(this.id) ?? new Set();
  }

  /**
   * Bytes that wait for this client, of all its namespaces. Where it is more than 0 when it is read, the event `drain` follows once, as soon as what is
   * emitted next need not wait; it does not if the connection ends first.
   *
   * @example
   * if (socket.bufferedAmount > 1_000_000) {
   *   source.pause();
   *   socket.once("drain", () => source.resume());
   * }
   */
  get bufferedAmount(): number {
    const { bufferedAmount } = this.connection;
    if (bufferedAmount > 0 && !this.owesDrain) {
      this.owesDrain = true;
      const told = (isOpen: boolean): void => {
        this.owesDrain = false;
        if (isOpen && this.connected) this.emitReserved("drain");
      };
      // Not in this call: whoever reads it has not begun to listen.
      this.nsp._clock.soon(() => this.client._whenDrained(told));
    }
    return bufferedAmount;
  }

  /**
   * Resolves when what is emitted next need not wait: at once if nothing holds the connection back. `true` if the connection is then open, `false` if it is not.
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
   * Joins a room, or several. Twice is once, and after `disconnect` it does nothing. A room is there while somebody is in it.
   *
   * @returns a promise only where the adapter needs one: with the adapter in memory it is done at once. What it rejects with is also reported to `io.onError`
   */
  join(rooms: Room | Room[]): Promise<void> | void;
  /** @deprecated It is done when `join` returns, or when its promise resolves. */
  join(rooms: Room | Room[], callback: (error: null) => void): Promise<void> | void;
  join(rooms: Room | Room[]): Promise<void> | void {
    if (this.state === "left") return;
    return this.nsp._watchAdapter(this.nsp.adapter.addAll(this.id, new Set(Array.isArray(rooms) ? rooms : [rooms])));
  }

  /** Leaves a room; one that it is not in is no error. Every room is left at `disconnect` by itself. */
  leave(room: Room): Promise<void> | void;
  /** @deprecated It is done when `leave` returns, or when its promise resolves. */
  leave(room: Room, callback: (error: null) => void): Promise<void> | void;
  leave(room: Room): Promise<void> | void {
    return this.nsp._watchAdapter(this.nsp.adapter.del(this.id, room));
  }

  /** @deprecated Leave the rooms of `socket.rooms`. Its own room is left too: nobody reaches the socket by its id any more. */
  leaveAll(): void {
    for (const room of [...this.rooms]) void this.leave(room);
  }

  /**
   * Disconnects from the namespace ("server namespace disconnect"): what was emitted before is sent first, then the client is told, and does not come back
   * by itself. A no-op when disconnected.
   *
   * @param close - whether the connection is closed too, and with it every other namespace of the client. Default: false
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

  /** @internal A door: adapters of before Socket.IO 4.4 send what they have encoded through each socket, and plugins packets of their own. */
  packet(
    packet: Omit<SocketPacket, "nsp"> | readonly (string | Uint8Array)[],
    options: { preEncoded?: boolean; volatile?: boolean; compress?: boolean } = {},
  ): void {
    const encoded = options.preEncoded
      ? (packet as readonly (string | Uint8Array)[])
      : this.nsp.server.encoder.encode({ ...(packet as SocketPacket), nsp: this.nsp.name });
    this.client.writeToEngine(encoded, options);
  }

  /** @internal Sends what is encoded. */
  deliver(packet: Outgoing): void {
    if (packet.volatile && !this.connection.writable) return;
    this._transmit(packet);
  }

  /** @internal Clients of protocol 3 are older than recovery: an offset is an argument to them. */
  get takesOffsets(): boolean {
    return this.connection.protocol !== 3;
  }

  /** @internal Hands a packet to the connection, under the limit of the namespace. */
  _transmit(packet: Outgoing): void {
    this.connection.send(packet);
    const { maxBufferedBytes, name } = this.nsp;
    if (maxBufferedBytes !== undefined && this.connection.bufferedAmount > maxBufferedBytes) {
      this.client._limitBuffered(maxBufferedBytes, name);
    }
  }

  /** @internal */
  _sendPacket(packet: SocketPacket): void {
    this.connection.send(this.nsp._codec.writer.packet(packet));
  }

  /** @internal The namespace accepts it. False, and its connection closed, if it cannot be what it was when it came. */
  _enter(): boolean {
    return true;
  }

  /** @internal The namespace has accepted it: the client is told, its own room is joined. */
  _onConnect(): void {
    this.state = "connected";
    this.nsp._askAdapter((adapter) => adapter.addAll(this.id, this.firstRooms()));
    const data = this.connection.protocol === 3 ? undefined : this.connectData();
    this._sendPacket({ type: PacketType.CONNECT, nsp: this.nsp.name, data });
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

  /** Called while it is still in its rooms, just before it leaves them. */
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
    if (this.onevent === ownOnevent) this.onevent(packet);
    else this.guard(() => this.onevent(packet), (packet.data as unknown[])[0]);
  }

  /** @internal A door: plugins put a function of their own here, and may call this one from it. */
  onevent(packet: SocketPacket): void {
    const event = packet.data as unknown[];
    if (packet.id !== undefined) event.push(this.ack(packet.id));
    this.receive(event);
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

  protected override get isReceiving(): boolean {
    return this.state === "connected";
  }

  protected override get isGone(): boolean {
    return this.state === "left";
  }

  protected override onLate(_event: Event): void {}

  protected override guard(call: () => unknown, event: unknown): void {
    this.nsp._errors.guard(call, { socket: this as AnySocket, event });
  }

  protected override handlerFailed(cause: unknown, event: unknown): void {
    this.nsp._errors.handlerFailed(cause, { socket: this as AnySocket, event });
  }

  protected override eventRefused(cause: unknown, event: unknown): void {
    this.nsp._errors.eventRefused(cause, { socket: this as AnySocket, event });
  }

  protected override middlewareFailed(cause: unknown, event: unknown): void {
    this.nsp._errors.middlewareFailed(cause, { socket: this as AnySocket, event });
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
}

const ownOnevent: AnySocket["onevent"] = Socket.prototype.onevent;

receiveRejections(Socket as { prototype: AnySocket }, (socket, cause, event, args) => {
  socket.nsp._errors.handlerRejected(cause, { socket, event });
  socket._eventFailed(cause, args);
});
