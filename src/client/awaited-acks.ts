// client/ The acknowledgements that one socket waits for (Socket.IO protocol v5, "Acknowledgement"): those of packets that were sent, and of those that wait in its send buffer.
import type { VaivenError } from "../errors.js";
import {
  type AckTable,
  abandonAcks,
  ackDisconnectedError,
  expectAck,
  expectAckWithin,
  type PendingAck,
  settleAck,
  type TimedAckCallback,
} from "../event/acks.js";
import { PacketType } from "../packet/socket-packet.js";
import { guard } from "./guarded-emitter.js";
import type { Socket } from "./socket.js";
import type { EmitFlags, SocketOptions } from "./socket-options.js";

/** The acknowledgements of one socket, by packet id. */
export class AwaitedAcks {
  private readonly table: AckTable = new Map();
  private readonly socket: Socket;
  private readonly opts: Partial<SocketOptions>;

  constructor(socket: Socket, opts: Partial<SocketOptions>) {
    this.socket = socket;
    this.opts = opts;
  }

  /** How many are waited for. */
  get size(): number {
    return this.table.size;
  }

  /** Waits for answer `id`, as the flags of the emit and `ackTimeout` say. */
  expect(id: number, { timeout = this.opts.ackTimeout, settles }: EmitFlags, callback: TimedAckCallback): void {
    const { socket, table } = this;
    const settle: TimedAckCallback = (error, ...args) => {
      if (error) socket.sendBuffer = socket.sendBuffer.filter((packet) => packet.id !== id);
      callback(error, ...args);
    };
    if (timeout !== undefined) expectAckWithin(table, id, timeout, socket.io.platform(), settle);
    else if (settles) expectAck(table, id, settle);
    else table.set(id, callback as (...args: unknown[]) => void);
  }

  /** The answer came. */
  settle(id: number, args: readonly unknown[]): void {
    settleAck(this.table, id, args);
  }

  /** The event cannot be sent, so no answer can come. False where nobody is told of that. */
  fail(id: number | undefined, error: VaivenError): boolean {
    const ack = this.table.get(id as number);
    if (ack) this.table.delete(id as number);
    ack?.abandon?.(error);
    return ack?.abandon !== undefined;
  }

  /** No answer can come any more, except to those that `remains` names. */
  abandon(reason: string, remains: (id: number, ack: PendingAck) => boolean): void {
    const gone: AckTable = new Map();
    for (const [id, ack] of this.table) {
      if (remains(id, ack)) continue;
      gone.set(id, ack);
      this.table.delete(id);
    }
    guard(this.socket.io.platform().soon, () => abandonAcks(gone, ackDisconnectedError(reason)));
  }

  /** Whether the event has not been sent yet. */
  isBuffered(id: number): boolean {
    return this.socket.sendBuffer.some((packet) => packet.id === id && packet.type === PacketType.EVENT);
  }
}
