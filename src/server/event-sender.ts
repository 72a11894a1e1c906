// server/ The sending half of a socket: its events, what modifies them, their acknowledgements, and the broadcasts that begin at it.
import type { Room, SocketId } from "../adapter/contract.js";
import { VaivenError } from "../errors.js";
import { wireErrorOf } from "../event/ack-errors.js";
import {
  type AckCallback,
  type AckTable,
  abandonAcks,
  ackDisconnectedError,
  expectAck,
  expectAckWithin,
  type PendingAck,
  type TimedAckCallback,
  takeAck,
} from "../event/acks.js";
import type {
  AllButLast,
  DecorateAcknowledgements,
  DecorateAcknowledgementsWithMultipleResponses,
  EventNames,
  EventNamesWithAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  Unchecked,
} from "../event/event-map.js";
import { refuseReserved } from "../event/reserved.js";
import { Capability, encodeControl } from "../packet/control-packet.js";
import type { Outgoing } from "../packet/outgoing.js";
import { RESERVED_EVENTS, type SocketPacket } from "../packet/socket-packet.js";
import { BroadcastOperator } from "./broadcast-operator.js";
import type { Client } from "./client.js";
import { EventReceiver } from "./event-receiver.js";
import type { Namespace } from "./namespace.js";
import { refuseTooBig } from "./packet-size.js";
import type { AnySocket, Socket } from "./socket.js";
import type { DisconnectReason, SocketFlags, SocketReservedEventsMap } from "./socket-types.js";

/** Makes packets of what a program emits and hands them to {@link deliver}. */
export abstract class EventSender<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends EventReceiver<ListenEvents, EmitEvents, SocketReservedEventsMap> {
  /** See `Socket`. */
  abstract readonly id: SocketId;
  /** See `Socket`. */
  abstract readonly nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** See `Socket`. */
  abstract readonly client: Client;
  // Made when first used: most sockets never use most of them, and there are many sockets.
  private flags: SocketFlags | undefined = undefined;
  protected pendingAcks: AckTable | undefined = undefined;

  /** The acknowledgements that are waited for, by packet id. */
  get acks(): AckTable {
    this.pendingAcks ??= new Map();
    return this.pendingAcks;
  }

  /**
   * Sends an event. A function as the last argument is called with the client's acknowledgement.
   * It leaves at the end of the turn, or with the read that caused it; after `disconnect` it is dropped, and with {@link timeout} its callback gets
   * `ACK_DISCONNECTED`. A plain callback is not called when the client leaves first. One that is larger than the server's `maxBufferedBytes` is not sent: that is
   * reported to `io.onError` as `PACKET_TOO_BIG`, or to whoever awaits an acknowledgement with an error.
   *
   * @throws VaivenError `API_RESERVED_EVENT`, and `PACKET_CYCLIC`, `PACKET_TOO_DEEP`, `PACKET_INVALID_JSON` for what cannot be encoded
   */
  override emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean;
  override emit(...event: Unchecked[]): boolean {
    if (RESERVED_EVENTS.has(event[0])) refuseReserved(event[0]);
    const { flags } = this;
    if (flags !== undefined) this.flags = undefined;
    const ack =
      event.length > 1 && typeof event[event.length - 1] === "function" ? (event.pop() as AckCallback) : undefined;
    if (this.isGone) {
      if (ack !== undefined && flags?.timeout !== undefined) this.refuseAck(ack);
      return true;
    }
    const id = ack === undefined ? undefined : this.nsp._ids++;
    const packet = this.nsp._codec.writer.event(this.nsp.name, id, event, flags);
    const tooBig = refuseTooBig(packet, this.nsp.server._maxBufferedBytes, event[0]);
    if (tooBig !== undefined) {
      if (ack !== undefined && flags?.timeout !== undefined) this.refuseAck(ack, tooBig);
      else this.nsp._errors.emitFailed(tooBig, { socket: this as unknown as AnySocket, event: event[0] });
      return true;
    }
    if (ack !== undefined) this.awaitAck(id as number, ack, flags?.timeout, event[0]);
    if (this.hasOutgoingListeners) this.tellOutgoing(event);
    this.deliver(packet);
    return true;
  }

  /**
   * Sends an event and resolves with the first argument of its acknowledgement.
   * Rejects with `ACK_TIMEOUT` under {@link timeout}, and with `ACK_DISCONNECTED` as soon as the client is gone.
   */
  emitWithAck<Ev extends EventNamesWithAck<EmitEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>>;
  emitWithAck(...event: Unchecked[]): Promise<Unchecked> {
    return new Promise((resolve, reject) => {
      refuseReserved(event[0]);
      const { flags } = this;
      this.flags = undefined;
      if (this.isGone) {
        reject(ackDisconnectedError());
        return;
      }
      const settle: TimedAckCallback = (error, response) => (error === null ? resolve(response) : reject(error));
      const id = this.nsp._ids++;
      const packet = this.nsp._codec.writer.event(this.nsp.name, id, event, flags);
      const tooBig = refuseTooBig(packet, this.nsp.server._maxBufferedBytes, event[0]);
      if (tooBig !== undefined) {
        reject(tooBig);
        return;
      }
      if (flags?.timeout === undefined) expectAck(this.acks, id, settle);
      else expectAckWithin(this.acks, id, flags.timeout, this.nsp._clock, settle);
      if (this.hasOutgoingListeners) this.tellOutgoing(event);
      this.deliver(packet);
    });
  }

