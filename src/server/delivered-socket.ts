// server/ A socket whose events and acknowledgements both ends count, so that they go on over another connection (ARCHITECTURE.md, "Between our own two ends").
// Only servers with `connectionStateRecovery` make these, for our own clients: the others pay nothing for it.
import type { Room, SocketId } from "../adapter/contract.js";
import { VaivenError } from "../errors.js";
import { ackTimeoutError } from "../event/acks.js";
import type { DefaultEventsMap, EventNames, EventParams, EventsMap, Unchecked } from "../event/event-map.js";
import { refuseReserved } from "../event/reserved.js";
import type { SharedLog } from "../event/shared-log.js";
import type { SharedPackets } from "../event/shared-packets.js";
import { type ControlMessage, encodeControl } from "../packet/control-packet.js";
import type { Outgoing } from "../packet/outgoing.js";
import type { SocketPacket } from "../packet/socket-packet.js";
import type { Client } from "./client.js";
import type { Deliveries } from "./deliveries.js";
import { DeliverySession } from "./delivery-session.js";
import type { SessionClaim } from "./envelope.js";
import type { Namespace } from "./namespace.js";
import { refuseTooBig } from "./packet-size.js";
import { RECOVERABLE } from "./recoverable-socket.js";
import { Socket } from "./socket.js";
import type { DisconnectReason, Event, SessionLossReason } from "./socket-types.js";

/** What a client wants, and what became of it. */
export interface Arrival {
  readonly claim: SessionClaim;
  /** The session that it resumes. */
  readonly session?: DeliverySession;
  /** Why what it wanted to resume cannot be. */
  readonly failure?: SessionLossReason | undefined;
}

