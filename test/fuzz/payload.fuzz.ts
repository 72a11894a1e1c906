// Polling payloads: any text is read into packets or refused with a documented error, and what was read can be written again.
import { VaivenError } from "../../src/errors.js";
import { nodePlatform } from "../../src/node/platform.js";
import { Outgoing } from "../../src/packet/outgoing.js";
import { PayloadCodec } from "../../src/packet/payload.js";
import type { FuzzTarget } from "./fuzz-target.js";

const codec = new PayloadCodec(nodePlatform);
const DOCUMENTED = new Set(["PACKET_INVALID_PAYLOAD", "PACKET_UNKNOWN_TYPE", "PACKET_INVALID_BASE64"]);

function readAll(payload: string): { packets: (string | Uint8Array)[]; error: VaivenError | undefined } {
  const packets: (string | Uint8Array)[] = [];
  const take = (packet: string | Uint8Array): boolean => packets.push(packet) > 0;
  return { packets, error: codec.read(payload, { onText: take, onBinary: take }) };
}

export const target: FuzzTarget = {
  name: "payload",
  separator: 0x1e,
  seeds: [
    "40",
    '42["a",1]\u001ebAQID\u001e451-["b",{"_placeholder":true,"num":0}]',
    "b",
    "bA===",
    "\u001e",
    "0{}\u001e6",
    "b\u001eb=",
  ].map((text) => Buffer.from(text)),
  run(input) {
    const { packets, error } = readAll(Buffer.from(input).toString());
    if (error !== undefined && !(error instanceof VaivenError && DOCUMENTED.has(error.code))) throw error;
    if (packets.length === 0) return;
    const again = readAll(codec.write(packets.map((packet) => new Outgoing(packet))));
    if (again.error !== undefined || again.packets.length !== packets.length) {
      throw new Error("what was read and written cannot be read again");
    }
  },
};
