// adapter/ Rooms as sets in memory, and the way from a broadcast to its receivers.
import type { BroadcastOptions, Room, SocketId } from "./contract.js";
import type { AdapterSocket } from "./namespace-view.js";

const NOBODY: readonly SocketId[] = [];

/** Told what becomes of rooms, after it has happened. */
export interface RoomObserver {
  onCreated(room: Room): void;
  onJoined(room: Room, id: SocketId): void;
  onLeft(room: Room, id: SocketId): void;
  onDeleted(room: Room): void;
}

/**
 * Who is in which room, for the sockets of one process.
 *
 * Joining, leaving and disconnecting cost the same whatever the number of other sockets and rooms; a visit costs what its receivers cost.
 */
export class Rooms {
  private readonly sockets: ReadonlyMap<SocketId, AdapterSocket>;
  private readonly observer: RoomObserver | undefined;
  private readonly members: Map<Room, Set<SocketId>> = new Map();
  private readonly joined: Map<SocketId, Set<Room>> = new Map();
  /**
   * Whether the maps hold the room of its own that every socket is in. Most programs never look at it, and two sets for each connection
   * are a good part of its memory: so it is implied by the socket's being among `sockets`, until somebody looks or listens.
   */
  private complete = false;

  constructor(sockets: ReadonlyMap<SocketId, AdapterSocket>, observer?: RoomObserver) {
    this.sockets = sockets;
    this.observer = observer;
  }

  /** The members of each room. */
  get byRoom(): Map<Room, Set<SocketId>> {
    this.completeMaps();
    return this.members;
  }

  /** The rooms of each socket. */
  get bySocket(): Map<SocketId, Set<Room>> {
    this.completeMaps();
    return this.joined;
  }

  /** Writes what was implied into the maps; from now on they are kept complete. */
  completeMaps(): void {
    if (this.complete) return;
    for (const id of this.sockets.keys()) if (this.isImplied(id)) this.write(id);
    this.complete = true;
  }

  addAll(id: SocketId, rooms: ReadonlySet<Room>): void {
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
      if (members === undefined) members = this.isImplied(room) ? this.write(room) : this.create(room);
      members.add(id);
      this.observer?.onJoined(room, id);
    }
  }

  del(id: SocketId, room: Room): void {
    // Whoever leaves the room of its own is no longer what is implied.
    if (room === id) this.completeMaps();
    if (this.joined.get(id)?.delete(room) === true) this.leave(id, room);
  }

  /** The socket is leaving: the namespace forgets it in the same turn, and with that what was implied. */
  delAll(id: SocketId): void {
    const joined = this.joined.get(id);
    if (joined === undefined) return;
    for (const room of joined) this.leave(id, room);
    this.joined.delete(id);
  }

  /** The rooms of one socket, or undefined where it is in none. */
  of(id: SocketId): Set<Room> | undefined {
    const joined = this.joined.get(id);
    if (joined !== undefined || !this.isImplied(id)) return joined;
    const own = new Set([id]);
    this.joined.set(id, own);
    return own;
  }

  /** The receivers as an array of their own, for work that changes who is where. */
  targets(opts: BroadcastOptions): AdapterSocket[] {
    const found: AdapterSocket[] = [];
    this.visit(opts, (socket) => found.push(socket));
    return found;
  }

  /** Calls `fn` for every receiver once. Iterates the smallest thing that holds them all. */
  visit(opts: BroadcastOptions, fn: (socket: AdapterSocket) => void): void {
    const { sockets } = this;
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

  private leave(id: SocketId, room: Room): void {
    const members = this.members.get(room);
    if (members === undefined) return;
    if (members.delete(id)) this.observer?.onLeft(room, id);
    if (members.size === 0 && this.members.delete(room)) this.observer?.onDeleted(room);
  }

  /** Whether `id` is a socket that is in the room of its own without the maps' saying so. */
  private isImplied(id: SocketId): boolean {
    return !this.complete && !this.members.has(id) && this.sockets.has(id);
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
    this.observer?.onCreated(room);
    return members;
  }

  /** The sockets in any of the rooms of `except`. Where that is the room of one socket, `except` itself says it. */
  private excluded(except: ReadonlySet<Room> | undefined): ReadonlySet<SocketId> | undefined {
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
