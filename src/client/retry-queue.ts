// client/ The option `retries`: events stay here until they are acknowledged. In order: several under way at once where both ends count them, else one, at least once.
import type { TimedAckCallback } from "../event/acks.js";
import type { EmitFlags } from "./socket-options.js";

/** Events under way at once where each is sent once. More would only fill buffers: the answers come in the order of the events. */
const WINDOW = 16;

interface Entry {
  /** The event's name and arguments, without its callback. */
  readonly data: unknown[];
  readonly flags: EmitFlags;
  readonly callback: TimedAckCallback | undefined;
  tries: number;
  isUnderWay: boolean;
  /** Both ends count what they have: it is sent once, whatever becomes of its answer. */
  isCounted: boolean;
}

/** The queue of one socket. */
export class RetryQueue {
  private readonly entries: Entry[] = [];
  private readonly retries: number;
  private readonly counts: () => boolean;
  private readonly emit: (entry: Entry, callback: TimedAckCallback) => void;

  /**
   * `counts` says whether both ends count what is sent now: then it need not be sent again while the session lasts.
   * `emit` sends an entry; its callback is called once, with an error if no answer comes.
   */
  constructor(retries: number, counts: () => boolean, emit: (entry: Entry, callback: TimedAckCallback) => void) {
    this.retries = retries;
    this.counts = counts;
    this.emit = emit;
  }

  /** Takes an event, with its callback as last argument if it has one, and sends it if the socket is connected and the window has room. */
  add(data: unknown[], flags: EmitFlags, connected: boolean): void {
    const callback = typeof data[data.length - 1] === "function" ? (data.pop() as TimedAckCallback) : undefined;
    this.entries.push({
      data,
      flags: Object.assign({}, flags, { settles: true, fromQueue: true }),
      callback,
      tries: 0,
      isUnderWay: false,
      isCounted: false,
    });
    if (connected) this.send();
  }

  /** Sends what the window has room for. `again`: the connection is a new one, whatever was under way is lost. */
  send(again?: boolean): void {
    const isCounted = this.counts();
    if (again) for (const entry of this.entries) entry.isUnderWay = false;
    // What is sent again would come behind what was sent after it: where that can be, nothing is.
    for (const entry of this.entries.slice(0, isCounted ? WINDOW : 1)) {
      if (entry.isUnderWay) continue;
      entry.isUnderWay = true;
      entry.isCounted = isCounted;
      const attempt = ++entry.tries;
      this.emit(entry, (error, ...args) => {
        const at = this.entries.indexOf(entry);
        if (at < 0 || entry.tries !== attempt) return;
        if (error) {
          entry.isUnderWay = false;
          const { code } = error as { code?: string };
          // The loss of a connection is not the event's fault: it goes again with the next one.
          if (code === "ACK_DISCONNECTED") {
            entry.tries--;
            return;
          }
          if (code === "ACK_TIMEOUT" && attempt <= this.retries && !entry.isCounted) {
            this.send();
            return;
          }
        }
        this.entries.splice(at, 1);
        entry.callback?.(error, ...args);
        this.send();
      });
    }
  }
}
