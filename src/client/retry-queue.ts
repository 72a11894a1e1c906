// client/ The option `retries`: events stay here until they are acknowledged. In order: several under way at once where both ends count them, else one, at least once.
import type { VaivenError } from "../errors.js";
import type { TimedAckCallback } from "../event/acks.js";
import type { Socket } from "./socket.js";
import type { EmitFlags, SocketOptions } from "./socket-options.js";

/** Events under way at once where each is sent once. More would only fill buffers: the answers come in the order of the events. */
const WINDOW = 16;

/** @internal */
interface Entry {
  /** The event's name and arguments, without its callback. */
  readonly data: unknown[];
  readonly flags: EmitFlags;
  readonly callback: TimedAckCallback;
  readonly options: { readonly size: number };
  tries: number;
  isUnderWay: boolean;
}

/** The queue of one socket. @internal */
export interface RetryQueue {
  /** In their order. */
  readonly entries: readonly Entry[];
  /** Takes an event, and sends it if the socket is connected and the window has room. Throws why it can never be sent, unless the callback is told. */
  add(data: unknown[], flags: EmitFlags, callback: TimedAckCallback | undefined): void;
  /** Sends what the window has room for. */
  send(): void;
}

/** What a queue needs of the way out behind it. @internal */
export interface EmitsOnce {
  /** As `emit`, without the queue of `retries`. */
  emitOnce(data: unknown[], flags: EmitFlags, callback: TimedAckCallback | undefined): void;
  /** Bytes of an event that has to wait behind `others`. Throws why it cannot: who emits it can be told now, but not when it is sent. */
  weigh(data: readonly unknown[], others: readonly { readonly options: { readonly size?: number } }[]): number;
  /** Calls `drop` when an event has waited for too long. */
  whenTooOld(event: readonly unknown[], drop: (error: VaivenError) => void): void;
}

/** Makes the queue of one socket. @internal */
export function retryQueue(
  socket: Socket,
  { retries = 0, ackTimeout }: Partial<SocketOptions>,
  sender: EmitsOnce,
): RetryQueue {
  const entries: Entry[] = [];

  const remove = (entry: Entry, ...answer: Parameters<TimedAckCallback>): boolean => {
    const at = entries.indexOf(entry);
    if (at < 0) return false;
    entries.splice(at, 1);
    entry.callback(...answer);
    return true;
  };

  const send = (): void => {
    const delivery = socket._delivery;
    // Both ends count what they have: it is sent once, whatever becomes of its answer, which may take as long as all attempts.
    const isCounted = delivery && delivery.isActive;
    // What is sent again would come behind what was sent after it: where that can be, nothing is.
    for (const entry of entries.slice(0, isCounted ? WINDOW : 1)) {
      if (entry.isUnderWay) continue;
      entry.isUnderWay = true;
      const attempt = ++entry.tries;
      const { data, flags } = entry;
      const { timeout = ackTimeout } = flags;
      const own = { settles: true, fromQueue: true, timeout: isCounted && timeout ? timeout * (retries + 1) : timeout };
      sender.emitOnce(data.slice(), Object.assign({}, flags, own), (error, ...args) => {
        if (entry.tries !== attempt) return;
        if (error) {
          entry.isUnderWay = false;
          const { code } = error as VaivenError;
          // The loss of a connection is not the event's fault: it goes again with the next one.
          if (code === "ACK_DISCONNECTED") {
            entry.tries--;
            return;
          }
          if (code === "ACK_TIMEOUT" && attempt <= retries && !isCounted) {
            send();
            return;
          }
        }
        if (remove(entry, error, ...args)) send();
      });
    }
  };

  return {
    entries,
    add(data, flags, given) {
      const { io, connected } = socket;
      // Without a callback nobody else would tell.
      const callback: TimedAckCallback =
        given || ((error) => error && /^(PACKET|SESSION)/.test((error as VaivenError).code) && io._report(error));
      let size: number;
      try {
        size = sender.weigh(data, entries);
      } catch (error) {
        if (!given) throw error;
        io.platform().soon(() => given(error as VaivenError));
        return;
      }
      const added: Entry = { data, flags, callback, options: { size }, tries: 0, isUnderWay: false };
      entries.push(added);
      if (connected) send();
      sender.whenTooOld(data, (error) => {
        if (!added.isUnderWay) remove(added, error);
      });
    },
    send,
  };
}
