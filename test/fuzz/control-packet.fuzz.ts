// Any message read as a control packet of our own two ends ends in a message, in "not one that may be sent", or in one documented error.
import { VaivenError } from "../../src/errors.js";
import { CAPABILITIES, capabilitiesOf, controlOf, encodeControl } from "../../src/packet/control-packet.js";
import { PacketReader } from "../../src/packet/packet-reader.js";
import { PacketType } from "../../src/packet/socket-packet.js";
import type { FuzzTarget } from "./fuzz-target.js";

const ALL = capabilitiesOf([...CAPABILITIES.keys()]);
const seed = (text: string): Uint8Array => Buffer.from(text);

export const target: FuzzTarget = {
  name: "control-packet",
  seeds: [
    seed('7["return",1500]'),
    seed('7/admin,["refresh"]'),
    seed('7/a[b,["refresh",{"token":"t","__proto__":{"x":1}}]'),
    seed('7["ack-error",7,{"name":"TypeError","message":"no","code":"E","data":{"constructor":null}}]'),
    seed('7["ack-error",9007199254740993,{"name":"","message":""}]'),
    seed('7["later",[[[[[[]]]]]]]'),
    seed("7/a,[]"),
  ],
  run(input) {
    const reader = new PacketReader({ maxAttachments: 10, maxAttachmentBytes: 1000 });
    reader.control = true;
    try {
      const packet = reader.readText(Buffer.from(input).toString("utf8"), 0);
      if (packet?.type !== PacketType.CONTROL) return;
      const message = controlOf(packet, ALL);
      if (message === undefined) return;
      const again = reader.readText(encodeControl(packet.nsp, message).head as string, 1);
      if (JSON.stringify(again) !== JSON.stringify(packet)) throw new Error("it is not written as it was read");
    } catch (error) {
      if (!(error instanceof VaivenError) || !error.code.startsWith("PACKET_")) throw error;
    }
    if (({} as { x?: unknown }).x !== undefined) throw new Error("a prototype was reached");
  },
};
