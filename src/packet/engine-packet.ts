// packet/ Engine.IO packets: one character of type, then data (Engine.IO protocol v4, "Packet encoding").

/** The types of Engine.IO packets, the same in protocol 3 and 4. */
export type EnginePacketType = "open" | "close" | "ping" | "pong" | "message" | "upgrade" | "noop";

/** The first character of a text packet, by type. */
export const EnginePacketCode: Readonly<Record<EnginePacketType, string>> = {
  open: "0",
  close: "1",
  ping: "2",
  pong: "3",
  message: "4",
  upgrade: "5",
  noop: "6",
};

const TYPES: readonly EnginePacketType[] = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
const CODE_OF_ZERO = 48;

/**
 * The type that a text packet begins with, or undefined if it is empty or begins with anything but `0` to `6`.
 * The data is what follows: `text.slice(1)`; readers on the path of a message look at it in place instead.
 */
export function enginePacketType(text: string): EnginePacketType | undefined {
  return TYPES[text.charCodeAt(0) - CODE_OF_ZERO];
}
