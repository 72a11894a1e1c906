import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffDelay } from "../../../src/session/backoff.js";

describe("the backoff", () => {
  it("doubles up to its maximum without jitter", () => {
    expect([0, 1, 2, 3, 4].map((attempt) => backoffDelay(attempt, 1000, 5000, 0, 0.5))).toEqual([
      ...[1000, 2000, 4000, 5000, 5000],
    ]);
  });

  it("stays within its jitter and its maximum for any number of attempts", () => {
    const options = fc.record({
      min: fc.nat(10_000),
      max: fc.nat(100_000),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        options,
        fc.nat(3000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        ({ min, max, jitter }, attempts, random) => {
          const delay = backoffDelay(attempts, min, max, jitter, random);
          const nominal = Math.min(max, min * 2 ** Math.min(attempts, 64));
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(Math.floor(nominal * (1 - jitter)));
          expect(delay).toBeLessThanOrEqual(Math.ceil(Math.min(max, nominal * (1 + jitter))));
        },
      ),
    );
  });
});
