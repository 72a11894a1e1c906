// client/ The acknowledgements that one socket waits for (Socket.IO protocol v5, "Acknowledgement"): those of packets that were sent, and of those that wait in its send buffer.
//
//   awaited ──▶ answered     the ACK packet came: the callback gets its arguments
//      ├──────▶ timed out    only timed ones: the callback gets ACK_TIMEOUT
//      └──────▶ abandoned    the socket is gone: timed ones and promises get ACK_DISCONNECTED, plain callbacks are let go
import type { VaivenError } from "../errors.js";
import { ackDisconnectedError, ackTimeoutError, type PendingAck, type TimedAckCallback } from "../event/acks.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import { guard } from "./guarded-emitter.js";
import type { Socket } from "./socket.js";

/** The acknowledgements of one socket, by packet id. @internal */
export interface AwaitedAcks {
  /** How many are waited for. */
  count(): number;
  /** Waits for answer `id`. With a `timeout`, or where it `settles`, the callback takes an error first and is called once, whatever happens. */
  expect(id: number, callback: TimedAckCallback, timeout: number | undefined, settles: boolean | undefined): void;
  /** The answer came. */
  settle(id: number, args: readonly unknown[]): void;
  /** The event cannot be sent, so no answer can come. False where nobody is told of that. */
  fail(id: number, error: VaivenError): boolean;
  /** No answer can come any more, except to those of events that wait, and with `plain` only to plain callbacks among them. */
  abandon(reason: string, plain?: boolean): void;
}

/** Makes the table of one socket. @internal */
export function awaitedAcks(socket: Socket): AwaitedAcks {
  const table = new Map<number, PendingAck>();
  const take = (id: number): PendingAck | undefined => {
    const pending = table.get(id);
    table.delete(id);
    return pending;
  };
  return {
    count: () => table.size,

    expect(id, callback, timeout, settles) {
      if (timeout === undefined && !settles) {
        table.set(id, callback as PendingAck);
        return;
      }
      const settle: TimedAckCallback = (error, ...args) => {
        if (cancel) cancel();
        table.delete(id);
        if (error) socket.sendBuffer = socket.sendBuffer.filter((packet) => !isAsking(packet, id));
        callback.call(socket, error, ...args);
      };
      const cancel =
        timeout === undefined ? undefined : socket.io.platform().after(timeout, () => settle(ackTimeoutError(timeout)));
      // Nothing that is decoded is an Error: as first argument it is what our own other end failed with (ack-errors.ts).
      const pending: PendingAck = (...args) => (args[0] instanceof Error ? settle(args[0]) : settle(null, ...args));
      pending.abandon = settle;
      table.set(id, pending);
    },

    settle(id, args) {
      const pending = take(id);
      if (pending) pending.apply(socket, args as unknown[]);
    },

    fail(id, error) {
      const { abandon } = take(id) || {};
      if (abandon) abandon(error);
      return !!abandon;
    },

    abandon(reason, plain) {
      const gone: PendingAck[] = [];
      table.forEach((pending, id) => {
        if ((plain && pending.abandon) || !isBuffered(socket, id)) {
          gone.push(pending);
          table.delete(id);
        }
      });
      guard(socket.io.platform().soon, () => {
        for (const { abandon } of gone) if (abandon) abandon(ackDisconnectedError(reason));
      });
    },
  };
}

function isBuffered({ sendBuffer }: Socket, id: number): boolean {
  return sendBuffer.some((packet) => isAsking(packet, id));
}

/** Answers wait there too, and their ids are the server's. */
function isAsking({ type, id }: SocketPacket, asked: number): boolean {
  return type === PacketType.EVENT && id === asked;
}
