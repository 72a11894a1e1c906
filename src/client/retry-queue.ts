// client/ The option `retries`: events stay here until they are acknowledged. In order: several under way at once where both ends count them, else one, at least once.
import type { VaivenError } from "../errors.js";
import type { TimedAckCallback } from "../event/acks.js";
import type { EmitFlags } from "./socket-options.js";

/** Events under way at once where each is sent once. More would only fill buffers: the answers come in the order of the events. */
const WINDOW = 16;

interface Entry {
  /** The event's name and arguments, without its callback. */
  readonly data: unknown[];
  readonly flags: EmitFlags;
  readonly callback: TimedAckCallback | undefined;
  readonly size: number;
  tries: number;
  isUnderWay: boolean;
  /** Both ends count what they have: it is sent once, whatever becomes of its answer. */
  isCounted: boolean;
}

/** The queue of one socket. */
export class RetryQueue {
  /** What they take, as they were measured. */
  bytes = 0;
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

  /** How many there are. */
  get length(): number {
    return this.entries.length;
  }

  /**
   * Takes an event of `size` bytes, with its callback as last argument if it has one, and sends it if the socket is connected and the window has room.
   * Returns what lets it go, with an error, if it still waits for that.
   */
  add(data: unknown[], flags: EmitFlags, size: number, connected: boolean): (error: VaivenError) => void {
    const callback = typeof data[data.length - 1] === "function" ? (data.pop() as TimedAckCallback) : undefined;
    const added: Entry = {
      data,
      size,
      flags: Object.assign({}, flags, { settles: true, fromQueue: true }),
      callback,
      tries: 0,
      isUnderWay: false,
      isCounted: false,
    };
    this.entries.push(added);
    this.bytes += size;
    if (connected) this.send();
    return (error) => {
      if (!added.isUnderWay) this.remove(added, error);
    };
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
        if (entry.tries !== attempt) return;
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
        if (this.remove(entry, error, ...args)) this.send();
      });
    }
  }

  private remove(entry: Entry, ...answer: Parameters<TimedAckCallback>): boolean {
    const at = this.entries.indexOf(entry);
    if (at < 0) return false;
    this.entries.splice(at, 1);
    this.bytes -= entry.size;
    entry.callback?.(...answer);
    return true;
  }
}
