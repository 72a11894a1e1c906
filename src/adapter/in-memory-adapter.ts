// adapter/ The adapter of one process: rooms as sets in memory. A broadcast is encoded once and visits the members only.
import { holdAck, type PendingAck } from "../event/acks.js";
import { Emitter } from "../event/emitter.js";
import type { ReservedOrUserListener } from "../event/event-map.js";
import type { Outgoing } from "../packet/outgoing.js";
import type { SocketPacket } from "../packet/socket-packet.js";
import type { Adapter, BroadcastOptions, RestoredSession, Room, SessionToPersist, SocketId } from "./contract.js";
import type { AdapterNamespace, AdapterSocket } from "./namespace-view.js";

const NOBODY: readonly SocketId[] = [];

/** What may be listened to on `namespace.adapter`. */
export interface AdapterEvents {
  "create-room": (room: Room) => void;
  "delete-room": (room: Room) => void;
  "join-room": (room: Room, id: SocketId) => void;
  "leave-room": (room: Room, id: SocketId) => void;
}

/**
 * Who is in which room, and who receives a broadcast, for the sockets of one process.
 *
 * Joining, leaving and disconnecting cost the same whatever the number of other sockets and rooms;
 * a broadcast costs what its receivers cost.
 */
export class InMemoryAdapter extends Emitter<AdapterEvents> implements Adapter {
  readonly nsp: AdapterNamespace;
  private readonly members: Map<Room, Set<SocketId>> = new Map();
  private readonly joined: Map<SocketId, Set<Room>> = new Map();
  /**
   * Whether the maps hold the room of its own that every socket is in. Most programs never look at it, and two sets for each connection
   * are a good part of its memory: so it is implied by the socket's being in the namespace, until somebody looks or listens.
   */
  private complete = false;

  constructor(nsp: AdapterNamespace) {
    super();
    this.nsp = nsp;
  }

  /** The members of each room. Every socket is in a room of its own id. */
  get rooms(): Map<Room, Set<SocketId>> {
    this.completeMaps();
    return this.members;
  }

  /** The rooms of each socket. */
  get sids(): Map<SocketId, Set<Room>> {
    this.completeMaps();
    return this.joined;
  }

  override on<Ev extends keyof AdapterEvents>(
    event: Ev,
    listener: ReservedOrUserListener<Record<never, never>, AdapterEvents, Ev>,
  ): this {
    this.completeMaps();
    return super.on(event, listener);
  }

  /** A listener that throws does not keep a socket from joining or leaving completely, and its promise does not end the process. */
  protected override dispatch(event: unknown, args: readonly unknown[]): boolean {
    const { nsp } = this;
    if (nsp._adapterFailed === undefined) return super.dispatch(event, args);
    try {
      return super.dispatch(event, args, (result) => {
        if (result instanceof Promise) result.then(undefined, (cause) => nsp._adapterFailed?.(cause));
      });
    } catch (cause) {
      nsp._adapterFailed(cause);
      return true;
    }
  }

  init(): void {}

  close(): void {}

  /** How many processes share the rooms: this one. */
  serverCount(): Promise<number> {
    return Promise.resolve(1);
  }

  addAll(id: SocketId, rooms: Set<Room>): void {
    let joined = this.joined.get(id);
    if (joined === undefined) {
      const implied = this.isImplied(id);
      if (implied && rooms.size === 1 && rooms.has(id)) return;
      joined = new Set(implied ? [id] : []);
      this.joined.set(id, joined);
    }
    for (const room of rooms) {
      if (joined.has(room)) continue;
      joined.add(room);
      let members = this.members.get(room);
      if (members === undefined) {
        members = this.isImplied(room) ? this.write(room) : this.create(room);
      }
      members.add(id);
      this.emit("join-room", room, id);
    }
  }

  del(id: SocketId, room: Room): void {
    // Whoever leaves the room of its own is no longer what is implied.
    if (room === id) this.completeMaps();
    if (this.joined.get(id)?.delete(room) === true) this.leaveRoom(id, room);
  }

  /** The socket is leaving: the namespace forgets it in the same turn, and with that what was implied. */
  delAll(id: SocketId): void {
    const joined = this.joined.get(id);
    if (joined === undefined) return;
    for (const room of joined) this.leaveRoom(id, room);
    this.joined.delete(id);
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
    const joined = this.joined.get(id);
    if (joined !== undefined || !this.isImplied(id)) return joined;
    const own = new Set([id]);
    this.joined.set(id, own);
    return own;
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

  private leaveRoom(id: SocketId, room: Room): void {
    const members = this.members.get(room);
    if (members === undefined) return;
    if (members.delete(id)) this.emit("leave-room", room, id);
    if (members.size === 0 && this.members.delete(room)) this.emit("delete-room", room);
  }

  /** Whether `id` is a socket that is in the room of its own without the maps' saying so. */
  private isImplied(id: SocketId): boolean {
    return !this.complete && !this.members.has(id) && this.nsp.sockets.has(id);
  }

  /** Writes what was implied into the maps; from now on they are kept complete. */
  private completeMaps(): void {
    if (this.complete) return;
    for (const id of this.nsp.sockets.keys()) if (this.isImplied(id)) this.write(id);
    this.complete = true;
  }

  /** Writes the room of its own that a socket is in into the maps. */
  private write(id: SocketId): Set<SocketId> {
    const members = new Set([id]);
    this.members.set(id, members);
    const joined = this.joined.get(id);
    if (joined === undefined) this.joined.set(id, new Set([id]));
    else joined.add(id);
    return members;
  }

  private create(room: Room): Set<SocketId> {
    const members = new Set<SocketId>();
    this.members.set(room, members);
    this.emit("create-room", room);
    return members;
  }

  /** The receivers as an array of their own, for work that changes who is where. */
  protected targets(opts: BroadcastOptions): AdapterSocket[] {
    const found: AdapterSocket[] = [];
    this.visit(opts, (socket) => found.push(socket));
    return found;
  }

  /** Calls `fn` for every receiver once. Iterates the smallest thing that holds them all. */
  protected visit(opts: BroadcastOptions, fn: (socket: AdapterSocket) => void): void {
    const { sockets } = this.nsp;
    const excluded = this.excluded(opts.except);
    if (opts.rooms.size === 0) {
      for (const socket of sockets.values()) if (excluded?.has(socket.id) !== true) fn(socket);
      return;
    }
    // Only several rooms can name a socket twice.
    const seen = opts.rooms.size > 1 ? new Set<SocketId>() : undefined;
    for (const room of opts.rooms) {
      const members = this.members.get(room) ?? (this.isImplied(room) ? [room] : NOBODY);
      for (const id of members) {
        if (excluded?.has(id) === true) continue;
        if (seen !== undefined) {
          if (seen.has(id)) continue;
          seen.add(id);
        }
        const socket = sockets.get(id);
        if (socket !== undefined) fn(socket);
      }
    }
  }

  /** The sockets in any of the rooms of `except`. Where that is the room of one socket, `except` itself says it. */
  private excluded(except: Set<Room> | undefined): ReadonlySet<SocketId> | undefined {
    if (except === undefined || except.size === 0) return undefined;
    if (except.size === 1) {
      const [room] = except;
      return this.members.get(room as Room) ?? (this.isImplied(room as Room) ? except : undefined);
    }
    const ids = new Set<SocketId>();
    for (const room of except) {
      const members = this.members.get(room);
      if (members !== undefined) for (const id of members) ids.add(id);
      else if (this.isImplied(room)) ids.add(room);
    }
    return ids;
  }
}
