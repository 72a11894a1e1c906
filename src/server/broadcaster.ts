// server/ What Server and Namespace have in common: everything that sends to many, and the utilities of many processes.
import type { Room, SocketId } from "../adapter/contract.js";
import { VaivenError } from "../errors.js";
import type {
  AllButLast,
  DecorateAcknowledgements,
  DecorateAcknowledgementsWithMultipleResponses,
  DecorateAcknowledgementsWithTimeoutAndMultipleResponses,
  EventNames,
  EventNamesWithAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  RemoveAcknowledgements,
  Unchecked,
} from "../event/event-map.js";
import type { BroadcastReport } from "./broadcast-confirmations.js";
import { BroadcastOperator, type RemoteSocket } from "./broadcast-operator.js";
import type { AnyNamespace } from "./namespace.js";
import { StrictEventEmitter } from "./strict-event-emitter.js";

/** The methods that send to all sockets of a namespace, or to some of them. */
export abstract class Broadcaster<
  _ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
  Reserved extends EventsMap,
> extends StrictEventEmitter<ServerSideEvents, RemoveAcknowledgements<EmitEvents>, Reserved> {
  constructor() {
    super({ captureRejections: true });
  }

  /** @internal The namespace that is meant. */
  abstract get broadcastTarget(): AnyNamespace;

  /** To the members of a room, or of any of several. Chained: the union, each socket once. */
  to(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.everybody().to(room);
  }

  /** As {@link to}. */
  in(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.everybody().in(room);
  }

  /** To everybody but the members of a room, or of any of several. */
  except(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.everybody().except(room);
  }

  /**
   * Sends an event to every socket of the namespace. A function as the last argument gets the responses of all, within 10 seconds
   * (see {@link timeout}, whose callback is the same).
   *
   * @throws VaivenError `API_RESERVED_EVENT`, and `PACKET_*` for what cannot be encoded
   */
  override emit<Ev extends EventNames<RemoveAcknowledgements<EmitEvents>>>(
    ev: Ev,
    ...args: EventParams<RemoveAcknowledgements<EmitEvents>, Ev>
  ): boolean;
  override emit(...event: Unchecked[]): boolean {
    const { emit } = BroadcastOperator.prototype;
    return Reflect.apply(emit, this.everybody(), event);
  }

  /** Sends an event to every socket and resolves with all responses; rejects with `ACK_TIMEOUT`, whose `responses` are those that came. */
  emitWithAck<Ev extends EventNamesWithAck<EmitEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>[]>;
  emitWithAck(...event: Unchecked[]): Promise<Unchecked> {
    const { emitWithAck } = BroadcastOperator.prototype;
    return Reflect.apply(emitWithAck, this.everybody(), event);
  }

  /** Sends an event to every socket and says who has it. See {@link BroadcastOperator.emitConfirmed}. */
  emitConfirmed<Ev extends EventNames<RemoveAcknowledgements<EmitEvents>>>(
    ev: Ev,
    ...args: EventParams<RemoveAcknowledgements<EmitEvents>, Ev>
  ): Promise<BroadcastReport>;
  emitConfirmed(...event: Unchecked[]): Promise<BroadcastReport> {
    const { emitConfirmed } = BroadcastOperator.prototype;
    return Reflect.apply(emitConfirmed, this.everybody(), event);
  }

  /** Sends the event `message` to every socket. */
  send(...args: EventParams<EmitEvents, "message" & EventNames<EmitEvents>>): this {
    Reflect.apply(this.emit, this, ["message", ...(args as Unchecked[])]);
    return this;
  }

  /** As {@link send}. */
  write(...args: EventParams<EmitEvents, "message" & EventNames<EmitEvents>>): this {
    return this.send(...args);
  }

  /** Whether the event may be compressed, where the connections compress. Default: true. */
  compress(
    compress: boolean,
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.everybody().compress(compress);
  }

  /** The event is dropped for sockets that cannot take it at once. */
  get volatile(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.everybody().volatile;
  }

  /** Only to sockets of this process. */
  get local(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.everybody().local;
  }

  /** Acknowledgements of the next emit may take `timeout` milliseconds, instead of 10000; the callback takes an error, then the responses. */
  timeout(
    timeout: number,
  ): BroadcastOperator<
    DecorateAcknowledgements<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>>,
    SocketData
  > {
    return this.everybody().timeout(timeout);
  }

  /**
   * The sockets of the namespace, also those of other processes where the adapter knows any: those of this process are the sockets themselves.
   * Rejects with what the adapter rejects with.
   */
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    return this.everybody().fetchSockets() as Promise<Unchecked[]>;
  }

  /** The ids of the sockets. Superseded by {@link fetchSockets}. */
  allSockets(): Promise<Set<SocketId>> {
    return this.everybody().allSockets();
  }

  /** Makes every socket join one room or several, in other processes too. */
  socketsJoin(room: Room | Room[]): void {
    this.everybody().socketsJoin(room);
  }

  /** Makes every socket leave one room or several, in other processes too. */
  socketsLeave(room: Room | Room[]): void {
    this.everybody().socketsLeave(room);
  }

  /** Disconnects every socket from the namespace, in other processes too; with `close` their connections are closed. Default: they are not. */
  disconnectSockets(close: boolean = false): void {
    this.everybody().disconnectSockets(close);
  }

  /**
   * Sends an event to the servers of the other processes, whose `on` receives it. With the adapter in memory there are none.
   *
   * @throws VaivenError `API_RESERVED_EVENT` for `connect`, `connection` and `new_namespace` too
   */
  serverSideEmit<Ev extends EventNames<ServerSideEvents>>(
    ev: Ev,
    ...args: EventParams<DecorateAcknowledgementsWithTimeoutAndMultipleResponses<ServerSideEvents>, Ev>
  ): boolean;
  serverSideEmit(...event: Unchecked[]): boolean {
    if (SERVER_SIDE_RESERVED.has(event[0])) {
      throw new VaivenError("API_RESERVED_EVENT", `"${String(event[0])}" is a reserved event name`);
    }
    const { broadcastTarget } = this;
    broadcastTarget._watchAdapter(broadcastTarget.adapter.serverSideEmit(event));
    return true;
  }

  /** As {@link serverSideEmit}; resolves with one response per server. */
  serverSideEmitWithAck<Ev extends EventNamesWithAck<ServerSideEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<ServerSideEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<ServerSideEvents, Ev>>>[]>;
  serverSideEmitWithAck(...event: Unchecked[]): Promise<Unchecked> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null, responses: unknown): void => {
        if (error === null) resolve(responses);
        else reject(Object.assign(error, { responses }));
      };
      Reflect.apply(this.serverSideEmit, this, [...event, settle]);
    });
  }

  private everybody(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return new BroadcastOperator(this.broadcastTarget.adapter);
  }
}

const SERVER_SIDE_RESERVED: ReadonlySet<unknown> = new Set(["connect", "connection", "new_namespace"]);
