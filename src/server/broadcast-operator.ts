// server/ To whom an event goes: `io.to("room").except(…).emit(…)`. And sockets as other processes see them.
import type { BroadcastFlags, BroadcastOptions, Room, SocketId } from "../adapter/contract.js";
import type {
  AllButLast,
  DecorateAcknowledgements,
  EventNames,
  EventNamesWithError,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  Unchecked,
} from "../event/event-map.js";
import { refuseReserved } from "../event/reserved.js";
import { PacketType } from "../packet/socket-packet.js";
import { type BroadcastAckCallback, collectAcks } from "./broadcast-acks.js";
import { type BroadcastReport, broadcastConfirmed } from "./broadcast-confirmations.js";
import type { NamespaceAdapter } from "./namespace.js";
import { type Handshake, isLocalSocket } from "./socket-types.js";

/**
 * A set of receivers and the way to reach them. Immutable: every call that narrows or modifies it returns a new one,
 * so one may be kept and used again.
 */
export class BroadcastOperator<EmitEvents extends EventsMap, SocketData> {
  private readonly adapter: NamespaceAdapter;
  private readonly rooms: Set<Room>;
  private readonly exceptRooms: Set<Room>;
  private readonly flags: BroadcastFlags & { expectSingleResponse?: boolean };

  constructor(
    adapter: NamespaceAdapter,
    rooms: Set<Room> = new Set(),
    exceptRooms: Set<Room> = new Set(),
    flags: BroadcastFlags & { expectSingleResponse?: boolean } = {},
  ) {
    this.adapter = adapter;
    this.rooms = rooms;
    this.exceptRooms = exceptRooms;
    this.flags = flags;
  }

  /** To the members of a room, or of any of several. Chained calls make the union; a socket in several rooms receives once. */
  to(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter, union(this.rooms, room), this.exceptRooms, this.flags);
  }

  /** As {@link to}. */
  in(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.to(room);
  }

  /** Without the members of a room, or of any of several. */
  except(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter, this.rooms, union(this.exceptRooms, room), this.flags);
  }

  /** Whether the event may be compressed, where the connections compress. Default: true. */
  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter, this.rooms, this.exceptRooms, { ...this.flags, compress });
  }

  /** The event is dropped for receivers that cannot take it at once. */
  get volatile(): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter, this.rooms, this.exceptRooms, { ...this.flags, volatile: true });
  }

  /** Only to sockets of this process. */
  get local(): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter, this.rooms, this.exceptRooms, { ...this.flags, local: true });
  }

  /** Acknowledgements may take `timeout` milliseconds, instead of 10000. */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData> {
    return new BroadcastOperator(this.adapter, this.rooms, this.exceptRooms, { ...this.flags, timeout });
  }

  /**
   * Sends an event to every receiver. A function as the last argument is called once: with null and one response per client,
   * or with `ACK_TIMEOUT` and the responses that came. Clients that leave are no longer waited for.
   * Without {@link timeout} it is 10 seconds. An event that is larger than the server's `maxBufferedBytes` reaches nobody: that is
   * reported to `io.onError` as `PACKET_TOO_BIG`, or to whoever awaits acknowledgements.
   *
   * @throws VaivenError `API_RESERVED_EVENT`, and `PACKET_CYCLIC`, `PACKET_TOO_DEEP`, `PACKET_INVALID_JSON` for what cannot be encoded
   */
  emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean;
  emit(...event: Unchecked[]): boolean {
    refuseReserved(event[0]);
    const packet = { type: PacketType.EVENT, nsp: this.adapter.nsp.name, data: event };
    const ack =
      event.length > 1 && typeof event[event.length - 1] === "function"
        ? (event.pop() as BroadcastAckCallback)
        : undefined;
    if (ack === undefined) this.adapter.nsp._broadcast(packet, this.options());
    else collectAcks(this.adapter, packet, this.options(), this.flags.expectSingleResponse === true, ack);
    return true;
  }

  /**
   * Sends an event and resolves with the responses of all receivers.
   * Rejects with `ACK_TIMEOUT`, whose `responses` are those that came, and with `PACKET_TOO_BIG` for an event that is larger than `maxBufferedBytes`.
   */
  emitWithAck<Ev extends EventNamesWithError<EmitEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>>;
  emitWithAck(...event: Unchecked[]): Promise<Unchecked> {
    return new Promise((resolve, reject) => {
      const settle: BroadcastAckCallback = (error, responses) => {
        if (error === null) resolve(responses);
        else reject(Object.assign(error, { responses }));
      };
      Reflect.apply(this.emit, this, [...event, settle]);
    });
  }

  /**
   * Sends an event and says who has it: received, which is before listeners have run. Resolves when all have it, or after {@link timeout}, or 10 seconds, and with
   * those who are away it waits for their return. Rejects with `API_UNAVAILABLE` where it cannot be known: it needs the option `connectionStateRecovery`, and the
   * adapter in memory.
   */
  emitConfirmed<Ev extends EventNames<EmitEvents>>(
    ev: Ev,
    ...args: EventParams<EmitEvents, Ev>
  ): Promise<BroadcastReport>;
  emitConfirmed(...event: Unchecked[]): Promise<BroadcastReport> {
    return new Promise((resolve) => {
      refuseReserved(event[0]);
      const packet = { type: PacketType.EVENT, nsp: this.adapter.nsp.name, data: event };
      resolve(broadcastConfirmed(this.adapter, packet, this.options()));
    });
  }

  /** The ids of the receivers. Superseded by {@link fetchSockets}. */
  allSockets(): Promise<Set<SocketId>> {
    return this.adapter.sockets(this.rooms);
  }

  /** The receivers, also those of other processes; those of this process are the sockets themselves. Rejects with what the adapter rejects with. */
  async fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    const sockets = await this.adapter.fetchSockets(this.options());
    return sockets.map((socket) =>
      isLocalSocket(socket)
        ? (socket as Unchecked)
        : new RemoteSocket<EmitEvents, SocketData>(this.adapter, socket as RemoteSocketDetails<SocketData>),
    );
  }

  /** Makes the receivers join one room or several. */
  socketsJoin(room: Room | Room[]): void {
    this.adapter.nsp._watchAdapter(this.adapter.addSockets(this.options(), Array.isArray(room) ? room : [room]));
  }

  /** Makes the receivers leave one room or several. */
  socketsLeave(room: Room | Room[]): void {
    this.adapter.nsp._watchAdapter(this.adapter.delSockets(this.options(), Array.isArray(room) ? room : [room]));
  }

  /** Disconnects the receivers; with `close`, their connections too. */
  disconnectSockets(close: boolean = false): void {
    this.adapter.nsp._watchAdapter(this.adapter.disconnectSockets(this.options(), close));
  }

  private options(): BroadcastOptions {
    return { rooms: this.rooms, except: this.exceptRooms, flags: this.flags };
  }
}

