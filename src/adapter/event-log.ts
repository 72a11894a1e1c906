// adapter/ The events of one namespace that a returning client may have missed, in order, bounded by age and by bytes.
import type { Outgoing } from "../packet/outgoing.js";
import type { Room } from "./contract.js";

/** An event, and to whom it went. */
export interface LoggedEvent {
  /** Counts the events of the namespace, from 1, without gaps. */
  readonly sequence: number;
  /** When it was sent, on the clock of the log's owner. */
  readonly at: number;
  /** It holds no reference to the program's values: what is changed after the emit is replayed as it was. */
  readonly packet: Outgoing;
  readonly rooms: ReadonlySet<Room>;
  readonly except: ReadonlySet<Room> | undefined;
}

/** What a log may hold. */
export interface EventLogLimits {
  /** Milliseconds after which an event is let go. */
  readonly maxAge: number;
  /** Bytes of all events. One more and the oldest go before their time. */
  readonly maxBytes: number;
}

/** What an event costs beside its bytes: the entry, the packet, the sets of its rooms. An estimate. */
const ENTRY_BYTES = 300;
/** The front of the array is cut off when it is the greater part of it, and worth a copy. */
const MIN_CUT = 256;

interface Entry extends LoggedEvent {
  readonly bytes: number;
}

/** A queue: events enter at the end and leave at the front. */
export class EventLog {
  /** The sequence of the newest event; 0 before the first. */
  last = 0;
  private readonly limits: EventLogLimits;
  private readonly entries: (Entry | undefined)[] = [];
  /** Entries before this one are gone: their places are empty until they are cut off. */
  private front = 0;
  private bytes = 0;
  /** The newest event that had to go before its time. Not the entry, which would keep its packet. */
  private evicted: Pick<LoggedEvent, "sequence" | "at"> | undefined = undefined;

  constructor(limits: EventLogLimits) {
    this.limits = limits;
  }

  /** How many events it holds. */
  get size(): number {
    return this.entries.length - this.front;
  }

  /** Appends an event under the next sequence; `size` is the bytes of its packet. */
  add(
    packet: Outgoing,
    size: number,
    at: number,
    rooms: ReadonlySet<Room>,
    except: ReadonlySet<Room> | undefined,
  ): void {
    const bytes = size + ENTRY_BYTES;
    this.entries.push({ sequence: ++this.last, at, packet, rooms, except, bytes });
    this.bytes += bytes;
    this.expire(at);
    while (this.bytes > this.limits.maxBytes) {
      const { sequence, at: sent } = this.shift();
      this.evicted = { sequence, at: sent };
    }
  }

  /** Lets go of what is too old at `now`. */
  expire(now: number): void {
    for (;;) {
      const oldest = this.entries[this.front];
      if (oldest === undefined || now - oldest.at <= this.limits.maxAge) break;
      this.shift();
    }
  }

  /** Whether every event behind `sequence` that was sent at `since` or later is still there. */
  reaches(sequence: number, since: number): boolean {
    return this.evicted === undefined || this.evicted.sequence <= sequence || this.evicted.at < since;
  }

  /** The events behind `sequence`, in order. */
  *behind(sequence: number): Generator<LoggedEvent, void, undefined> {
    const oldest = this.entries[this.front];
    if (oldest === undefined) return;
    let at = this.front + Math.max(0, sequence + 1 - oldest.sequence);
    for (; at < this.entries.length; at++) yield this.entries[at] as Entry;
  }

  /** Lets go of everything. */
  clear(): void {
    this.entries.length = 0;
    this.front = 0;
    this.bytes = 0;
  }

  private shift(): Entry {
    const entry = this.entries[this.front] as Entry;
    this.entries[this.front++] = undefined;
    this.bytes -= entry.bytes;
    if (this.front >= MIN_CUT && this.front * 2 > this.entries.length) {
      this.entries.splice(0, this.front);
      this.front = 0;
    }
    return entry;
  }
}
