import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameEncoder } from "../../../src/frame/encoder.js";
import { nodeBytePrimitives } from "../../../src/node/byte-primitives.js";
import { frameHex, Recorded, toHex } from "./recorder.js";

const server = new FrameEncoder(nodeBytePrimitives, false);
const client = new FrameEncoder(nodeBytePrimitives, true);

/** Texts around the sizes where the header grows, for which the number of bytes is not the number of characters. */
const texts = [
  "",
  "a",
  "a".repeat(125),
  "a".repeat(126),
  "ñ".repeat(62),
  "ñ".repeat(63),
  `${"ñ".repeat(62)}a`,
  "€".repeat(42),
  "😀".repeat(32),
  "a".repeat(65_535),
  "a".repeat(65_536),
  "ñ".repeat(32_767),
  "ñ".repeat(32_768),
  "€".repeat(65_535),
];

describe("section 5.2, writing", () => {
  for (const text of texts) {
    const name = `${text.length} × ${text.slice(0, 1)}`;

    it(`writes the shortest header for ${name}, alone and into a buffer`, () => {
      const expected = frameHex(0x81, text, false);
      expect(toHex(server.textFrameOf(text))).toBe(expected);
      const target = Buffer.alloc(server.textFrameRoom(text) + 20, 0xee);
      const end = server.writeTextFrame(text, target, 7);
      expect(end).toBe(7 + expected.length / 2);
      expect(target.toString("hex", 7, end)).toBe(expected);
      expect(target.toString("hex", 0, 7)).toBe("ee".repeat(7));
    });

    it(`masks ${name} so that a server reads it`, () => {
      const target = Buffer.alloc(client.textFrameRoom(text) + 20);
      const end = client.writeTextFrame(text, target, 3);
      const recorded = new Recorded();
      recorded.connection.receive(target.subarray(3, end));
      recorded.connection.receive(client.textFrameOf(text));
      expect(recorded.events).toEqual([`text ${text}`, `text ${text}`]);
    });
  }

  it("replaces lone surrogates", () => {
    expect(toHex(server.textFrameOf("\ud800a"))).toBe("8104efbfbd61");
    const target = Buffer.alloc(40);
    expect(target.toString("hex", 0, server.writeTextFrame("\ud800a", target, 0))).toBe("8104efbfbd61");
  });

  it("writes frames of bytes, and only their header where the payload goes by itself", () => {
    const payload = new Uint8Array(300).fill(1);
    const frame = server.frameOf(0x82, payload);
    expect(toHex(frame)).toBe(frameHex(0x82, payload, false));
    expect(frame).toHaveLength(server.frameBytes(300));
    const target = Buffer.alloc(20);
    expect(target.toString("hex", 0, server.writeFrameHeader(0x82, 300, target, 0))).toBe("827e012c");
  });

  it("writes 64-bit lengths", () => {
    const target = Buffer.alloc(20);
    expect(target.toString("hex", 0, server.writeFrameHeader(0x82, 0x1_0203_0405_06, target, 0))).toBe(
      "827f0000010203040506",
    );
  });
});

describe("section 5.3, masking keys", () => {
  it("draws a new key for every frame, in blocks that are never used twice", () => {
    const keys = new Set<string>();
    const target = Buffer.alloc(64);
    for (let index = 0; index < 5000; index++) {
      client.writeTextFrame("x", target, 0);
      keys.add(target.toString("hex", 2, 6));
    }
    // 5000 random keys of 32 bits: even three of the same would be one chance in 10^8.
    expect(keys.size).toBeGreaterThan(4990);
  });
});

describe("writing and reading", () => {
  it("is the identity for any text and bytes", () => {
    const anyText = fc.string({ unit: "binary", maxLength: 300 });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyText, fc.uint8Array({ maxLength: 300 })), { maxLength: 8 }),
        fc.boolean(),
        (messages, fromClient) => {
          const encoder = fromClient ? client : server;
          const target = Buffer.alloc(20_000);
          let at = 0;
          for (const message of messages) {
            at =
              typeof message === "string"
                ? encoder.writeTextFrame(message, target, at)
                : encoder.writeFrame(0x82, message, target, at);
          }
          const recorded = new Recorded({ role: fromClient ? "server" : "client" });
          recorded.connection.receive(target.subarray(0, at));
          expect(recorded.events).toEqual(
            messages.map((message) => (typeof message === "string" ? `text ${message}` : `binary ${toHex(message)}`)),
          );
        },
      ),
    );
  });
});
