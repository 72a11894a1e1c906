// session/ When output leaves: at the end of the read that caused it, or at the end of the turn (ARCHITECTURE.md, "Flush").

/** Something that may have output to send: a session. @internal */
export interface Flushable {
  /** Hands everything that waits to the transport. Never throws, never calls user code. */
  flush(): void;
}

/** What sessions and transports ask of a {@link FlushQueue}. */
export type FlushScheduler = Pick<FlushQueue, "enter" | "leave" | "add">;

/**
 * The connections that have something to send. One queue per process side (all servers share one).
 *
 * While a chunk is read (`enter` … `leave`), everything that handlers send collects, and leaves when the last sink has returned.
 * Outside of a read, the first `add` of a turn schedules one flush at the end of that turn. Nothing waits for a timer.
 *
 * @internal
 */
export class FlushQueue {
  private dirty: Flushable[] = [];
  private spare: Flushable[] = [];
  private depth = 0;
  private scheduled = false;
  private readonly soon: (fn: () => void) => void;
  private readonly runScheduled: () => void;

  constructor(soon: (fn: () => void) => void) {
    this.soon = soon;
    this.runScheduled = () => {
      this.scheduled = false;
      this.flushAll();
    };
  }

  /** A read begins: what is added from now on waits for the matching {@link leave}. Nests. */
  enter(): void {
    this.depth++;
  }

  /** A read ends: at the outermost level everything that waits is flushed. Call it in a `finally`. */
  leave(): void {
    if (--this.depth === 0 && this.dirty.length > 0) this.flushAll();
  }

  /** Remembers that `flushable` has output. The caller adds it once per flush (it knows whether it is already here). */
  add(flushable: Flushable): void {
    this.dirty.push(flushable);
    if (this.depth === 0 && !this.scheduled) {
      this.scheduled = true;
      this.soon(this.runScheduled);
    }
  }

  /** Flushes everything now: at the end of a read or turn, and when the process exits. */
  flushAll(): void {
    while (this.dirty.length > 0) {
      const list = this.dirty;
      this.dirty = this.spare;
      for (const flushable of list) flushable.flush();
      list.length = 0;
      this.spare = list;
    }
  }
}
