// event/ The sending half of acknowledged delivery (ARCHITECTURE.md, "Between our own two ends"): the packets of one socket that the other end may not have.
//
//   numbers    1 ───────── confirmed ─────── base ──────────────── sent
//              the other end has them │ evicted │ in the log, in order
//
// A packet's number is its place in the order of all that were sent. It does not travel: the transport keeps the order, so both ends count.
import type { Outgoing } from "../packet/outgoing.js";

/** How much a log may hold. Its owner sees to it: a client sends no more while its log is full, a server, which cannot wait for one client, evicts. */
export interface DeliveryLimits {
  readonly maxPackets: number;
  /** Characters of text and bytes of attachments, which is cheaper to know than bytes on the wire and about the same. */
  readonly maxBytes: number;
}

/** Who is sent the rest of a log. Called in the order in which it must arrive. */
export interface ReplaySink {
  packet(packet: Outgoing): void;
  /** This many numbers belong to volatile packets, which are not sent again: the other end counts them as received. */
  skip(count: number): void;
}

const MIN_SLOTS = 16;
/** Room for what comes between two confirmations: making it anew each time cost a broadcast more than keeping it. */
const RESTING_SLOTS = 512;

/**
 * The packets of one direction, from the first unconfirmed one on. They are encoded already; a broadcast's is the same object in every log.
 * In a ring, since packets come at one end and go at the other as often as events do.
 */
export class DeliveryLog {
  /** The number of the last packet that the other end has said to have. */
  confirmed = 0;
  private first = 0;
  private end = 0;
  private size = 0;
  /** Packet number n, counted from 0, lies in slot n modulo their number, which is a power of two. */
  private slots: (Outgoing | undefined)[] = [];
  private readonly limits: DeliveryLimits;

  /** `base`: the number of the last packet before it begins, for one that goes on where another was. */
  constructor(limits: DeliveryLimits, base: number = 0) {
    this.limits = limits;
    this.first = this.end = this.confirmed = base;
  }

  /** The number of the last packet that is not in the log. */
  get base(): number {
    return this.first;
  }

  /** The number of the last packet that was sent. */
  get sent(): number {
    return this.end;
  }

  /** What its packets take: see {@link DeliveryLimits.maxBytes}. */
  get bytes(): number {
    return this.size;
  }

  /** Whether it is time to ask the other end what it has, so that the log need not evict. */
  get isFilling(): boolean {
    return this.size * 2 > this.limits.maxBytes || (this.end - this.first) * 2 > this.limits.maxPackets;
  }

  /** Whether nothing more should be added. */
  get isFull(): boolean {
    return this.size >= this.limits.maxBytes || this.end - this.first >= this.limits.maxPackets;
  }

  /** Takes the next packet. */
  push(packet: Outgoing): void {
    const count = this.end - this.first;
    if (count === this.slots.length) this.grow(count);
    this.slots[this.end & (this.slots.length - 1)] = packet;
    this.end++;
    this.size += sizeOf(packet);
  }

  /** Lets go of the oldest packets until the limits hold: who lacks one of them cannot be served from the log any more. */
  evict(): void {
    const { maxPackets, maxBytes } = this.limits;
    while (this.size > maxBytes || this.end - this.first > maxPackets) this.drop(1);
  }

  /** The other end has received `received` packets. Undefined if it cannot have; otherwise how many could be dropped: 0 for what was known. */
  confirm(received: number): number | undefined {
    if (received > this.end) return undefined;
    if (received > this.confirmed) this.confirmed = received;
    const count = Math.max(0, received - this.first);
    this.drop(count);
    return count;
  }

  /** Whether the log has everything that an end which received `received` packets lacks. */
  reaches(received: number): boolean {
    return received >= this.first && received <= this.end;
  }

  /** Sends everything that is in the log. */
  replay(sink: ReplaySink): void {
    const packets: Outgoing[] = [];
    for (let number = this.first; number < this.end; number++)
      packets.push(this.slots[number & (this.slots.length - 1)] as Outgoing);
    replayTo(sink, packets);
  }

  /** Lets go of everything. Numbers go on. */
  clear(): void {
    this.drop(this.end - this.first);
    this.slots = [];
  }

  private grow(count: number): void {
    const slots = new Array<Outgoing | undefined>(Math.max(MIN_SLOTS, count * 2));
    for (let number = this.first; number < this.end; number++) {
      slots[number & (slots.length - 1)] = this.slots[number & (this.slots.length - 1)];
    }
    this.slots = slots;
  }

  private drop(count: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    for (let left = count; left > 0; left--) {
      const slot = this.first++ & mask;
      this.size -= sizeOf(slots[slot] as Outgoing);
      slots[slot] = undefined;
    }
    // What a burst has made large need not stay so.
    if (this.first === this.end && slots.length > RESTING_SLOTS) this.slots = [];
  }
}

/** What a packet counts: see {@link DeliveryLimits.maxBytes}. */
export function sizeOf({ head, rest }: Outgoing): number {
  let size = head.length;
  if (rest !== undefined) for (const packet of rest) size += packet.length;
  return size;
}

/** Sends `packets`, in order, and says of how many volatile ones the place is between them. */
export function replayTo(sink: ReplaySink, packets: readonly Outgoing[]): void {
  let skipped = 0;
  for (const packet of packets) {
    if (packet.volatile) {
      skipped++;
      continue;
    }
    if (skipped > 0) sink.skip(skipped);
    skipped = 0;
    sink.packet(packet);
  }
  if (skipped > 0) sink.skip(skipped);
}
