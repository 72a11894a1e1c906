import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VaivenError } from "../../../src/errors.js";
import { binaryFrameOf, EngineV3Codec, readBinaryFrame } from "../../../src/packet/engine-v3.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { FakePlatform } from "../../support/fake-platform.js";

const platform = new FakePlatform();
const codec = new EngineV3Codec(platform);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function collect() {
  const packets: (string | Uint8Array)[] = [];
  const take = (packet: string | Uint8Array): boolean => {
    packets.push(packet);
    return true;
  };
  return { packets, onText: take, onBinary: take };
}

describe("payloads of Engine.IO 3", () => {
  it("count the length of text in UTF-16 units", () => {
    expect(codec.writeText([new Outgoing("4hello"), new Outgoing("4€😀")])).toBe("6:4hello4:4€😀");
  });

  it("carry bytes as base64 behind b and the type", () => {
    expect(codec.writeText([new Outgoing("4x", [Uint8Array.of(1, 2, 3)])])).toBe("2:4x6:b4AQID");
  });

  it("are bytes only where a packet is binary", () => {
    expect(codec.write([new Outgoing("4a")])).toBe("2:4a");
    expect(hex(codec.write([new Outgoing("4€", [Uint8Array.of(9)])]) as Uint8Array)).toBe(
      "0004ff34e282ac" + "0102ff0409",
    );
  });

  it("write lengths of several digits one byte a digit", () => {
    const payload = codec.write([new Outgoing(new Uint8Array(122))]) as Uint8Array;
    expect(hex(payload.subarray(0, 6))).toBe("01010203ff04");
  });

  it("give back what was written, both ways", () => {
    const packet = fc.oneof(
      fc.string({ unit: "grapheme" }).map((text) => `4${text}`),
      fc.uint8Array({ maxLength: 300 }),
    );
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 6 }), (parts) => {
        const batch = parts.map((part) => new Outgoing(part));
        const expected = parts.map((part) => (typeof part === "string" ? part : hex(part)));
        const readings = [collect(), collect()] as const;
        expect(codec.readText(codec.writeText(batch), readings[0])).toBeUndefined();
        const payload = codec.write(batch);
        expect(
          typeof payload === "string" ? codec.readText(payload, readings[1]) : codec.readBytes(payload, readings[1]),
        ).toBeUndefined();
        for (const { packets } of readings) {
          expect(packets.map((part) => (typeof part === "string" ? part : hex(part)))).toEqual(expected);
        }
      }),
    );
  });

  it.each([
    ["", "PACKET_INVALID_PAYLOAD"],
    ["4hello", "PACKET_INVALID_PAYLOAD"],
    ["7:4hello", "PACKET_INVALID_PAYLOAD"],
    ["0:", "PACKET_INVALID_PAYLOAD"],
    [":4a", "PACKET_INVALID_PAYLOAD"],
    ["-1:4a", "PACKET_INVALID_PAYLOAD"],
    ["99999999999:4", "PACKET_INVALID_PAYLOAD"],
    ["1:9", "PACKET_UNKNOWN_TYPE"],
    ["3:b4!", "PACKET_INVALID_BASE64"],
    ["6:b2AQID", "PACKET_INVALID_BASE64"],
  ])("are refused as text where they are %j", (payload, code) => {
    expect(codec.readText(payload, collect())?.code).toBe(code);
  });

  it.each([
    ["", "PACKET_INVALID_PAYLOAD"],
    ["00", "PACKET_INVALID_PAYLOAD"],
    ["0001", "PACKET_INVALID_PAYLOAD"],
    ["0002ff34", "PACKET_INVALID_PAYLOAD"],
    ["0000ff", "PACKET_INVALID_PAYLOAD"],
    ["0201ff34", "PACKET_INVALID_PAYLOAD"],
    ["0002ff34c0", "PACKET_INVALID_PAYLOAD"],
    ["0101ff03", "PACKET_UNKNOWN_TYPE"],
    ["0001ff39", "PACKET_UNKNOWN_TYPE"],
  ])("are refused as bytes where they are %j", (payload, code) => {
    expect(codec.readBytes(Buffer.from(payload, "hex"), collect())?.code).toBe(code);
  });

  it("are read no further when the receiver wants no more", () => {
    const packets: string[] = [];
    const receiver = {
      onText: (packet: string) => {
        packets.push(packet);
        return false;
      },
      onBinary: () => false,
    };
    expect(codec.readText("2:4a2:4b", receiver)).toBeUndefined();
    expect(codec.readBytes(Buffer.from("0002ff34610002ff3462", "hex"), receiver)).toBeUndefined();
    expect(packets).toEqual(["4a", "4a"]);
  });

  it("end in packets or in a documented error, whatever bytes come", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.constantFrom(0, 1, 2, 9, 255, 52, 98), { maxLength: 20 }).map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        for (const error of [
          codec.readBytes(input, collect()),
          codec.readText(Buffer.from(input).toString("latin1"), collect()),
        ]) {
          if (error !== undefined) expect(error.code).toMatch(/^PACKET_/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("binary WebSocket frames of Engine.IO 3", () => {
  it("begin with the type byte", () => {
    const frame = binaryFrameOf(Uint8Array.of(7, 8), platform.allocate);
    expect(hex(frame)).toBe("040708");
    expect(hex(readBinaryFrame(frame) as Uint8Array)).toBe("0708");
  });

  it.each(["", "03", "34"])("are refused where they are %j", (input) => {
    expect(readBinaryFrame(Buffer.from(input, "hex"))).toBeInstanceOf(VaivenError);
  });
});
