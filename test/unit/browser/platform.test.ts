import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { browserPlatform } from "../../../src/browser/platform.js";
import { nodePlatform } from "../../../src/node/platform.js";

for (const [name, { after }] of Object.entries({ browserPlatform, nodePlatform })) {
  describe(`timers of ${name}`, () => {
    for (const ms of [2 ** 31 - 1, 2 ** 31, 1e12, Number.POSITIVE_INFINITY]) {
      it(`wait where the delay is longer than timers can be: ${ms} ms`, () => {
        vi.useFakeTimers();
        onTestFinished(() => void vi.useRealTimers());
        const fired = vi.fn();
        const cancel = after(ms, fired);
        vi.advanceTimersByTime(24 * 24 * 3_600_000);
        expect(fired).not.toHaveBeenCalled();
        cancel();
        expect(vi.getTimerCount()).toBe(0);
      });
    }
  });
}

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