function union(rooms: ReadonlySet<Room>, more: Room | Room[]): Set<Room> {
  const all = new Set(rooms);
  if (Array.isArray(more)) for (const room of more) all.add(room);
  else all.add(more);
  return all;
}

/** What another process says about a socket: see {@link RemoteSocket}. */
export interface RemoteSocketDetails<SocketData> {
  id: SocketId;
  handshake: Handshake;
  rooms: Room[] | Set<Room>;
  data: SocketData;
}

/**
 * A socket of another process: enough to see who it is and to send to it. What it shows is what was true when it was fetched; what is done to it
 * reaches the socket if it is still there, and is lost silently if it is not.
 */
export class RemoteSocket<EmitEvents extends EventsMap, SocketData> {
  /** The id of the socket, which is also a room of its own. */
  readonly id: SocketId;
  /** What opened its connection. */
  readonly handshake: Handshake;
  /** The rooms that it was in: a copy. */
  readonly rooms: Set<Room>;
  /** Its `socket.data`: a copy. */
  readonly data: SocketData;
  private readonly operator: BroadcastOperator<EmitEvents, SocketData>;

  constructor(adapter: NamespaceAdapter, details: RemoteSocketDetails<SocketData>) {
    this.id = details.id;
    this.handshake = details.handshake;
    this.rooms = new Set(details.rooms);
    this.data = details.data;
    this.operator = new BroadcastOperator(adapter, new Set([this.id]), new Set(), { expectSingleResponse: true });
  }

  /**
   * Sends an event to this socket. A function as the last argument is called with an error or null, then the response.
   *
   * @throws VaivenError `API_RESERVED_EVENT`, and `PACKET_*` for what cannot be encoded
   */
  emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean {
    return this.operator.emit(ev, ...args);
  }

  /** The acknowledgement of the next emit may take `timeout` milliseconds, instead of 10000. */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData> {
    return this.operator.timeout(timeout);
  }

  /** Makes it join one room or several; {@link rooms} does not change. */
  join(room: Room | Room[]): void {
    this.operator.socketsJoin(room);
  }

  /** Makes it leave a room; {@link rooms} does not change. */
  leave(room: Room): void {
    this.operator.socketsLeave(room);
  }

  /** Disconnects it from its namespace; with `close` its connection is closed. Default: it is not. */
  disconnect(close: boolean = false): this {
    this.operator.disconnectSockets(close);
    return this;
  }
}
