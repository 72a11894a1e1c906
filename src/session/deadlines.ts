// session/ Deadlines of thousands of connections on one host timer (ARCHITECTURE.md, "Deadlines").
//
// A deadline lies in the bucket of its due time, rounded up to the precision that its delay deserves. Buckets are few, whatever the number of
// connections: below 1 s of delay one every 8 ms, below 10 s one every 64 ms, above one every 256 ms. A heap of their times tells which is next;
// the host timer is set for that one alone, and there is none while nothing is pending.
import type { Cancel, Clock } from "./platform.js";

/** A timer that is this late is lost: it belonged to fake timers that were taken off again, or to a clock that they replaced. */
const LOST_AFTER_MS = 1000;
/** No host timer fires this early by its clock. One that does is a fake timer that left the clock as it is: then the timer is right. */
const NEVER_EARLY_BY_MS = 5;

/** Who is called when a {@link Deadline} passes. */
export interface DeadlineOwner {
  onDeadline(deadline: Deadline): void;
}

/** One point in time. Set and cleared at will through {@link Deadlines}, to which all its fields belong. Where there are many, the owner may be the entry itself. */
export interface DeadlineEntry {
  /** The bucket it lies in, and its neighbours there; undefined at the beginning. */
  bucket: Bucket | undefined;
  previous: DeadlineEntry | undefined;
  next: DeadlineEntry | undefined;
  /** It passed. */
  onDeadline(): void;
}

/** One point in time for one owner, who may have others. */
export class Deadline implements DeadlineEntry {
  bucket: Bucket | undefined = undefined;
  previous: DeadlineEntry | undefined = undefined;
  next: DeadlineEntry | undefined = undefined;
  private readonly owner: DeadlineOwner;

  constructor(owner: DeadlineOwner) {
    this.owner = owner;
  }

  onDeadline(): void {
    this.owner.onDeadline(this);
  }

  /** Whether it is set and has not passed. */
  get pending(): boolean {
    return this.bucket !== undefined;
  }
}

interface Bucket {
  readonly due: number;
  first: DeadlineEntry | undefined;
}

/** All pending deadlines of one process side. Never early; at most 10 ms late for delays under a second. */
export class Deadlines {
  private readonly clock: Clock;
  private readonly buckets = new Map<number, Bucket>();
  /** Due times of the buckets, a binary heap with the smallest first. */
  private heap: number[] = [];
  private count = 0;
  private cancelTimer: Cancel | undefined = undefined;
  private timerDue = 0;
  /** How far fake timers have run ahead of the clock. */
  private ahead = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** How many are pending. */
  get size(): number {
    return this.count;
  }

  /** Sets `deadline` to `ms` milliseconds from now, whether or not it was set before. */
  set(deadline: DeadlineEntry, ms: number): void {
    this.unlink(deadline);
    const due = roundUp(this.now() + ms, ms);
    let bucket = this.buckets.get(due);
    if (bucket === undefined) {
      bucket = { due, first: undefined };
      this.buckets.set(due, bucket);
      this.push(due);
    }
    deadline.bucket = bucket;
    deadline.next = bucket.first;
    if (bucket.first !== undefined) bucket.first.previous = deadline;
    bucket.first = deadline;
    this.count++;
    this.schedule();
  }

  /** Clears `deadline`; its owner is not called. A no-op where it is not set. */
  clear(deadline: DeadlineEntry): void {
    if (!this.unlink(deadline) || this.count > 0) return;
    this.stop();
    this.buckets.clear();
    this.heap = [];
  }

  private unlink(deadline: DeadlineEntry): boolean {
    const { bucket, previous, next } = deadline;
    if (bucket === undefined) return false;
    if (previous !== undefined) previous.next = next;
    else bucket.first = next;
    if (next !== undefined) next.previous = previous;
    deadline.bucket = undefined;
    deadline.previous = undefined;
    deadline.next = undefined;
    this.count--;
    return true;
  }

  private now(): number {
    return this.clock.now() + this.ahead;
  }

  private schedule(): void {
    const due = this.heap[0];
    if (due === undefined) return;
    const now = this.now();
    if (this.cancelTimer !== undefined && this.timerDue <= due && now < this.timerDue + LOST_AFTER_MS) return;
    this.stop();
    this.timerDue = due;
    this.cancelTimer = this.clock.after(Math.max(0, Math.ceil(due - now)), () => this.run(), true);
  }

  private stop(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private run(): void {
    this.cancelTimer = undefined;
    const early = this.timerDue - this.now();
    if (early > NEVER_EARLY_BY_MS) this.ahead += early;
    const now = this.now();
    for (let due = this.heap[0]; due !== undefined && due <= now; due = this.heap[0]) {
      this.pop();
      const bucket = this.buckets.get(due);
      this.buckets.delete(due);
      // Owners may clear or set any deadline, also those of this bucket: take them off its front one by one.
      while (bucket?.first !== undefined) {
        const deadline = bucket.first;
        this.unlink(deadline);
        deadline.onDeadline();
      }
    }
    if (this.count > 0) this.schedule();
    else {
      this.buckets.clear();
      this.heap = [];
    }
  }

  private push(due: number): void {
    const { heap } = this;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= due) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && right < (heap[child] as number)) child++;
      if ((heap[child] as number) >= last) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = last;
  }
}

function roundUp(due: number, delay: number): number {
  const step = delay < 1000 ? 8 : delay < 10_000 ? 64 : 256;
  return Math.ceil(due / step) * step;
}
