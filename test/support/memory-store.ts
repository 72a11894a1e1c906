// Test support: the store of an outbox in memory, which outlives the client that uses it. What a process has not been told to be done may not have happened.
import { VaivenError } from "../../src/errors.js";
import type { OutboxStore, StoredEntry, StoredEvent, StoredState } from "../../src/session/outbox-store.js";

/** What lies on the disk. */
export class MemoryDisk {
  readonly entries: StoredEntry[] = [];
  attempted = 0;
  next = 1;
  /** Set to make everything fail. */
  isBroken = false;
}

export class MemoryStore implements OutboxStore {
  private readonly disk: MemoryDisk;
  private isDead = false;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
  }

  /** The process has ended: nothing that is under way happens any more. */
  die(): void {
    this.isDead = true;
  }

  open(): Promise<StoredState> {
    return this.later(() => ({ id: "an-outbox-of-the-tests", attempted: this.disk.attempted }));
  }

  append(event: StoredEvent, maxEntries: number): Promise<number> {
    return this.later(({ entries }) => {
      if (entries.length >= maxEntries) throw new VaivenError("OUTBOX_FULL", `${maxEntries} events wait already`);
      const seq = this.disk.next++;
      entries.push({ seq, ...event });
      return seq;
    });
  }

  entries(after: number, limit: number): Promise<StoredEntry[]> {
    return this.later(({ entries }) => entries.filter(({ seq }) => seq > after).slice(0, limit));
  }

  count(): Promise<number> {
    return this.later(({ entries }) => entries.length);
  }

  attempt(seq: number): Promise<void> {
    return this.later((disk) => {
      disk.attempted = Math.max(disk.attempted, seq);
    });
  }

  attempted(): Promise<number> {
    return this.later(({ attempted }) => attempted);
  }

  remove(upTo: number): Promise<void> {
    return this.later(({ entries }) => {
      while (entries[0] !== undefined && entries[0].seq <= upTo) entries.shift();
    });
  }

  async lead(): Promise<void> {}

  watch(): void {}

  async close(): Promise<void> {
    this.isDead = true;
  }

  private async later<T>(work: (disk: MemoryDisk) => T): Promise<T> {
    await undefined;
    if (this.isDead) return new Promise(() => {});
    if (this.disk.isBroken) throw new VaivenError("OUTBOX_STORE_FAILED", "the disk is broken");
    return work(this.disk);
  }
}
