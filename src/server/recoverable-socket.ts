// server/ A socket whose session outlives its connection. Only servers with `connectionStateRecovery` make these: the others pay nothing for it.
import type { RestoredSession, Room, SocketId } from "../adapter/contract.js";
import type { DefaultEventsMap, EventNames, EventParams, EventsMap, Unchecked } from "../event/event-map.js";
import { refuseReserved } from "../event/reserved.js";
import { Outgoing } from "../packet/outgoing.js";
import { PacketType } from "../packet/socket-packet.js";
import type { Client } from "./client.js";
import type { Namespace } from "./namespace.js";
import { Socket } from "./socket.js";
import type { DisconnectReason } from "./socket-types.js";

/** The reasons after which a client may come back: all but those that one of the two sides wished. */
export const RECOVERABLE: ReadonlySet<DisconnectReason> = new Set([
  "transport error",
  "transport close",
  "forced close",
  "ping timeout",
  "server shutting down",
  "forced server close",
]);

/** A socket with a private id, by which its client claims it after the loss of a connection. */
export class RecoverableSocket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Unchecked,
> extends Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  override readonly recovered: boolean;
  private readonly pid: string;
  private readonly live: Map<string, RecoverableSocket>;
  private session: RestoredSession | undefined;

  /** @internal `live` holds the connected ones by their private ids. */
  constructor(
    nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    client: Client,
    auth: { [key: string]: Unchecked } | undefined,
    id: SocketId,
    pid: string,
    live: Map<string, RecoverableSocket>,
    session: RestoredSession | undefined,
  ) {
    super(nsp, client, auth, id);
    this.pid = pid;
    this.live = live;
    this.session = session;
    this.recovered = session !== undefined;
    if (session === undefined) return;
    this.data = session.data as SocketData;
    this.expiresAt = session.expiresAt;
  }

  /** Goes through the adapter, which keeps the event in case the connection is lost. Volatile events are not kept, and those that ask for an acknowledgement do not pass there. */
  override emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean;
  override emit(...event: Unchecked[]): boolean {
    const asksForAck = event.length > 1 && typeof event[event.length - 1] === "function";
    if (asksForAck || !this.connected) return Reflect.apply(super.emit, this, event);
    refuseReserved(event[0]);
    const { volatile = false, compress = true } = this.takeFlags() ?? {};
    this.nsp._broadcast(
      { type: PacketType.EVENT, nsp: this.nsp.name, data: event },
      {
        rooms: new Set([this.id]),
        except: new Set(),
        flags: volatile ? { volatile, compress, local: true } : { compress },
      },
    );
    return true;
  }

  /** @internal Accepted: what the client missed follows at once, before the program sends more. */
  override _onConnect(): void {
    this.live.set(this.pid, this as unknown as RecoverableSocket);
    super._onConnect();
    const { session } = this;
    this.session = undefined;
    for (const event of session?.missedPackets ?? []) {
      if (event instanceof Outgoing) this.deliver(event);
      else this._sendPacket({ type: PacketType.EVENT, nsp: this.nsp.name, data: event });
    }
  }

  protected override connectData(): object {
    return { sid: this.id, pid: this.pid };
  }

  protected override firstRooms(): Set<Room> {
    return new Set([this.id, ...(this.session?.rooms ?? [])]);
  }

  protected override beforeLeaving(reason: DisconnectReason): void {
    this.live.delete(this.pid);
    if (RECOVERABLE.has(reason)) this.persist([...this.rooms]);
  }

  protected override endBeforeItBegan(reason?: DisconnectReason): void {
    // Lost again while middlewares were running: it may come for its session once more.
    if (this.session !== undefined && reason !== undefined && RECOVERABLE.has(reason)) this.persist(this.session.rooms);
    super.endBeforeItBegan(reason);
  }

  private persist(rooms: Room[]): void {
    const { id: sid, pid, data, expiresAt } = this;
    const session = { sid, pid, rooms, data, ...(expiresAt === undefined ? undefined : { expiresAt }) };
    this.nsp._askAdapter((adapter) => adapter.persistSession(session));
  }
}
