// event/ The sending half of acknowledged delivery (design, "Between our own two ends"): the packets of one socket that the other end may not have.
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

/** The packets of one direction, from the first unconfirmed one on. They are encoded already; a broadcast's is the same object in every log. */
export class DeliveryLog {
  /** The number of the last packet that is not in the log. */
  base = 0;
  /** The number of the last packet that the other end has said to have. */
  confirmed = 0;
  private size = 0;
  private readonly packets: Outgoing[] = [];
  private readonly limits: DeliveryLimits;

  constructor(limits: DeliveryLimits) {
    this.limits = limits;
  }

  /** The number of the last packet that was sent. */
  get sent(): number {
    return this.base + this.packets.length;
  }

  /** What its packets take: see {@link DeliveryLimits.maxBytes}. */
  get bytes(): number {
    return this.size;
  }

  /** Whether it is time to ask the other end what it has, so that the log need not evict. */
  get isFilling(): boolean {
    return this.size * 2 > this.limits.maxBytes || this.packets.length * 2 > this.limits.maxPackets;
  }

  /** Whether nothing more should be added. */
  get isFull(): boolean {
    return this.size >= this.limits.maxBytes || this.packets.length >= this.limits.maxPackets;
  }

  /** Takes the next packet. */
  push(packet: Outgoing): void {
    this.packets.push(packet);
    this.size += sizeOf(packet);
  }

  /** Lets go of the oldest packets until the limits hold: who lacks one of them cannot be served from the log any more. */
  evict(): void {
    while (this.packets.length > this.limits.maxPackets || this.size > this.limits.maxBytes) this.drop(1);
  }

  /** The other end has received `received` packets. Undefined if it cannot have; otherwise how many could be dropped: 0 for what was known. */
  confirm(received: number): number | undefined {
    if (received > this.sent) return undefined;
    if (received > this.confirmed) this.confirmed = received;
    const count = Math.max(0, received - this.base);
    this.drop(count);
    return count;
  }

  /** Whether the log has everything that an end which received `received` packets lacks. */
  reaches(received: number): boolean {
    return received >= this.base && received <= this.sent;
  }

  /** Sends everything that is in the log. */
  replay(sink: ReplaySink): void {
    let skipped = 0;
    for (const packet of this.packets) {
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

  /** Lets go of everything. Numbers go on. */
  clear(): void {
    this.drop(this.packets.length);
  }

  private drop(count: number): void {
    if (count === 0) return;
    if (count === 1) this.size -= sizeOf(this.packets.shift() as Outgoing);
    else for (const packet of this.packets.splice(0, count)) this.size -= sizeOf(packet);
    this.base += count;
  }
}

function sizeOf({ head, rest }: Outgoing): number {
  let size = head.length;
  if (rest !== undefined) for (const packet of rest) size += packet.length;
  return size;
}
