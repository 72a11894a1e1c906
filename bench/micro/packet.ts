// The packet stage by itself: events, acknowledgements and attachments, as texts of Engine.IO 4 and of older forms.
import { bench, do_not_optimize } from "mitata";
import { nodeBytePrimitives } from "../../src/node/byte-primitives.js";
import { attach, detach } from "../../src/packet/attachments.js";
import { EngineV3Codec } from "../../src/packet/engine-v3.js";
import { FlatArrayWriter, readFlatArray } from "../../src/packet/flat-json.js";
import type { Outgoing } from "../../src/packet/outgoing.js";
import { PacketReader } from "../../src/packet/packet-reader.js";
import { PayloadCodec } from "../../src/packet/payload.js";
import { encodeAck, encodeEvent } from "../../src/packet/socket-packet.js";
import { StreamDecoder, streamHeader } from "../../src/packet/stream-frame.js";
import type { Micro } from "./run.js";

const SHORT = ["message", "32 bytes of text go here, or so."];
const OBJECT = [
  "move",
  { player: "ana", from: { x: 12, y: 7 }, to: { x: 13, y: 7 }, at: 1732440000000, tags: ["a", "b"] },
];
const BYTES = ["upload", { name: "a.png", data: Buffer.alloc(1024, 7) }, [Buffer.alloc(16)]];
const flatArrays = new FlatArrayWriter();
const LIMITS = { maxAttachments: 10, maxAttachmentBytes: 1_000_000 };

/** Takes everything, and asks for more. */
const sink = { onText: () => true, onBinary: () => true };

function shared(packet: Outgoing): Outgoing {
  packet.shared = true;
  return packet;
}

export const packet: Micro = {
  "socket-packet": () => {
    bench("writes an event of texts", () => do_not_optimize(encodeEvent("/", undefined, SHORT)));
    bench("writes an event of objects", () => do_not_optimize(encodeEvent("/", undefined, OBJECT)));
    bench("writes an acknowledgement", () => do_not_optimize(encodeAck("/", 17, ["ok"])));
    const reader = new PacketReader(LIMITS);
    const short = encodeEvent("/", undefined, SHORT).head as string;
    const object = encodeEvent("/admin", 5, OBJECT).head as string;
    bench("reads an event of texts", () => do_not_optimize(reader.readText(short, 1)));
    bench("reads an event of objects, with namespace and id", () => do_not_optimize(reader.readText(object, 1)));
    bench("JSON alone: writes the texts", () => do_not_optimize(JSON.stringify(SHORT)));
    const json = JSON.stringify(SHORT);
    bench("JSON alone: reads the texts", () => do_not_optimize(JSON.parse(json)));
  },
  attachments: () => {
    bench("takes the bytes out of an event", () => do_not_optimize(detach(BYTES, [])));
    const attachments: Uint8Array[] = [];
    const text = JSON.stringify(detach(BYTES, attachments));
    bench("puts them back (the text's JSON read each time)", () =>
      do_not_optimize(attach(JSON.parse(text), attachments)),
    );
    bench("that JSON alone", () => do_not_optimize(JSON.parse(text)));
    const reader = new PacketReader(LIMITS);
    const { head, rest = [] } = encodeEvent("/", undefined, BYTES);
    bench("reads the whole binary event", () => {
      reader.readText(head as string, 1);
      for (const part of rest) do_not_optimize(reader.readBinary(part as Uint8Array));
    });
  },
  "flat-json": () => {
    const text = JSON.stringify(SHORT);
    bench("writes", () => do_not_optimize(flatArrays.write("42", SHORT)));
    bench("JSON.stringify", () => do_not_optimize(JSON.stringify(SHORT)));
    bench("reads", () => do_not_optimize(readFlatArray(text, 0)));
    bench("JSON.parse", () => do_not_optimize(JSON.parse(text)));
    bench("sees that it is not flat", () => do_not_optimize(flatArrays.write("42", OBJECT)));
  },
  payload: () => {
    const codec = new PayloadCodec(nodeBytePrimitives);
    const batch = Array.from({ length: 16 }, () => encodeEvent("/", undefined, SHORT));
    const many = batch.map(() => shared(encodeEvent("/", undefined, SHORT)));
    const payload = codec.write(batch);
    bench("writes 16 packets", () => do_not_optimize(codec.write(batch)));
    bench("writes 16 packets that others have written", () => do_not_optimize(codec.write(many)));
    bench("reads 16 packets", () => do_not_optimize(codec.read(payload, sink)));
  },
  "engine-v3": () => {
    const codec = new EngineV3Codec(nodeBytePrimitives);
    const batch = Array.from({ length: 16 }, () => encodeEvent("/", undefined, SHORT));
    const payload = codec.writeText(batch);
    bench("writes 16 packets", () => do_not_optimize(codec.writeText(batch)));
    bench("reads 16 packets", () => do_not_optimize(codec.readText(payload, sink)));
  },
  "stream-frame": () => {
    const message = Buffer.from(encodeEvent("/", undefined, SHORT).head as string);
    const stream = Buffer.concat(
      Array.from({ length: 16 }, () => [streamHeader(message.length, false), message]).flat(),
    );
    const decoder = new StreamDecoder(1_000_000);
    bench("writes a header", () => do_not_optimize(streamHeader(message.length, false)));
    bench("reads 16 packets", () => {
      decoder.push(stream, (bytes) => do_not_optimize(bytes));
    });
  },
};