/** A socket that has a {@link DeliverySession}. */
export class DeliveredSocket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Unchecked,
> extends Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** The log of the session while this socket has it, and what is sent leaves at once. */
  private live: SharedLog | undefined = undefined;
  /** @internal Whether what is sent next takes a confirmation along. */
  _owesConfirmation = false;
  override readonly recovered: boolean;
  private session: DeliverySession;
  private readonly deliveries: Deliveries;
  /** Until it is accepted. */
  private claim: SessionClaim | undefined = undefined;
  private readonly failure: SessionLossReason | undefined;

  /** @internal */
  constructor(
    nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    client: Client,
    auth: { [key: string]: Unchecked } | undefined,
    id: SocketId,
    deliveries: Deliveries,
    { session, claim, failure }: Arrival,
  ) {
    super(nsp, client, auth, id);
    this.deliveries = deliveries;
    this.failure = failure;
    this.recovered = session !== undefined;
    this.session = session ?? this.newSession(claim.pages?.[0]);
    if (session === undefined) return;
    this.claim = claim;
    this.data = session.socket.data;
    this.pendingAcks = session.socket.acks;
    this.expiresAt = session.socket.expiresAt;
  }

  /** @internal Broadcasts reach it without Socket.IO's offset. */
  get isDelivered(): boolean {
    return true;
  }

  /** While it is away it joins and leaves as if it were there. */
  override join(rooms: Room | Room[]): Promise<void> | void {
    if (!this.session.isAway) return super.join(rooms);
    this.session.absent.join(this.id, new Set(Array.isArray(rooms) ? rooms : [rooms]));
  }

  override leave(room: Room): Promise<void> | void {
    if (!this.session.isAway) return super.leave(room);
    this.session.absent.leave(this.id, room);
  }

  /** Also while it is away: it does not come back then. */
  override disconnect(close: boolean = false): this {
    if (!this.session.isAway) return super.disconnect(close);
    this.session.end();
    this._abandonAll();
    return this;
  }

  /** Of what is done for a receiver of a broadcast this is all that delivery adds: it touches the log, and nothing else of the session. */
  override deliver(packet: Outgoing, shared?: SharedPackets): void {
    const { live } = this;
    if (live === undefined) {
      this.session.keep(packet, shared);
      return;
    }
    if (packet.volatile && !this.connection.writable) return;
    const isFilling = live.push(packet, shared);
    this._transmit(packet);
    if (isFilling || this._owesConfirmation) this.session.attend();
  }

  override emitConfirmed<Ev extends EventNames<EmitEvents>>(
    ev: Ev,
    ...args: EventParams<EmitEvents, Ev>
  ): Promise<void>;
  override emitConfirmed(...event: Unchecked[]): Promise<void> {
    return new Promise((resolve, reject) => {
      refuseReserved(event[0]);
      const { timeout, compress = true } = this.takeFlags() ?? {};
      if (this.isGone) {
        reject(new VaivenError("ACK_DISCONNECTED", "socket has been disconnected"));
        return;
      }
      const packet = this.nsp._codec.writer.event(this.nsp.name, undefined, event, { compress });
      const tooBig = refuseTooBig(packet, this.nsp.server._maxBufferedBytes, event[0]);
      if (tooBig !== undefined) {
        reject(tooBig);
        return;
      }
      if (this.hasOutgoingListeners) this.tellOutgoing(event);
      this.deliver(packet);
      this._whenConfirmed((error) => (error === undefined ? resolve() : reject(error)), timeout);
    });
  }

  /** @internal Calls `settle` when the client has what was sent last. */
  _whenConfirmed(settle: (error: VaivenError | undefined) => void, timeout: number | undefined): void {
    if (timeout === undefined) {
      this.session.whenConfirmed(settle);
      return;
    }
    const { session } = this;
    const cancel = this.nsp._clock.after(timeout, () => {
      session.forget(waiting);
      settle(ackTimeoutError(timeout));
    });
    const waiting = session.whenConfirmed((error) => {
      cancel();
      settle(error);
    });
  }

  /** @internal From now on what is sent leaves at once, behind what is in `log`; or, without it, no more. */
  _goLive(log: SharedLog | undefined): void {
    this.live = log;
    this._owesConfirmation = false;
  }

  /** @internal Writes what is not counted. */
  _control(message: ControlMessage): void {
    this.connection.send(encodeControl(this.nsp.name, message));
  }

  /** @internal */
  _dispatchHeld(event: Event): void {
    this.dispatch(event);
  }

  /** @internal The session is lost. */
  _abandonAll(): void {
    super.abandonAcks();
  }

  override _onConnect(): void {
    this.deliveries.add(this.session);
    super._onConnect();
    this.session.begin();
  }

  override _onAnnounced(): void {
    if (this.recovered) this.session.releaseHeld();
  }

  override _onEvent(packet: SocketPacket): void {
    const { session } = this;
    session.count();
    if (session.takes(packet.data as Event)) super._onEvent(packet);
  }

  override _onAck(packet: SocketPacket): void {
    this.session.count();
    super._onAck(packet);
  }

  override _onControl(message: ControlMessage): boolean {
    if (message[0] === "entry") this.session.count();
    return this.session.onControl(message) || super._onControl(message);
  }

  protected override connectData(): object {
    const { session, deliveries, failure } = this;
    const { pid, receipts } = session;
    const keep = deliveries.duration;
    const own = this.recovered ? { pid, keep, received: receipts.confirm() } : { pid, keep, lost: failure };
    return { sid: this.id, vaiven: own };
  }

  protected override firstRooms(): Set<Room> {
    return new Set([this.id, ...this.session.rooms]);
  }

  protected override beforeLeaving(reason: DisconnectReason): void {
    if (RECOVERABLE.has(reason) && reason !== "server shutting down") this.session.cut(this.rooms);
    else this.session.end();
  }

  /** The answers may still come. */
  protected override abandonAcks(reason?: DisconnectReason): void {
    if (!this.session.isAway) super.abandonAcks(reason);
  }

  /** What it wanted to resume, which has its rooms and acknowledgements, is not touched by its own end. */
  protected override endBeforeItBegan(reason?: DisconnectReason): void {
    if (this.claim === undefined) super.endBeforeItBegan(reason);
    else {
      this.state = "left";
      this.expiresAt = undefined;
      this.pendingAcks = undefined;
      this.session = this.newSession();
    }
    this.session.end();
  }

  protected override get isGone(): boolean {
    return this.state === "left" && this.session.isOver;
  }

  protected override onLate(event: Event): void {
    this.session.hold(this, event);
  }

  /**
   * The session is taken from the connection that had it, which is dead, also if nobody but the client knows that yet. Where something has become of the session
   * since it was claimed, the client is to come again, and is told then.
   */
  override _enter(): boolean {
    const { claim, session } = this;
    if (claim === undefined) return true;
    if (!session.isOld(claim)) {
      if (session.isPresent) session.socket.client._abandon();
      const failure = session.obstacle(claim);
      if (failure === undefined) {
        this.claim = undefined;
        session.resume(this, claim);
        return true;
      }
      session.lose(failure);
    }
    this.client._abandon();
    return false;
  }

  private newSession(page?: string): DeliverySession {
    return new DeliverySession(this.deliveries, this.deliveries.newPid(), this, page);
  }
}