  /**
   * Sends an event and resolves when the client has received it, which is before its listeners have run, and says nothing of them.
   * It waits over the loss of a connection. Rejects with `ACK_DISCONNECTED` when the client does not come back in time or is disconnected, with `ACK_TIMEOUT`
   * under {@link timeout} (the event may still arrive), and with `API_UNAVAILABLE` where it cannot be known: without the option
   * `connectionStateRecovery`, and for clients that are not ours.
   */
  emitConfirmed<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): Promise<void>;
  emitConfirmed(..._event: Unchecked[]): Promise<void> {
    this.flags = undefined;
    return Promise.reject(
      new VaivenError(
        "API_UNAVAILABLE",
        "emitConfirmed needs the option connectionStateRecovery and a client of vaivén: this one cannot say what it received",
      ),
    );
  }

  /** Sends a `message` event. */
  send(...args: EventParams<EmitEvents, "message" & EventNames<EmitEvents>>): this {
    this.emit("message" as EventNames<EmitEvents>, ...(args as Unchecked));
    return this;
  }

  /** As {@link send}. */
  write(...args: EventParams<EmitEvents, "message" & EventNames<EmitEvents>>): this {
    return this.send(...args);
  }

  /** The next emit may be dropped if it would have to wait for the client. */
  get volatile(): this {
    this.flags ??= {};
    this.flags.volatile = true;
    return this;
  }

  /** Whether the next emit may be compressed, where the connection compresses. Default: true. */
  compress(compress: boolean): this {
    this.flags ??= {};
    this.flags.compress = compress;
    return this;
  }

  /** The acknowledgement of the next emit may take `ms` milliseconds; its callback then takes an error first. */
  timeout(ms: number): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>, ServerSideEvents, SocketData> {
    this.flags ??= {};
    this.flags.timeout = ms;
    return this as Unchecked;
  }

  /** To everybody in the namespace but this socket. */
  get broadcast(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.newBroadcast();
  }

  /** To the members of a room, or of any of several, but this socket. Chained: the union. */
  to(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.newBroadcast().to(room);
  }

  /** As {@link to}. */
  in(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.to(room);
  }

  /** To everybody but this socket and the members of a room. */
  except(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.newBroadcast().except(room);
  }

  /** To everybody but this socket, on this process only. */
  get local(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.newBroadcast().local;
  }

  /** @internal Sends what is encoded. */
  abstract deliver(packet: Outgoing): void;

  /** @internal Whether what is sent now, events and acknowledgements, can no longer reach the client. */
  protected abstract get isGone(): boolean;

  /** @internal */
  _forgetAck(ack: PendingAck): void {
    for (const [id, pending] of this.pendingAcks ?? []) if (pending === ack) this.pendingAcks?.delete(id);
  }

  /** The flags of the emit that asks; the next one begins without any. */
  protected takeFlags(): SocketFlags | undefined {
    const { flags } = this;
    this.flags = undefined;
    return flags;
  }

  /** @internal An acknowledgement came. */
  _onAck(packet: SocketPacket): void {
    if (this.pendingAcks === undefined || !this.isReceiving) return;
    const pending = takeAck(this.pendingAcks, packet.id as number);
    if (pending !== undefined) this.callBack(pending, packet.data as unknown[], "acknowledgement");
  }

  protected abandonAcks(reason?: DisconnectReason): void {
    if (this.pendingAcks !== undefined) abandonAcks(this.pendingAcks, ackDisconnectedError(reason));
  }

  /** @internal What a handler calls to acknowledge. Only the first call is sent. */
  ack(id: number): AckCallback {
    let sent = false;
    return (...args) => {
      if (sent || this.isGone) return;
      const [error] = args;
      const packet =
        error instanceof Error && this.failsAcks
          ? encodeControl(this.nsp.name, ["ack-error", id, wireErrorOf(error)])
          : this.nsp._codec.writer.ack(this.nsp.name, id, args);
      sent = true;
      this.deliver(packet);
    };
  }

  /** Whether the client takes errors as acknowledgements. */
  protected get failsAcks(): boolean {
    return (this.client._caps & Capability.ACK_ERRORS) !== 0;
  }

  private newBroadcast(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    const flags = this.flags;
    this.flags = undefined;
    return new BroadcastOperator(this.nsp.adapter, new Set(), new Set([this.id]), flags);
  }

  private awaitAck(id: number, callback: AckCallback, timeout: number | undefined, event: unknown): void {
    if (timeout === undefined) {
      this.acks.set(id, callback);
      return;
    }
    expectAckWithin(this.acks, id, timeout, this.nsp._clock, (...args) => this.callBack(callback, args, event));
  }

  /** The event cannot be sent: its callback, which takes an error, is called at the end of the turn, as an answer would be. */
  private refuseAck(callback: AckCallback, error: VaivenError = ackDisconnectedError()): void {
    this.nsp._clock.soon(() => this.callBack(callback, [error], "acknowledgement"));
  }

  private callBack(callback: AckCallback, args: unknown[], event: unknown): void {
    this.guard(() => callback(...args), event);
  }
}
