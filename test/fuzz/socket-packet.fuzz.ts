// Any sequence of messages read as Socket.IO packets ends in packets or in one documented error.
import { VaivenError } from "../../src/errors.js";
import { PacketReader } from "../../src/packet/packet-reader.js";
import { encodePacket } from "../../src/packet/socket-packet.js";
import type { FuzzTarget } from "./fuzz-target.js";

const SEPARATOR = "\u001e";
const seed = (...messages: string[]): Uint8Array => Buffer.from(messages.join(SEPARATOR));

/** Messages are divided by 0x1e; one that begins with `b` is binary. */
export const target: FuzzTarget = {
  name: "socket-packet",
  separator: 0x1e,
  seeds: [
    seed("0"),
    seed('0/admin,{"token":"123"}'),
    seed('2/admin,456["project:delete",123]', '31["ok"]', "1/admin,"),
    seed('52-/x,7["a",{"_placeholder":true,"num":1},{"__proto__":{"_placeholder":true,"num":0}}]', "b123", "bcd"),
    seed('4{"message":"no","data":{"content":"x"}}'),
    seed(`51-["deep",${"[".repeat(50)}{"_placeholder":true,"num":0}${"]".repeat(50)}]`, "b"),
  ],
  run(input) {
    const reader = new PacketReader({ maxAttachments: 10, maxAttachmentBytes: 1000 });
    try {
      for (const message of Buffer.from(input).toString("utf8").split(SEPARATOR)) {
        const packet = message.startsWith("b")
          ? reader.readBinary(Buffer.from(message.slice(1)))
          : reader.readText(message, 0);
        // What was read can be written again: nothing that a peer sends makes an echo throw.
        if (packet !== undefined) encodePacket(packet);
      }
    } catch (error) {
      if (!(error instanceof VaivenError) || !error.code.startsWith("PACKET_")) throw error;
    }
    if (({} as { _placeholder?: unknown })._placeholder !== undefined) throw new Error("a prototype was reached");
  },
};
