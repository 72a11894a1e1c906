// server/ The adapter of one process that remembers sessions and events, so that a client that lost its connection may go on (connection state recovery).
//
// Each recoverable event carries an offset, `<tag><sequence>`, as its last argument, and a client that returns names the last one that it saw.
// Sequences are in the offset itself, so that it means something when its event is gone: however quiet or busy the namespace was, an event
// that is too old to be in the log reached whoever kept the connection for a whole heartbeat after it.
import { AbsentSockets } from "../adapter/absent-sockets.js";
import type { BroadcastOptions, RestoredSession, Room, SessionToPersist, SocketId } from "../adapter/contract.js";
import { EventLog, type LoggedEvent } from "../adapter/event-log.js";
import type { AdapterNamespace, AdapterSocket } from "../adapter/namespace-view.js";
import { holdAck, type PendingAck } from "../event/acks.js";
import { type SharedPackets, SharedStreams } from "../event/shared-packets.js";
import type { Outgoing, OutgoingOptions } from "../packet/outgoing.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import type { Cancel, Clock } from "../session/platform.js";
import { InMemoryAdapter } from "./in-memory-adapter.js";

/** What the adapter is given by its server. */
export interface RecoveryHost {
  readonly clock: Clock;
  textByteLength(text: string): number;
  /** A text that begins every offset of one adapter, and no text of a program. */
  randomTag(): string;
  /** How long a client may be gone, in milliseconds. */
  readonly maxDisconnectionDuration: number;
  /** How long a connection may be dead before it is noticed, in milliseconds. */
  readonly heartbeat: number;
  /** Bytes of the events that are kept, for each namespace. */
  readonly maxLogBytes: number;
  /** Sessions that one namespace remembers: beyond it the oldest go. */
  readonly maxAbsentSessions: number;
}

/** Since which sequence a socket is in the namespace, and in its rooms: what went to a room before is not for it. */
interface Membership {
  since: number;
  readonly rooms: Map<Room, number>;
}

interface StoredSession {
  readonly session: SessionToPersist;
  readonly membership: Membership;
  /** When its connection was lost, or was noticed to be. */
  readonly at: number;
}

/** {@link InMemoryAdapter} with recovery. */
export class SessionAwareAdapter extends InMemoryAdapter {
  /** The beginning of every offset. */
  readonly tag: string;
  /** Those who lost their connections, where both ends count what is sent. */
  readonly absent: AbsentSockets = new AbsentSockets();
  private readonly host: RecoveryHost;
  private readonly log: EventLog;
  /** What goes to those whose ends count. */
  private readonly streams: SharedStreams = new SharedStreams();
  private readonly memberships: Map<SocketId, Membership> = new Map();
  /** By private id, in the order in which they were lost. */
  private readonly sessions: Map<string, StoredSession> = new Map();
  private cancelCleaning: Cancel | undefined = undefined;

  constructor(nsp: AdapterNamespace, host: RecoveryHost) {
    super(nsp);
    this.host = host;
    this.tag = host.randomTag();
    this.log = new EventLog({
      maxAge: host.maxDisconnectionDuration + host.heartbeat,
      maxBytes: host.maxLogBytes,
    });
  }

  override close(): void {
    this.cancelCleaning?.();
    this.cancelCleaning = undefined;
    this.sessions.clear();
    this.log.clear();
    this.streams.clear();
  }

  override addAll(id: SocketId, rooms: Set<Room>): void {
    let membership = this.memberships.get(id);
    if (membership === undefined) {
      membership = { since: this.log.last, rooms: new Map() };
      this.memberships.set(id, membership);
    }
    // It is in the namespace from its own room on: a middleware may have made it join others before.
    if (rooms.has(id) && !membership.rooms.has(id)) membership.since = this.log.last;
    for (const room of rooms) if (!membership.rooms.has(room)) membership.rooms.set(room, this.log.last);
    super.addAll(id, rooms);
  }

  override del(id: SocketId, room: Room): void {
    this.memberships.get(id)?.rooms.delete(room);
    super.del(id, room);
  }

  override delAll(id: SocketId): void {
    this.memberships.delete(id);
    super.delAll(id);
  }

