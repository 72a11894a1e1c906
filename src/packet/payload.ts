// packet/ Payloads of HTTP long-polling: packets joined by 0x1e, bytes as `b<base64>` (Engine.IO protocol v4, "HTTP long-polling").
import { VaivenError } from "../errors.js";
import type { BytePrimitives } from "../frame/primitives.js";
import { readBase64 } from "./base64.js";
import { enginePacketType } from "./engine-packet.js";
import { type Outgoing, type WireForm, type WirePacket, wireForm } from "./outgoing.js";

const SEPARATOR = "\u001e";
const LETTER_B = 98;

/** Who takes the packets of a payload. Returning false stops the reading: nobody wants the rest. @internal */
export interface PayloadReceiver {
  /** One text packet, its type digit first and known. */
  onText(packet: string): boolean;
  /** One binary message, which belongs to the receiver. */
  onBinary(message: Uint8Array): boolean;
}

/** What of a host's byte work payloads need. */
export type PayloadPrimitives = Pick<BytePrimitives, "toBase64" | "allocate">;

/** Writes and reads payloads. One per process: packets that many clients send are written once. */
export class PayloadCodec {
  private readonly primitives: PayloadPrimitives;
  private readonly form: WireForm<string>;

  constructor(primitives: PayloadPrimitives) {
    this.primitives = primitives;
    this.form = wireForm((packet) => this.textOf(packet));
  }

  /** One payload of all packets of `batch`, which is not empty. */
  write(batch: readonly Outgoing[]): string {
    let payload = "";
    for (let index = 0; index < batch.length; index++) {
      const packet = batch[index]!;
      const text = packet.shared ? packet.form(this.form) : this.textOf(packet);
      payload = index === 0 ? text : payload + SEPARATOR + text;
    }
    return payload;
  }

  /**
   * Hands the packets of `payload` to `receiver`, in order, up to the first mistake, which is returned:
   * `PACKET_INVALID_PAYLOAD`, `PACKET_UNKNOWN_TYPE` or `PACKET_INVALID_BASE64`.
   */
  read(payload: string, receiver: PayloadReceiver): VaivenError | undefined {
    for (let at = 0; at <= payload.length; ) {
      const separator = payload.indexOf(SEPARATOR, at);
      const end = separator === -1 ? payload.length : separator;
      if (end === at)
        return new VaivenError("PACKET_INVALID_PAYLOAD", `expected a packet at ${at} of the payload, got none`);
      if (payload.charCodeAt(at) === LETTER_B) {
        const bytes = readBase64(payload, at + 1, end, this.primitives.allocate);
        if (bytes === undefined) {
          return new VaivenError("PACKET_INVALID_BASE64", `expected Base64 behind the "b" at ${at} of the payload`);
        }
        if (!receiver.onBinary(bytes)) return undefined;
      } else {
        const packet = at === 0 && end === payload.length ? payload : payload.slice(at, end);
        if (enginePacketType(packet) === undefined) {
          return new VaivenError(
            "PACKET_UNKNOWN_TYPE",
            `expected a packet type from 0 to 6, or "b", at ${at} of the payload`,
          );
        }
        if (!receiver.onText(packet)) return undefined;
      }
      at = end + 1;
    }
    return undefined;
  }

  private textOf(packet: Outgoing): string {
    let text = this.partText(packet.head);
    if (packet.rest !== undefined) for (const part of packet.rest) text += SEPARATOR + this.partText(part);
    return text;
  }

  private partText(part: WirePacket): string {
    return typeof part === "string" ? part : `b${this.primitives.toBase64(part)}`;
  }
}
