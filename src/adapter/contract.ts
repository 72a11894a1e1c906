// adapter/ contract: who receives a broadcast. The names are those of npm's `socket.io-adapter`, so that its subclasses fit (ARCHITECTURE.md, "Public classes and plugins").
import type { Outgoing } from "../packet/outgoing.js";
import type { SocketPacket } from "../packet/socket-packet.js";

export type SocketId = string;
export type Room = string;

/** How a broadcast is sent. */
export interface BroadcastFlags {
  volatile?: boolean;
  compress?: boolean;
  /** Only sockets of this process. */
  local?: boolean;
  /** Sent by a broadcast operator: the sender's own process must do it too. */
  broadcast?: boolean;
  binary?: boolean;
  /** Milliseconds that acknowledgements may take. */
  timeout?: number;
}

/** To whom a broadcast goes: the union of `rooms` (everybody if empty) less the members of `except`. */
export interface BroadcastOptions {
  rooms: Set<Room>;
  except?: Set<Room>;
  flags?: BroadcastFlags;
}

/** What a session that may be recovered leaves behind (connection state recovery). */
export interface SessionToPersist {
  sid: SocketId;
  pid: string;
  rooms: Room[];
  data: unknown;
  /** When its credentials expire: nobody outlives them by coming back. Absent where they do not. */
  expiresAt?: number;
}

/** A recovered session with the events that its client missed: as the arguments of each, or encoded. Read once, when the socket is back. */
export type RestoredSession = SessionToPersist & { readonly missedPackets: readonly (unknown[] | Outgoing)[] };

/** The calls that a namespace makes on its adapter. */
export interface Adapter {
  readonly rooms: Map<Room, Set<SocketId>>;
  readonly sids: Map<SocketId, Set<Room>>;
  init(): Promise<void> | void;
  close(): Promise<void> | void;
  serverCount(): Promise<number>;
  addAll(id: SocketId, rooms: Set<Room>): Promise<void> | void;
  del(id: SocketId, room: Room): Promise<void> | void;
  delAll(id: SocketId): Promise<void> | void;
  broadcast(packet: SocketPacket, opts: BroadcastOptions): void;
  broadcastWithAck(
    packet: SocketPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void;
  sockets(rooms: Set<Room>): Promise<Set<SocketId>>;
  socketRooms(id: SocketId): Set<Room> | undefined;
  fetchSockets(opts: BroadcastOptions): Promise<unknown[]>;
  addSockets(opts: BroadcastOptions, rooms: Room[]): void;
  delSockets(opts: BroadcastOptions, rooms: Room[]): void;
  disconnectSockets(opts: BroadcastOptions, close: boolean): void;
  serverSideEmit(packet: unknown[]): void;
  persistSession(session: SessionToPersist): void;
  restoreSession(pid: string, offset: string): Promise<RestoredSession | null>;
}
