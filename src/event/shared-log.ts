// event/ The log of a server's socket (as delivery-log.ts, which clients have): broadcasts are kept once for all their receivers, and each receiver counts.
//
//   slots      "text" │ run of 64 │ packet │ run of 60 │            in order, one slot for each kept by itself and for each run
//   open run                                           │ of 17 ▸    the latest packets, if they are consecutive ones of a stream: one more of it is two additions
import { Outgoing } from "../packet/outgoing.js";
import { type DeliveryLimits, type ReplaySink, replayTo, sizeOf } from "./delivery-log.js";
import { MAX_SHARED_BYTES, MAX_SHARED_PACKETS, type SharedPackets } from "./shared-packets.js";

const MIN_SLOTS = 16;
/** Room for what comes between two confirmations: making it anew each time cost more than keeping it. */
const RESTING_SLOTS = 128;

/** Packets of a piece of a stream: those from index `from` to before `to`. */
interface Run {
  readonly shared: SharedPackets;
  from: number;
  readonly to: number;
}

/** A packet without attachments and with the usual flags is its text: many are kept for a moment, and each object less is one less for the collector to move. */
type Slot = string | Outgoing | Run;

/**
 * The packets that one client has not confirmed, in order.
 *
 * What a run holds on to is at most twice what it counts: it is only made of a piece that is over, and of at least half of its bytes; otherwise its packets are
 * kept one by one. The open run and the oldest, of which a part may be confirmed, may hold a piece more each.
 */
export class SharedLog {
  // First what each packet of a run touches: an object is several lines of the processor's cache, and there is a log for each receiver.
  private end = 0;
  /** The open run: packet number n, counted from 0, has the index n − `offset` in it. */
  private open: SharedPackets | undefined = undefined;
  private offset = 0;
  /** Whether no packet of the open run can make the log {@link isFilling}. */
  private isCalm = false;
  private openFrom = 0;
  private first = 0;
  /** Of what is in slots: the open run knows its own. */
  private size = 0;
  private readonly limits: DeliveryLimits;
  /** The number of the last packet that the other end has said to have. */
  confirmed = 0;
  /** A ring: slot s lies at s modulo their number, which is a power of two. */
  private slots: (Slot | undefined)[] = [];
  /** What each slot takes, less than 0 for a run, so that a confirmation need not look at texts that have left the processor's cache. */
  private sizes: number[] = [];
  private front = 0;
  private back = 0;

  constructor(limits: DeliveryLimits) {
    this.limits = limits;
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
    const { open, openFrom, end, offset } = this;
    return open === undefined ? this.size : this.size + open.bytes(openFrom, end - offset);
  }

  /** Whether it is time to ask the other end what it has, so that the log need not evict. */
  get isFilling(): boolean {
    return this.bytes * 2 > this.limits.maxBytes || (this.end - this.first) * 2 > this.limits.maxPackets;
  }

  /** Takes the next packet, where it is the last of `shared` as one of a run. Whether the log {@link isFilling}. */
  push(packet: Outgoing, shared?: SharedPackets): boolean {
    const { open } = this;
    if (open !== undefined && open.packets[this.end - this.offset] === packet) {
      this.end++;
      if (this.isCalm) return false;
    } else {
      if (open !== undefined) this.close(open);
      if (shared !== undefined) this.begin(packet, shared);
      else if (isText(packet)) this.append(packet.head as string, packet.head.length);
      else this.append(packet, sizeOf(packet));
      this.end++;
    }
    return this.isFilling;
  }

  /** Lets go of the oldest packets until the limits hold: who lacks one of them cannot be served from the log any more. */
  evict(): void {
    const { maxPackets, maxBytes } = this.limits;
    while (this.bytes > maxBytes || this.end - this.first > maxPackets) this.drop(1);
  }

  /** The other end has received `received` packets. False if it cannot have. */
  confirm(received: number): boolean {
    if (received > this.end) return false;
    if (received > this.confirmed) this.confirmed = received;
    if (received > this.first) this.drop(received - this.first);
    return true;
  }

  /** Whether the log has everything that an end which received `received` packets lacks. */
  reaches(received: number): boolean {
    return received >= this.first && received <= this.end;
  }

