// frame/ One frame for many receivers (ARCHITECTURE.md, "Encode once"). Only servers have them: a client's frames are masked one by one.
import { FIN, OPCODE_BINARY, OPCODE_TEXT } from "./header.js";
import type { MessageDeflate } from "./message-deflate.js";
import type { BytePrimitives } from "./primitives.js";
import type { ConnectionProfile } from "./profile.js";

/**
 * The frame of a message, compressed if `deflate` is given and the message reaches its threshold. Undefined if the message is so large that
 * it is compressed on the thread pool.
 */
export function sharedFrameOf(
  message: string | Uint8Array,
  profile: ConnectionProfile,
  deflate: MessageDeflate | undefined,
): Uint8Array | undefined {
  const { encoder, primitives } = profile;
  if (deflate === undefined && typeof message === "string") return encoder.textFrameOf(message);
  const opcode = typeof message === "string" ? OPCODE_TEXT : OPCODE_BINARY;
  const bytes = typeof message === "string" ? textBytes(message, primitives) : message;
  if (deflate === undefined || bytes.length < deflate.threshold) return encoder.frameOf(FIN | opcode, bytes);
  if (!deflate.isSynchronous(bytes.length)) return undefined;
  const compressed = deflate.deflate(bytes, () => {});
  return compressed === undefined ? undefined : deflate.frameOf(encoder, opcode, bytes, compressed);
}

/** `text` as UTF-8 in memory of its own. */
export function textBytes(text: string, primitives: BytePrimitives): Uint8Array {
  const bytes = primitives.allocate(primitives.textByteLength(text));
  primitives.writeText(text, bytes, 0);
  return bytes;
}
