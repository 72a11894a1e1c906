import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyMask, isAscii, readMaskingKey, rotateMaskingKey } from "../../../src/frame/mask.js";

const key = fc.uint8Array({ minLength: 4, maxLength: 4 });

describe("section 5.3, masking", () => {
  it("is j-th byte XOR key byte j mod 4, at every alignment and length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), key, fc.nat(9), (payload, keyBytes, offset) => {
        const bytes = new Uint8Array(offset + payload.length + 5);
        bytes.set(payload, offset);
        const expected = payload.map((byte, at) => byte ^ keyBytes[at & 3]!);
        const ascii = applyMask(bytes, offset, offset + payload.length, readMaskingKey(keyBytes, 0));
        expect(bytes.subarray(offset, offset + payload.length)).toEqual(expected);
        expect(ascii).toBe(expected.every((byte) => byte < 0x80));
        expect(bytes.subarray(0, offset).every((byte) => byte === 0)).toBe(true);
        expect(bytes.subarray(offset + payload.length).every((byte) => byte === 0)).toBe(true);
      }),
    );
  });

  it("may go on in the middle of a payload", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), key, fc.nat(600), (payload, keyBytes, cutAt) => {
        const number = readMaskingKey(keyBytes, 0);
        const whole = payload.slice();
        applyMask(whole, 0, whole.length, number);
        const parts = payload.slice();
        const cut = Math.min(cutAt, parts.length);
        applyMask(parts, 0, cut, number);
        applyMask(parts, cut, parts.length, rotateMaskingKey(number, cut));
        expect(parts).toEqual(whole);
      }),
    );
  });
});

describe("isAscii", () => {
  it("finds a single byte beyond ASCII wherever it stands", () => {
    const bytes = new Uint8Array(400).fill(0x7f);
    expect(isAscii(bytes, 1, 400)).toBe(true);
    for (let at = 0; at < 400; at++) {
      bytes[at] = 0x80;
      expect(isAscii(bytes, 0, 400)).toBe(false);
      expect(isAscii(bytes, at, at + 1)).toBe(false);
      expect(isAscii(bytes, at + 1, 400)).toBe(true);
      expect(isAscii(bytes, 0, at)).toBe(true);
      bytes[at] = 0x7f;
    }
  });
});
