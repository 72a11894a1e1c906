// server/ The adapter of one process: rooms in memory (adapter/rooms.ts). A broadcast is encoded once and visits the members only.
import type {
  Adapter,
  BroadcastOptions,
  RestoredSession,
  Room,
  SessionToPersist,
  SocketId,
} from "../adapter/contract.js";
import type { AdapterNamespace, AdapterSocket } from "../adapter/namespace-view.js";
import { type RoomObserver, Rooms } from "../adapter/rooms.js";
import { holdAck, type PendingAck } from "../event/acks.js";
import type { Unchecked } from "../event/event-map.js";
import type { Outgoing } from "../packet/outgoing.js";
import type { SocketPacket } from "../packet/socket-packet.js";
import { GuardedEmitter } from "./guarded-emitter.js";

type AdapterListener = (...args: Unchecked[]) => void;

/**
 * Who is in which room, and who receives a broadcast, for the sockets of one process. Events: `create-room` and `delete-room` (room),
 * `join-room` and `leave-room` (room, socket id).
 */
export class InMemoryAdapter extends GuardedEmitter implements Adapter {
  readonly nsp: AdapterNamespace;
  private readonly memory: Rooms;

  constructor(nsp: AdapterNamespace) {
    super();
    this.nsp = nsp;
    const observer: RoomObserver = {
      onCreated: (room) => this.emit("create-room", room),
      onJoined: (room, id) => this.emit("join-room", room, id),
      onLeft: (room, id) => this.emit("leave-room", room, id),
      onDeleted: (room) => this.emit("delete-room", room),
    };
    this.memory = new Rooms(nsp.sockets, observer);
  }

  /** The members of each room. Every socket is in a room of its own id. */
  get rooms(): Map<Room, Set<SocketId>> {
    return this.memory.byRoom;
  }

  /** The rooms of each socket. */
  get sids(): Map<SocketId, Set<Room>> {
    return this.memory.bySocket;
  }

  override on(event: string | symbol, listener: AdapterListener): this {
    this.memory.completeMaps();
    return super.on(event, listener);
  }

  override addListener(event: string | symbol, listener: AdapterListener): this {
    return this.on(event, listener);
  }

  override prependListener(event: string | symbol, listener: AdapterListener): this {
    this.memory.completeMaps();
    return super.prependListener(event, listener);
  }

  /** @internal A listener that throws does not keep a socket from joining or leaving completely, and its promise does not end the process. */
  override listenerFailed(cause: unknown): void {
    const { nsp } = this;
    if (nsp._adapterFailed === undefined) throw cause;
    nsp._adapterFailed(cause);
  }

  init(): void {}

  close(): void {}

  /** How many processes share the rooms: this one. */
  serverCount(): Promise<number> {
    return Promise.resolve(1);
  }

  addAll(id: SocketId, rooms: Set<Room>): void {
    this.memory.addAll(id, rooms);
  }

  del(id: SocketId, room: Room): void {
    this.memory.del(id, room);
  }

  /** The socket is leaving: the namespace forgets it in the same turn. */
  delAll(id: SocketId): void {
    this.memory.delAll(id);
  }

  broadcast(packet: SocketPacket, opts: BroadcastOptions): void {
    packet.nsp = this.nsp.name;
    this.send(packet, this.nsp.encode(packet, opts.flags), opts);
  }

  broadcastWithAck(
    packet: SocketPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: PendingAck,
  ): void {
    packet.nsp = this.nsp.name;
    packet.id = this.nsp._ids++;
    const { id } = packet;
    const outgoing = this.nsp.encode(packet, opts.flags);
    outgoing.shared = true;
    let count = 0;
    this.visit(opts, (socket) => {
      count++;
      holdAck(socket.acks, id, ack);
      if (socket.hasOutgoingListeners) socket.notifyOutgoingListeners(packet);
      socket.deliver(outgoing);
    });
    clientCountCallback(count);
  }

  sockets(rooms: Set<Room>): Promise<Set<SocketId>> {
    const ids = new Set<SocketId>();
    this.visit({ rooms }, (socket) => ids.add(socket.id));
    return Promise.resolve(ids);
  }

  socketRooms(id: SocketId): Set<Room> | undefined {
    return this.memory.of(id);
  }

  fetchSockets(opts: BroadcastOptions): Promise<AdapterSocket[]> {
    return Promise.resolve(this.targets(opts));
  }

  addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const socket of this.targets(opts)) void socket.join(rooms);
  }

  delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const socket of this.targets(opts)) for (const room of rooms) void socket.leave(room);
  }

  disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    for (const socket of this.targets(opts)) socket.disconnect(close);
  }

  /** To the other processes, of which there are none: an acknowledgement is answered at once, by nobody. */
  serverSideEmit(packet: unknown[]): void {
    const ack = packet[packet.length - 1];
    if (typeof ack === "function") ack(null, []);
  }

  persistSession(_session: SessionToPersist): void {}

  restoreSession(_pid: string, _offset: string): Promise<RestoredSession | null> {
    return Promise.resolve(null);
  }

  /** Sends `packet`, encoded as `outgoing`. */
  protected send(packet: SocketPacket, outgoing: Outgoing, opts: BroadcastOptions): void {
    outgoing.shared = true;
    this.visit(opts, (socket) => {
      if (socket.hasOutgoingListeners) socket.notifyOutgoingListeners(packet);
      socket.deliver(outgoing);
    });
  }

  /** The receivers as an array of their own, for work that changes who is where. */
  protected targets(opts: BroadcastOptions): AdapterSocket[] {
    return this.memory.targets(opts);
  }

  /** Calls `fn` for every receiver once. */
  protected visit(opts: BroadcastOptions, fn: (socket: AdapterSocket) => void): void {
    this.memory.visit(opts, fn);
  }
}