  /** An event that is not volatile and asks for no acknowledgement gets an offset and is kept. */
  override broadcast(packet: SocketPacket, opts: BroadcastOptions): void {
    const args = packet.data as unknown[];
    if (packet.type !== PacketType.EVENT || packet.id !== undefined) {
      super.broadcast(packet, opts);
    } else if (opts.flags?.volatile !== true) {
      const outgoing = this.encodeEvent(packet, [...args, this.offset(this.log.last + 1)], opts.flags);
      this.keep(outgoing, opts);
      this.sendWithOffset(packet, outgoing, opts);
    } else if (typeof args[args.length - 1] === "string") {
      // Socket.IO's clients take the last argument of an event for an offset if it is a string: it shall be one.
      this.sendWithOffset(packet, this.encodeEvent(packet, [...args, this.offset(this.log.last)], opts.flags), opts);
    } else super.broadcast(packet, opts);
  }

  /** As {@link broadcast}. Returns the receivers, also those who are away. */
  broadcastTo(packet: SocketPacket, opts: BroadcastOptions): AdapterSocket[] {
    const receivers = this.targets(opts);
    this.absent.each(opts, (socket) => receivers.push(socket));
    this.broadcast(packet, opts);
    return receivers;
  }

  /** As in memory; who is away is waited for too. */
  override broadcastWithAck(
    packet: SocketPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: PendingAck,
  ): void {
    super.broadcastWithAck(
      packet,
      opts,
      (present) => {
        let count = present;
        const outgoing = memo(() => this.nsp.encode(packet, opts.flags));
        this.absent.each(opts, (socket) => {
          count++;
          holdAck(socket.acks, packet.id as number, ack);
          socket.deliver(outgoing());
        });
        clientCountCallback(count);
      },
      ack,
    );
  }

