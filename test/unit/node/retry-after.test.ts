// RFC 9110 section 10.2.3: when a client may ask again.
import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { retryAfter } from "../../../src/node/retry-after.js";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const answer = (told: string | undefined, statusCode = 503): IncomingMessage =>
  ({ statusCode, headers: told === undefined ? {} : { "retry-after": told } }) as unknown as IncomingMessage;

describe("Retry-After", () => {
  it.each([
    ["5", 5000],
    ["1", 1000],
    ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
    ["99999999999", 3_600_000],
    ["0", undefined],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["", undefined],
    ["Wed, 31 Dec 2025 23:59:59 GMT", undefined],
    [undefined, undefined],
  ])("%j is %j milliseconds", (told, ms) => {
    expect(retryAfter(answer(told), 0, NOW)).toBe(ms);
  });

  it("counts for 503 and 429 only", () => {
    const told = [200, 400, 403, 429, 500, 502, 503].map((status) => retryAfter(answer("5", status), 0, NOW));
    expect(told).toEqual([undefined, undefined, undefined, 5000, undefined, undefined, 5000]);
  });

  it("is spread: nobody comes earlier, and nobody more than by a half later", () => {
    expect([0, 0.5, 1].map((random) => retryAfter(answer("4"), random, NOW))).toEqual([4000, 5000, 6000]);
  });
});
