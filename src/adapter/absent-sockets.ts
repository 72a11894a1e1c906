// adapter/ The sockets of one namespace that lost their connections and may come back: they stay in their rooms, where only broadcasts find them.
import type { BroadcastOptions, Room, SocketId } from "./contract.js";
import { InMemoryAdapter } from "./in-memory-adapter.js";
import type { AdapterNamespace, AdapterSocket } from "./namespace-view.js";

/** Rooms beside the rooms: nobody who asks the namespace who is there is told of these. */
export class AbsentSockets extends InMemoryAdapter {
  private readonly absent: Map<SocketId, AdapterSocket>;

  constructor(nsp: AdapterNamespace) {
    const sockets: Map<SocketId, AdapterSocket> = new Map();
    super({ name: nsp.name, sockets, _ids: 0, encode: (packet, options) => nsp.encode(packet, options) });
    this.absent = sockets;
  }

  get size(): number {
    return this.absent.size;
  }

  has(id: SocketId): boolean {
    return this.absent.has(id);
  }

  /** `socket` has left, and was in `rooms`. */
  add(socket: AdapterSocket, rooms: ReadonlySet<Room>): void {
    this.absent.set(socket.id, socket);
    this.addAll(socket.id, new Set(rooms));
  }

  /** `socket` is back, or will not come back. Returns the rooms that it is in by now. */
  remove(socket: AdapterSocket): Set<Room> {
    const rooms = new Set(this.socketRooms(socket.id));
    this.delAll(socket.id);
    this.absent.delete(socket.id);
    return rooms;
  }

  /** Calls `fn` for each of them whom a broadcast is for. */
  each(opts: BroadcastOptions, fn: (socket: AdapterSocket) => void): void {
    if (this.absent.size > 0) for (const socket of this.targets(opts)) fn(socket);
  }
}
