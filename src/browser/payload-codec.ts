// browser/ Payloads of HTTP long-polling in few bytes (Engine.IO protocol v4): the browser's own Base64, and packets that nobody shares.
import { VaivenError } from "../errors.js";
import type { Outgoing, WirePacket } from "../packet/outgoing.js";
import type { PayloadReceiver } from "../packet/payload.js";

const SEPARATOR = "\u001e";

/** One payload of all packets of `batch`. */
export function writePayload(batch: readonly Outgoing[]): string {
  const parts: string[] = [];
  for (const { head, rest = [] } of batch) for (const packet of [head, ...rest]) parts.push(partOf(packet));
  return parts.join(SEPARATOR);
}

/** Hands the packets of `payload` to `receiver` until it wants no more, or up to bytes that are no Base64: that error is returned. */
export function readPayload(payload: string, receiver: PayloadReceiver): VaivenError | undefined {
  for (const packet of payload.split(SEPARATOR)) {
    const bytes = readBinaryText(packet);
    if (bytes instanceof VaivenError) return bytes;
    if (!(bytes ? receiver.onBinary(bytes) : receiver.onText(packet))) break;
  }
  return undefined;
}

/** A packet as text, bytes as `b<base64>`. */
export function partOf(packet: WirePacket): string {
  return typeof packet === "string" ? packet : base64Of(packet);
}

/** `b<base64>`. */
export function base64Of(bytes: Uint8Array): string {
  return `b${btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""))}`;
}

/** The bytes of `b<base64>`; undefined for other packets. Throws at what is no Base64. */
export function bytesOfBase64(packet: string): ArrayBuffer | undefined {
  return packet[0] === "b"
    ? Uint8Array.from(atob(packet.slice(1)), (character) => character.charCodeAt(0)).buffer
    : undefined;
}

/** As {@link bytesOfBase64}, but returns its error. */
export function readBinaryText(packet: string): Uint8Array | VaivenError | undefined {
  try {
    const bytes = bytesOfBase64(packet);
    return bytes && new Uint8Array(bytes);
  } catch (cause) {
    return new VaivenError("PACKET_INVALID_BASE64", "expected Base64", { cause });
  }
}