  /** Sends what is in the log behind number `from`, and returns the number of the last of it: what is added meanwhile is not sent. */
  replay(sink: ReplaySink, from: number = this.first): number {
    const { end } = this;
    replayTo(sink, this.packets().slice(Math.max(0, from - this.first)));
    return end;
  }

  /** Lets go of everything. Numbers go on. */
  clear(): void {
    this.first = this.end;
    this.size = 0;
    this.open = undefined;
    this.slots = [];
    this.sizes = [];
    this.front = this.back = 0;
  }

  private packets(): Outgoing[] {
    const { slots, open } = this;
    const packets: Outgoing[] = [];
    for (let at = this.front; at < this.back; at++) {
      const slot = slots[at & (slots.length - 1)] as Slot;
      if (typeof slot === "string") packets.push(new Outgoing(slot));
      else if (slot instanceof Outgoing) packets.push(slot);
      else packets.push(...slot.shared.packets.slice(slot.from, slot.to));
    }
    if (open !== undefined) packets.push(...open.packets.slice(this.openFrom, this.end - this.offset));
    return packets;
  }

  private begin(packet: Outgoing, shared: SharedPackets): void {
    const { maxPackets, maxBytes } = this.limits;
    this.open = shared;
    this.openFrom = shared.packets.lastIndexOf(packet);
    this.offset = this.end - this.openFrom;
    this.isCalm =
      (this.size + MAX_SHARED_BYTES) * 2 <= maxBytes && (this.end - this.first + MAX_SHARED_PACKETS) * 2 <= maxPackets;
  }

  /** The next packet is none of the open run. */
  private close(shared: SharedPackets): void {
    const from = this.openFrom;
    const to = this.end - this.offset;
    const { packets } = shared;
    const bytes = shared.bytes(from, to);
    this.open = undefined;
    if (shared.isOver && to - from > 1 && bytes * 2 >= shared.bytes(0, packets.length)) {
      this.append({ shared, from, to }, -bytes);
    } else
      for (let index = from; index < to; index++)
        this.append(packets[index] as Outgoing, shared.bytes(index, index + 1));
  }

  private append(slot: Slot, size: number): void {
    if (this.back - this.front === this.slots.length) this.grow();
    const at = this.back++ & (this.slots.length - 1);
    this.slots[at] = slot;
    this.sizes[at] = size;
    this.size += Math.abs(size);
  }

  private grow(): void {
    const { slots, sizes, front, back } = this;
    const length = Math.max(MIN_SLOTS, slots.length * 2);
    this.slots = new Array<Slot | undefined>(length).fill(undefined);
    this.sizes = new Array<number>(length).fill(0);
    for (let at = front; at < back; at++) {
      this.slots[at & (length - 1)] = slots[at & (slots.length - 1)];
      this.sizes[at & (length - 1)] = sizes[at & (slots.length - 1)] as number;
    }
  }

  private drop(count: number): void {
    this.first += count;
    const { slots, sizes, back } = this;
    const mask = slots.length - 1;
    let left = count;
    let { front, size } = this;
    while (left > 0 && front < back) {
      const at = front & mask;
      const taken = sizes[at] as number;
      if (taken >= 0) {
        left--;
        size -= taken;
      } else {
        const run = slots[at] as Run;
        if (run.to - run.from > left) {
          const part = run.shared.bytes(run.from, run.from + left);
          run.from += left;
          sizes[at] = taken + part;
          size -= part;
          left = 0;
          break;
        }
        left -= run.to - run.from;
        size += taken;
      }
      slots[at] = undefined;
      front++;
    }
    this.front = front;
    this.size = size;
    this.openFrom += left;
    // What a burst has made large need not stay so.
    if (front === back && slots.length > RESTING_SLOTS) {
      this.slots = [];
      this.sizes = [];
    }
  }
}

/** Whether the text is all that is to be known of a packet. One that others are sent too is kept for them anyway. */
function isText({ head, rest, compress, volatile, shared }: Outgoing): boolean {
  return typeof head === "string" && rest === undefined && compress && !volatile && !shared;
}