  override addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    super.addSockets(opts, rooms);
    this.absent.each(opts, (socket) => void socket.join(rooms));
  }

  override delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    super.delSockets(opts, rooms);
    this.absent.each(opts, (socket) => {
      for (const room of rooms) void socket.leave(room);
    });
  }

  override disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    super.disconnectSockets(opts, close);
    this.absent.each(opts, (socket) => socket.disconnect(close));
    for (const [pid, { session }] of this.sessions) if (isAmong(session.rooms, opts)) this.sessions.delete(pid);
  }

  protected override send(packet: SocketPacket, outgoing: Outgoing, opts: BroadcastOptions): void {
    this.sendTo(packet, outgoing, () => outgoing, opts);
  }

  /** Sends `outgoing`, which has an offset, or `packet` as it is to those who need none. */
  private sendWithOffset(packet: SocketPacket, outgoing: Outgoing, opts: BroadcastOptions): void {
    this.sendTo(packet, outgoing, () => this.encodeEvent(packet, packet.data as unknown[], opts.flags), opts);
  }

  /** Sends `outgoing`, or what `encode` gives to those who take no offset; where both ends count that is kept once for them all. */
  private sendTo(packet: SocketPacket, outgoing: Outgoing, encode: () => Outgoing, opts: BroadcastOptions): void {
    outgoing.shared = true;
    const plain = memo(encode);
    let isStreamed = false;
    let stream: SharedPackets | undefined;
    const deliver = (socket: AdapterSocket): void => {
      const packet = plain();
      if (!isStreamed) {
        isStreamed = true;
        stream = this.streamOf(packet, opts.rooms);
      }
      socket.deliver(packet, stream);
    };
    this.visit(opts, (socket) => {
      if (socket.hasOutgoingListeners) socket.notifyOutgoingListeners(packet);
      if (socket.isDelivered === true) deliver(socket);
      else socket.deliver(socket.takesOffsets === false ? plain() : outgoing);
    });
    this.absent.each(opts, deliver);
  }

  /** The stream of broadcasts that one is of. Several rooms are a target that seldom comes again, the room of a socket's own is one receiver. */
  private streamOf(outgoing: Outgoing, rooms: ReadonlySet<Room>): SharedPackets | undefined {
    if (rooms.size > 1) return undefined;
    const [room] = rooms;
    if (room !== undefined && (this.nsp.sockets.has(room) || this.absent.has(room))) return undefined;
    return this.streams.add(room, outgoing);
  }

  override persistSession(session: SessionToPersist): void {
    const now = this.host.clock.now();
    const membership = this.memberships.get(session.sid) ?? { since: this.log.last, rooms: new Map() };
    this.sessions.delete(session.pid);
    this.sessions.set(session.pid, { session, membership, at: now });
    if (this.sessions.size > this.host.maxAbsentSessions)
      for (const pid of this.sessions.keys()) {
        this.sessions.delete(pid);
        break;
      }
    this.clean(now);
  }

  /**
   * The session of `pid`, which is forgotten here, or null where it is unknown, too old, or where events that its client may have missed are gone.
   * Without an offset the client has seen no event; the same goes for one that is not of this adapter.
   */
  override restoreSession(pid: string, offset: string | undefined): Promise<RestoredSession | null> {
    const stored = this.sessions.get(pid);
    if (stored === undefined) return Promise.resolve(null);
    this.sessions.delete(pid);
    const { session, membership, at } = stored;
    const { maxDisconnectionDuration, heartbeat, clock } = this.host;
    const seen = Math.max(membership.since, this.sequenceOf(offset));
    const isLate = clock.now() - at > maxDisconnectionDuration;
    if (isLate || !this.log.reaches(seen, at - heartbeat)) return Promise.resolve(null);
    this.memberships.set(session.sid, membership);
    const missed = (): Outgoing[] => this.missed(membership, session.rooms, seen);
    return Promise.resolve({
      ...session,
      /** Read when the socket is in the namespace again: what is sent until then is among them. */
      get missedPackets(): Outgoing[] {
        return missed();
      },
    });
  }

  private missed(membership: Membership, rooms: readonly Room[], seen: number): Outgoing[] {
    const packets: Outgoing[] = [];
    for (const event of this.log.behind(seen)) if (wasFor(event, membership, rooms)) packets.push(event.packet);
    return packets;
  }

  private keep(outgoing: Outgoing, opts: BroadcastOptions): void {
    const now = this.host.clock.now();
    const size = outgoing.byteLength(this.host.textByteLength);
    this.log.add(outgoing, size, now, opts.rooms, opts.except);
    this.scheduleCleaning();
  }

  private encodeEvent(packet: SocketPacket, data: unknown[], options: OutgoingOptions | undefined): Outgoing {
    return this.nsp.encode({ type: packet.type, nsp: this.nsp.name, data }, options);
  }

  private offset(sequence: number): string {
    return this.tag + sequence.toString(36);
  }

  /** 0 where it is no offset of this adapter. */
  private sequenceOf(offset: string | undefined): number {
    if (offset === undefined || !offset.startsWith(this.tag)) return 0;
    const sequence = Number.parseInt(offset.slice(this.tag.length), 36);
    return sequence <= this.log.last ? sequence : 0;
  }

  /** Lets go of what is too old, and comes back while there is anything. */
  private clean(now: number): void {
    const { maxDisconnectionDuration } = this.host;
    for (const [pid, { at }] of this.sessions) {
      if (now - at <= maxDisconnectionDuration) break;
      this.sessions.delete(pid);
    }
    this.log.expire(now);
    this.scheduleCleaning();
  }

  private scheduleCleaning(): void {
    if (this.cancelCleaning !== undefined || (this.sessions.size === 0 && this.log.size === 0)) return;
    const { clock, maxDisconnectionDuration } = this.host;
    this.cancelCleaning = clock.after(
      maxDisconnectionDuration + 1,
      () => {
        this.cancelCleaning = undefined;
        this.clean(clock.now());
      },
      true,
    );
  }
}

/** Encodes once, if at all. */
function memo(encode: () => Outgoing): () => Outgoing {
  let made: Outgoing | undefined;
  return () => {
    if (made === undefined) {
      made = encode();
      made.shared = true;
    }
    return made;
  };
}

/** Whether a socket in `rooms` is one of those that `opts` means. */
function isAmong(rooms: readonly Room[], { rooms: to, except }: BroadcastOptions): boolean {
  return (to.size === 0 || rooms.some((room) => to.has(room))) && !rooms.some((room) => except?.has(room));
}

function wasFor(event: LoggedEvent, membership: Membership, rooms: readonly Room[]): boolean {
  const { sequence, rooms: to, except } = event;
  if (except !== undefined) for (const room of rooms) if (except.has(room)) return false;
  if (to.size === 0) return sequence > membership.since;
  return rooms.some((room) => to.has(room) && sequence > (membership.rooms.get(room) ?? membership.since));
}
