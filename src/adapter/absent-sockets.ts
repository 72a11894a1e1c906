// adapter/ The sockets of one namespace that lost their connections and may come back: they stay in their rooms, where only broadcasts find them.
import type { BroadcastOptions, Room, SocketId } from "./contract.js";
import type { AdapterSocket } from "./namespace-view.js";
import { Rooms } from "./rooms.js";

/** Rooms beside the rooms: nobody who asks the namespace who is there is told of these. */
export class AbsentSockets {
  private readonly absent: Map<SocketId, AdapterSocket> = new Map();
  private readonly rooms: Rooms = new Rooms(this.absent);

  get size(): number {
    return this.absent.size;
  }

  has(id: SocketId): boolean {
    return this.absent.has(id);
  }

  /** `socket` has left, and was in `rooms`. */
  add(socket: AdapterSocket, rooms: ReadonlySet<Room>): void {
    this.absent.set(socket.id, socket);
    this.rooms.addAll(socket.id, new Set(rooms));
  }

  /** `socket` is back, or will not come back. Returns the rooms that it is in by now. */
  remove(socket: AdapterSocket): Set<Room> {
    const rooms = new Set(this.rooms.of(socket.id));
    this.rooms.delAll(socket.id);
    this.absent.delete(socket.id);
    return rooms;
  }

  join(id: SocketId, rooms: ReadonlySet<Room>): void {
    this.rooms.addAll(id, rooms);
  }

  leave(id: SocketId, room: Room): void {
    this.rooms.del(id, room);
  }

  /** Calls `fn` for each of them whom a broadcast is for. */
  each(opts: BroadcastOptions, fn: (socket: AdapterSocket) => void): void {
    if (this.absent.size > 0) for (const socket of this.rooms.targets(opts)) fn(socket);
  }
}
