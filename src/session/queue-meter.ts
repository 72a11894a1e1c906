// session/ Packets that wait for their transport, counted in bytes (ARCHITECTURE.md, invariant 3).
import type { Outgoing } from "../packet/outgoing.js";

/**
 * The bytes of a queue that grows at its end. Made when somebody asks, or when packets have to wait: while the transport is writable they pass through
 * within the turn and are never counted.
 */
export class QueueMeter {
  private counted = 0;
  private bytes = 0;

  /** Bytes of all `packets`, of which those that were there the last time stand before the others. */
  measure(packets: readonly Outgoing[], textByteLength: (text: string) => number): number {
    for (; this.counted < packets.length; this.counted++) {
      this.bytes += (packets[this.counted] as Outgoing).byteLength(textByteLength);
    }
    return this.bytes;
  }
}
