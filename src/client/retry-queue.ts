// client/ The option `retries`: events stay here until they are acknowledged. In order: several under way at once where both ends count them, else one, at least once.
import type { VaivenError } from "../errors.js";
import type { TimedAckCallback } from "../event/acks.js";
import type { Sender } from "./sender.js";
import type { Socket } from "./socket.js";
import type { EmitFlags, SocketOptions } from "./socket-options.js";

/** Events under way at once where each is sent once. More would only fill buffers: the answers come in the order of the events. */
const WINDOW = 16;

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
export class RetryQueue {
  private readonly entries: Entry[] = [];
  private readonly socket: Socket;
  private readonly sender: Sender;
  private readonly opts: Partial<SocketOptions>;

  constructor(socket: Socket, sender: Sender, opts: Partial<SocketOptions>) {
    this.socket = socket;
    this.sender = sender;
    this.opts = opts;
  }

  /** Takes an event, and sends it if the socket is connected and the window has room. Throws `PACKET_*` for what can never be sent, unless the callback is told. */
  add(data: unknown[], flags: EmitFlags, given: TimedAckCallback | undefined): void {
    const { entries, sender } = this;
    const { io, connected } = this.socket;
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
    if (connected) this.send();
    sender.whenTooOld(data, (error) => {
      if (!added.isUnderWay) this.remove(added, error);
    });
  }

  /** Sends what the window has room for. `again`: the connection is a new one, whatever was under way is lost. */
  send(again?: boolean): void {
    const { entries, socket, sender } = this;
    const { _delivery } = socket;
    const { retries = 0, ackTimeout } = this.opts;
    // Both ends count what they have: it is sent once, whatever becomes of its answer, which may take as long as all attempts.
    const isCounted = _delivery && _delivery.isActive;
    if (again) for (const entry of entries) entry.isUnderWay = false;
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
            this.send();
            return;
          }
        }
        if (this.remove(entry, error, ...args)) this.send();
      });
    }
  }

  private remove(entry: Entry, ...answer: Parameters<TimedAckCallback>): boolean {
    const { entries } = this;
    const at = entries.indexOf(entry);
    if (at < 0) return false;
    entries.splice(at, 1);
    entry.callback(...answer);
    return true;
  }
}
