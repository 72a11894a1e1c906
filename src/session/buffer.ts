// session/ Packets that wait for their transport, counted in bytes (design, invariant 3).
import type { Outgoing } from "../packet/outgoing.js";

/**
 * The queue of one session, from the packet that begins it to the flush that takes it. Counting is lazy: while the transport is writable, packets
 * pass through within the turn and are never counted;
 * they are as soon as somebody asks, or as soon as they have to wait.
 */
export class PacketBuffer {
  readonly packets: Outgoing[];
  private counted = 0;
  private countedBytes = 0;

  constructor(first: Outgoing) {
    this.packets = [first];
  }

  /** Bytes of all packets that wait. */
  byteLength(textByteLength: (text: string) => number): number {
    const { packets } = this;
    for (; this.counted < packets.length; this.counted++) {
      this.countedBytes += (packets[this.counted] as Outgoing).byteLength(textByteLength);
    }
    return this.countedBytes;
  }
}
