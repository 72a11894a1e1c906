// event/ Consecutive broadcasts to the same receivers, which the logs of all of them share (event/shared-log.ts).
import type { Outgoing } from "../packet/outgoing.js";
import { sizeOf } from "./delivery-log.js";

/** So many packets at most: what a log holds on to beside its own stays small, and making a new piece costs a receiver little. */
export const MAX_SHARED_PACKETS: number = 64;
/** Characters and bytes, likewise. */
export const MAX_SHARED_BYTES: number = 16 * 1024;
/** A larger packet costs more than its place in a log, whoever has that. */
const MAX_PACKET_BYTES = MAX_SHARED_BYTES / 4;
/** Streams that can be gone on with: whoever sends to more targets in turn begins a new piece for each packet, which is still right. */
const MAX_STREAMS = 256;

/** A piece of a stream of broadcasts. It only grows, until it is over. */
export class SharedPackets {
  readonly packets: Outgoing[] = [];
  /** Whether nothing will be added any more. */
  isOver = false;
  /** The bytes of the packets up to each of them, it among them. */
  private readonly ends: number[] = [];

  /** Takes the next packet. False, and over, if there is no room for it. */
  add(packet: Outgoing): boolean {
    const { packets, ends } = this;
    const end = this.bytes(0, packets.length) + sizeOf(packet);
    if (packets.length === MAX_SHARED_PACKETS || end > MAX_SHARED_BYTES) {
      this.isOver = true;
      return false;
    }
    packets.push(packet);
    ends.push(end);
    return true;
  }

  /** What the packets from index `from` to before `to` take. */
  bytes(from: number, to: number): number {
    const before = from === 0 ? 0 : (this.ends[from - 1] as number);
    return to <= from ? 0 : (this.ends[to - 1] as number) - before;
  }
}

/** The streams of one namespace, by their targets: a room, or everybody (undefined). */
export class SharedStreams {
  private readonly pieces: Map<string | undefined, SharedPackets> = new Map();

  /** The piece that `packet`, which is sent to `target` now, is the last of. Undefined where it is too large to be in one. */
  add(target: string | undefined, packet: Outgoing): SharedPackets | undefined {
    if (sizeOf(packet) > MAX_PACKET_BYTES) return undefined;
    const { pieces } = this;
    const known = pieces.get(target);
    if (known?.add(packet) === true) return known;
    // Set anew, so that the streams that are used stand at the end.
    pieces.delete(target);
    if (pieces.size === MAX_STREAMS) this.forgetOldest();
    const piece = new SharedPackets();
    piece.add(packet);
    pieces.set(target, piece);
    return piece;
  }

  clear(): void {
    this.pieces.clear();
  }

  private forgetOldest(): void {
    for (const [target, piece] of this.pieces) {
      piece.isOver = true;
      this.pieces.delete(target);
      return;
    }
  }
}
