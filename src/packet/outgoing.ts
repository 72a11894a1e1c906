// packet/ One outgoing packet and the memo of its encodings: it is encoded at most once per wire form (ARCHITECTURE.md, "Encode once").
import { EnginePacketCode, type EnginePacketType } from "./engine-packet.js";

/**
 * One Engine.IO packet on the wire: a text that begins with its type digit (`42["news",1]`, `3probe`),
 * or bytes, which are always the body of a message and carry no type.
 */
export type WirePacket = string | Uint8Array;

/**
 * A way to write an {@link Outgoing}: each transport owns the forms that it sends (an unmasked frame, polling text, Engine.IO 3 …).
 * Forms are made once per process with {@link wireForm}; `index` is where an Outgoing keeps its encoding.
 *
 * @internal
 */
export interface WireForm<T> {
  readonly index: number;
  readonly encode: (packet: Outgoing) => T;
}

let formsMade = 0;

/** Declares a wire form. Call it at module level: every call takes a place in every {@link Outgoing}. */
export function wireForm<T>(encode: (packet: Outgoing) => T): WireForm<T> {
  return { index: formsMade++, encode };
}

/** What the sender asked for one packet. */
export interface OutgoingOptions {
  /** `false` forbids compression of this packet, where the transport would compress it. Default: true. */
  readonly compress?: boolean;
  /** It may be dropped where it would have to wait. Default: false. */
  readonly volatile?: boolean;
}

/**
 * One packet on its way out: usually a single Engine.IO packet, and for a Socket.IO packet with attachments the text and the bytes
 * that must follow it with nothing between. Immutable: what is queued on a thousand connections is one object.
 *
 * @internal
 */
export class Outgoing {
  /** The first Engine.IO packet. */
  readonly head: WirePacket;
  /** The packets that follow it at once: binary attachments. */
  readonly rest: readonly WirePacket[] | undefined;
  /** Whether a transport may compress it. */
  readonly compress: boolean;
  /** Whether it may be dropped where it would have to wait. */
  readonly volatile: boolean;
  /**
   * Whether several connections send it. Then a transport takes the memoised {@link form};
   * otherwise it may write the packet straight into its output and keep nothing.
   */
  shared = false;
  /** Whether it is known that {@link head} is a text of ASCII characters only: transports may then write it without a look at each. */
  isAscii = false;
  private forms: unknown[] | undefined = undefined;
  private size = -1;

  constructor(head: WirePacket, rest?: readonly WirePacket[], options: OutgoingOptions = DEFAULT_OPTIONS) {
    this.head = head;
    this.rest = rest;
    this.compress = options.compress !== false;
    this.volatile = options.volatile === true;
  }

  /** This packet in a wire form: encoded the first time it is asked for, the same object after that. */
  form<T>(form: WireForm<T>): T {
    this.forms ??= [];
    const known = this.forms[form.index] as T | undefined;
    if (known !== undefined) return known;
    const made = form.encode(this);
    this.forms[form.index] = made;
    return made;
  }

  /** Bytes of the packet (UTF-8 for text, type digits included), before any framing: what queues count. Memoised. */
  byteLength(textByteLength: (text: string) => number): number {
    if (this.size >= 0) return this.size;
    let size = sizeOf(this.head, textByteLength);
    if (this.rest !== undefined) for (const packet of this.rest) size += sizeOf(packet, textByteLength);
    this.size = size;
    return size;
  }
}

function sizeOf(packet: WirePacket, textByteLength: (text: string) => number): number {
  return typeof packet === "string" ? textByteLength(packet) : packet.byteLength;
}

/** A packet of the Engine.IO layer itself, such as `ping` or `open` with its JSON. */
export function controlPacket(type: EnginePacketType, data = ""): Outgoing {
  return new Outgoing(EnginePacketCode[type] + data, undefined, NOT_COMPRESSED);
}

const DEFAULT_OPTIONS: OutgoingOptions = {};
const NOT_COMPRESSED: OutgoingOptions = { compress: false };
