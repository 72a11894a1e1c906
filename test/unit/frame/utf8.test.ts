import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { advanceUtf8, UTF8_COMPLETE, UTF8_INVALID } from "../../../src/frame/utf8.js";
import { nodeBytePrimitives } from "../../../src/node/byte-primitives.js";

function check(bytes: Uint8Array, cuts: readonly number[]): boolean {
  let state = UTF8_COMPLETE;
  let start = 0;
  for (const cut of [...cuts.map((each) => each % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    state = advanceUtf8(state, bytes, start, cut, nodeBytePrimitives);
    start = cut;
  }
  return state === UTF8_COMPLETE;
}

/** Mostly sequences near the borders of what is allowed. */
const nearlyUtf8 = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "41",
        "c3b1",
        "e282ac",
        "f09f9880",
        "eda080",
        "ed9fbf",
        "c080",
        "c1bf",
        "e09fbf",
        "e0a080",
        "f08fbfbf",
      ),
      fc.constantFrom(
        "f0908080",
        "f48fbfbf",
        "f4908080",
        "f5",
        "80",
        "bf",
        "e2",
        "e282",
        "f09f98",
        "41".repeat(130),
        "c3b1".repeat(70),
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => new Uint8Array(Buffer.from(parts.join(""), "hex")));

describe("the UTF-8 check across pieces", () => {
  it("agrees with the whole text's check however the text is cut", () => {
    fc.assert(
      fc.property(
        fc.oneof(nearlyUtf8, fc.uint8Array({ maxLength: 20 })),
        fc.array(fc.nat(2000), { maxLength: 5 }),
        (bytes, cuts) => {
          expect(check(bytes, cuts)).toBe(isUtf8(bytes));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("agrees for every sequence of two bytes and every second byte of longer ones", () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        for (const rest of [[], [0x80], [0x80, 0x80], [0xbf, 0xbf]]) {
          const bytes = new Uint8Array([first, second, ...rest]);
          if (check(bytes, [1]) !== isUtf8(bytes)) expect.fail(`disagrees over ${Buffer.from(bytes).toString("hex")}`);
        }
      }
    }
  });

  it("refuses at the first byte that no continuation can make valid", () => {
    for (const [hex, at] of [
      ["e09f", 1],
      ["eda0", 1],
      ["f08f", 1],
      ["f490", 1],
      ["c0", 0],
      ["f5", 0],
      ["e28241", 2],
    ] as const) {
      const bytes = new Uint8Array(Buffer.from(hex, "hex"));
      const before = advanceUtf8(UTF8_COMPLETE, bytes, 0, at, nodeBytePrimitives);
      expect(before).not.toBe(UTF8_INVALID);
      expect(advanceUtf8(before, bytes, at, at + 1, nodeBytePrimitives)).toBe(UTF8_INVALID);
    }
  });
});
