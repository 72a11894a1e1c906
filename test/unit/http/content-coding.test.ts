// http/content-coding.ts: Accept-Encoding.
import { describe, expect, it } from "vitest";
import { ANSWER_CODINGS, chooseCoding, FILE_CODINGS } from "../../../src/http/content-coding.js";

describe("the coding of an answer", () => {
  const cases: [header: string | undefined, chosen: string | undefined][] = [
    [undefined, undefined],
    ["", undefined],
    ["gzip", "gzip"],
    ["deflate", "deflate"],
    ["gzip, deflate, br", "gzip"],
    ["deflate;q=1, gzip;q=0.5", "deflate"],
    ["gzip;q=0", undefined],
    ["gzip;q=0, *", "deflate"],
    ["*", "gzip"],
    ["*;q=0", undefined],
    ["br", undefined],
    ["identity;q=1, gzip;q=0.5", undefined],
    ["GZIP ; Q=0.3", "gzip"],
    ["gzip;q=banana", "gzip"],
    [",,;;,", undefined],
  ];
  for (const [header, chosen] of cases) {
    it(`is ${chosen ?? "none"} for ${JSON.stringify(header)}`, () => {
      expect(chooseCoding(header, ANSWER_CODINGS)).toBe(chosen);
    });
  }

  it("is Brotli for a file where the client takes it", () => {
    expect(chooseCoding("gzip, deflate, br", FILE_CODINGS)).toBe("br");
  });
});
