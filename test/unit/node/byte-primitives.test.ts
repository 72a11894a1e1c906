import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeBytePrimitives as bytes } from "../../../src/node/byte-primitives.js";

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.constant("\ud800a\udc00"),
);

describe("the byte primitives of Node", () => {
  it("write and read any text, in Buffers and in plain arrays", () => {
    fc.assert(
      fc.property(anyText, fc.nat(5), fc.boolean(), (text, at, plain) => {
        const length = bytes.textByteLength(text);
        const target = plain ? new Uint8Array(at + length + 3) : bytes.allocate(at + length + 3);
        target.fill(0xee);
        expect(bytes.writeText(text, target, at)).toBe(length);
        const encoded = new TextEncoder().encode(text);
        expect([...target.subarray(at, at + length)]).toEqual([...encoded]);
        expect([...target.subarray(at + length)]).toEqual([0xee, 0xee, 0xee]);
        expect(bytes.isUtf8(target, at, at + length)).toBe(true);
        expect(bytes.readText(target, at, at + length, false)).toBe(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(encoded),
        );
        if (encoded.every((byte) => byte < 0x80)) expect(bytes.readText(target, at, at + length, true)).toBe(text);
      }),
    );
  });

  it("read every malformed sequence as a text with U+FFFD", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 6 }), (sequence) => {
        if (!bytes.isUtf8(sequence, 0, sequence.length)) {
          expect(bytes.readText(sequence, 0, sequence.length, false)).toContain("\ufffd");
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("fill with random bytes, and compute SHA-1 and base64", () => {
    const target = new Uint8Array(32);
    bytes.randomFill(target);
    expect(target.some((byte) => byte !== 0)).toBe(true);
    expect(bytes.sha1Base64("abc")).toBe("qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    expect(bytes.toBase64(new Uint8Array([0xfb, 0xff]))).toBe("+/8=");
    expect(bytes.toBase64(Buffer.from("Hello"))).toBe("SGVsbG8=");
  });
});
