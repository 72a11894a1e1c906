// event/ Acknowledgements that are waited for (Socket.IO protocol v5, "Acknowledgement"; ARCHITECTURE.md, "Trust").
//
//   awaited ──▶ answered     the ACK packet came: the callback gets its arguments
//      ├──────▶ timed out    only timed ones: the callback gets ACK_TIMEOUT
//      └──────▶ abandoned    the socket is gone: timed ones and promises get ACK_DISCONNECTED, plain callbacks are let go
import { VaivenError } from "../errors.js";
import type { Cancel, Clock } from "../session/platform.js";

/** Called with the arguments of an ACK packet. */
export type AckCallback = (...args: unknown[]) => void;

/** Called with an error, or with null and the arguments of an ACK packet. */
export type TimedAckCallback = (error: Error | null, ...args: unknown[]) => void;

/** What an {@link AckTable} holds: the answer's receiver, and what to do when no answer can come any more. @internal */
export interface PendingAck {
  (...args: unknown[]): void;
  /** Absent for plain callbacks, which are released and not called. */
  abandon?: (error: VaivenError) => void;
  /** Of a broadcast: the tables that hold it, and under which id. Whoever lets go of it need not look through the sockets that were never asked. */
  holders?: Map<AckTable, number>;
}

/** The acknowledgements that a socket waits for, by packet id. A plain Map, because npm's adapters put entries into it. */
export type AckTable = Map<number, PendingAck>;

/** The error of an acknowledgement that did not come in time. */
export function ackTimeoutError(ms: number): VaivenError {
  return new VaivenError("ACK_TIMEOUT", "operation has timed out", { detail: { timeout: ms } });
}

/** The error of an acknowledgement that cannot come any more. */
export function ackDisconnectedError(reason?: string): VaivenError {
  return new VaivenError("ACK_DISCONNECTED", "socket has been disconnected", { detail: { reason } });
}

/** Waits for answer `id` for `ms` milliseconds; `callback` is called once, whatever happens. */
export function expectAckWithin(
  table: AckTable,
  id: number,
  ms: number,
  clock: Clock,
  callback: TimedAckCallback,
): void {
  let cancel: Cancel | undefined;
  const pending: PendingAck = (...args) => {
    cancel?.();
    answer(callback, args);
  };
  pending.abandon = (error) => {
    cancel?.();
    callback(error);
  };
  table.set(id, pending);
  cancel = clock.after(ms, () => {
    table.delete(id);
    callback(ackTimeoutError(ms));
  });
}

/** Waits for answer `id` without a limit of time; `callback` is called once, with an error if the socket goes first. */
export function expectAck(table: AckTable, id: number, callback: TimedAckCallback): void {
  const pending: PendingAck = (...args) => answer(callback, args);
  pending.abandon = (error) => callback(error);
  table.set(id, pending);
}

/** Nothing that is decoded is an Error: as first argument it is what our own other end failed with (ack-errors.ts). */
function answer(callback: TimedAckCallback, args: readonly unknown[]): void {
  if (args[0] instanceof Error) callback(args[0]);
  else callback(null, ...args);
}

/** Puts the acknowledgement of a broadcast into the table of one of its receivers. */
export function holdAck(table: AckTable, id: number, ack: PendingAck): void {
  table.set(id, ack);
  ack.holders?.set(table, id);
}

/** Takes the acknowledgement of a broadcast out of every table that holds it. False if no table was ever given it by {@link holdAck}. */
export function releaseAck({ holders }: PendingAck): boolean {
  if (holders === undefined || holders.size === 0) return false;
  for (const [table, id] of holders) table.delete(id);
  holders.clear();
  return true;
}

/** Takes out whoever waits for answer `id`; undefined if nobody does (unknown id, or too late). */
export function takeAck(table: AckTable, id: number): PendingAck | undefined {
  const pending = table.get(id);
  if (pending !== undefined) table.delete(id);
  return pending;
}

/** The socket is gone: empties the table, then tells those who must be told. Plain callbacks are released. */
export function abandonAcks(table: AckTable, error: VaivenError): void {
  const entries = [...table.values()];
  table.clear();
  for (const pending of entries) pending.abandon?.(error);
}
