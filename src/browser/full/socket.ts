// browser/full/ The socket of the browser files: limits of what waits, and what our own server understands: delivery, errors as acknowledgements, new credentials.
import { VaivenError } from "../../errors.js";
import { asError, unhandledError } from "../../event/ack-errors.js";
import type { Unchecked } from "../../event/event-map.js";
import { PacketType, type SocketPacket } from "../../packet/socket-packet.js";
import type { Options } from "../compact/options.js";
import { type BufferedPacket, Socket, type Welcome } from "../compact/socket.js";
import { Delivery, type Terms } from "./delivery.js";
import type { FullManager } from "./manager.js";

/** What our own server says of its session when it accepts. */
interface Accepted extends Welcome {
  readonly vaiven?: Terms;
}

/** A socket. Events that are emitted while it is not connected wait in {@link sendBuffer} and leave, in order, when it connects. */
export class FullSocket extends Socket {
  declare readonly io: FullManager;
  /** The events that the server has not confirmed, when a session was lost. They may have arrived, or not. */
  unconfirmed: Unchecked[][] | undefined;
  /** Why the last session was lost: `expired`, `overflow`, `unknown session`, `server shutting down`. */
  lossReason: string | undefined;
  /** @internal */
  readonly _delivery: Delivery;
  /** Why the server is about to disconnect it. @internal */
  _lapse: VaivenError | undefined;
  /** The id under which the session that lasts was begun. */
  private lasting: string | undefined;

  /** Use `io()` or `manager.socket()`. */
  constructor(io: FullManager, nsp: string, opts?: Options) {
    super(io, nsp, opts);
    this._delivery = new Delivery(this);
  }

  override compress(compress: boolean): this {
    this.nextFlags.compress = compress;
    return this;
  }

  override disconnect(): this {
    this._delivery.end();
    return super.disconnect();
  }

  protected override isReady(): boolean {
    return super.isReady() && !this._delivery.isFull();
  }

  protected override hold(packet: BufferedPacket): void {
    const { maxSendBuffer = 10_000, maxSendBufferBytes = 16 * 1024 * 1024 } = this.opts;
    const { sendBuffer } = this;
    packet.size = new Blob(this.io._encode(packet) as BlobPart[]).size;
    if (
      sendBuffer.length < maxSendBuffer &&
      sendBuffer.reduce((sum, { size = 0 }) => sum + size, packet.size) <= maxSendBufferBytes
    )
      super.hold(packet);
    else
      this.cannotSend(
        packet,
        new VaivenError(
          "SESSION_SEND_BUFFER_FULL",
          `the limit is ${maxSendBuffer} events (maxSendBuffer) with ${maxSendBufferBytes} bytes (maxSendBufferBytes)`,
        ),
      );
  }

  /** The event cannot be sent. A callback that takes errors gets this one; otherwise it is the caller's, or the Manager's if the server is why. */
  private cannotSend({ id }: BufferedPacket, error: unknown): void {
    const settle = this.acks.get(id as number);
    if (settle && settle(error as Error)) return;
    if ((error as VaivenError).code !== "PACKET_TOO_BIG") throw error;
    this.io._report(error);
  }

  protected override transmit(packet: BufferedPacket): void {
    if (this._delivery.isFull()) this.sendBuffer.push(packet);
    else if (packet.type === PacketType.ACK) this.io._send(packet);
    else
      try {
        super.transmit(packet);
      } catch (error) {
        this.cannotSend(packet, error);
      }
  }

  /** An acknowledgement came that is an error: with it a callback fails that takes errors, and others get it as their argument. @internal */
  _onAckError(id: unknown, error: Error): void {
    const settle = this.acks.get(id as number);
    this._delivery.onCounted();
    if (settle && !settle(error)) settle(null, error);
  }

  /** @internal */
  override _onPacket(packet: SocketPacket): void {
    const { type } = packet;
    if (type === PacketType.EVENT || type === PacketType.ACK) this._delivery.onCounted();
    if (type === PacketType.DISCONNECT) this._delivery.end();
    super._onPacket(packet);
  }

  protected override onConnect(data: Accepted): void {
    const isResumed = this._delivery.onAccepted(data.vaiven || {});
    this.lasting = data.sid;
    super.onConnect(data, isResumed || undefined);
  }

  /** @internal */
  override _onClose(reason: string, description: unknown = this._lapse): void {
    this._lapse = undefined;
    super._onClose(reason, description);
  }

  protected override abandonAcks(): void {
    if (!this._delivery.cut()) super.abandonAcks();
  }

  protected override sendAnswer(packet: SocketPacket, receiver: string | undefined): void {
    if (this._delivery.pid && receiver === this.lasting && !this.isReady()) this.sendBuffer.push(packet);
    else super.sendAnswer(packet, receiver);
  }

  /** The server has received what it had not. @internal */
  _onConfirmed(): void {
    if (this.connected) this.sendBuffered();
  }

  /** The session is lost. @internal */
  _onLost(reason: string, unconfirmed: Unchecked[][]): void {
    this.lossReason = reason;
    this.unconfirmed = unconfirmed;
    // What was said in it, and not sent, means nothing in another.
    this.sendBuffer = this.sendBuffer.filter(({ type }) => type === PacketType.EVENT);
    super.abandonAcks();
  }

  protected override deliver(args: Unchecked[]): void {
    const { pid } = this;
    const last = args[args.length - 1];
    const fail = typeof last === "function" && this.io._isOurs ? (cause: unknown) => last(asError(cause)) : undefined;
    if (pid && args.length > 1 && typeof last === "string") this.lastOffset = last;
    this.notifyIncoming(args);
    const each = fail && ((result: unknown) => void (result instanceof Promise && result.catch(fail)));
    if (!this.dispatch(args[0], args.slice(1), each, fail) && fail && !this.listenersAny().length)
      fail(unhandledError(args[0]));
  }

  /** The server asks for new credentials. @internal */
  _refresh(): void {
    const { io, id, nsp } = this;
    this.readAuth((data) => {
      if (this.id === id) io._send({ type: PacketType.CONTROL, nsp, data: ["refresh", data] });
    });
  }
}
