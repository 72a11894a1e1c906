import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { browserPlatform } from "../../../src/browser/platform.js";

describe("browserPlatform", () => {
  it("counts bytes of UTF-8 as Node does, lone surrogates included", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.array(fc.integer({ min: 0xd700, max: 0xe010 })), (text, units) => {
        const mixed = text + String.fromCharCode(...units) + text;
        expect(browserPlatform.textByteLength(mixed)).toBe(Buffer.byteLength(mixed));
      }),
    );
  });
});
