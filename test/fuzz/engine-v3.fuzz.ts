// Any bytes read as a payload of Engine.IO 3, as text and as bytes, end in packets or in one documented error.
import { nodeBytePrimitives } from "../../src/node/byte-primitives.js";
import { EngineV3Codec } from "../../src/packet/engine-v3.js";
import { Outgoing } from "../../src/packet/outgoing.js";
import type { FuzzTarget } from "./fuzz-target.js";

const codec = new EngineV3Codec(nodeBytePrimitives);
const batch = [
  new Outgoing("4hello"),
  new Outgoing("4€"),
  new Outgoing("2probe"),
  new Outgoing("451-x", [Uint8Array.of(1, 2, 3)]),
];

export const target: FuzzTarget = {
  name: "engine-v3",
  seeds: [
    Buffer.from(codec.writeText(batch)),
    Buffer.from(codec.write(batch) as Uint8Array),
    Buffer.from("6:4hello"),
    Buffer.from("0006ff3468656c6c6f", "hex"),
  ],
  run(input) {
    const read: Outgoing[] = [];
    const take = (packet: string | Uint8Array): boolean => read.push(new Outgoing(packet)) > 0;
    const receiver = { onText: take, onBinary: take };
    for (const error of [
      codec.readBytes(input, receiver),
      codec.readText(Buffer.from(input).toString("utf8"), receiver),
    ]) {
      if (error !== undefined && !error.code.startsWith("PACKET_")) throw error;
    }
    if (read.length === 0) return;
    // What was read can be written, and reads the same again.
    let again = 0;
    const count = (): boolean => ++again > 0;
    const error = codec.readText(codec.writeText(read), { onText: count, onBinary: count });
    if (error !== undefined || again !== read.length) throw new Error(`wrote ${read.length} packets, read ${again}`);
  },
};
