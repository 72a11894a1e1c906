import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { VaivenError } from "../../src/errors.js";

const source = readFileSync(new URL("../../src/errors.ts", import.meta.url), "utf8");
const reference = readFileSync(new URL("../../docs/reference/errors.md", import.meta.url), "utf8");

describe("VaivenError", () => {
  it("carries its code, what the peer was told, and its cause", () => {
    const cause = new Error("below");
    const error = new VaivenError("FRAME_MESSAGE_TOO_BIG", "too big", { closeCode: 1009, cause, detail: { limit: 1 } });
    expect(error).toMatchObject({
      name: "VaivenError",
      code: "FRAME_MESSAGE_TOO_BIG",
      closeCode: 1009,
      cause,
      detail: { limit: 1 },
    });
    expect(error.httpStatus).toBeUndefined();
  });

  it("has no cause where none was given", () => {
    expect("cause" in new VaivenError("PACKET_CYCLIC", "cyclic")).toBe(false);
  });
});

describe("the reference of errors", () => {
  const codes = [...source.matchAll(/^ {2}\| "([A-Z0-9_]+)"/gm)].map((match) => match[1] as string);
  const rows = [...reference.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((match) => match[1] as string);

  it("has one row for each code, and no other", () => {
    expect(codes.length).toBeGreaterThan(40);
    expect(rows.toSorted()).toEqual(codes.toSorted());
  });

  it("has none that is never raised", () => {
    const folder = new URL("../../src/", import.meta.url);
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && file !== "errors.ts")
      .map((file) => readFileSync(new URL(file, folder), "utf8"));
    expect(codes.filter((code) => !sources.some((text) => text.includes(`"${code}"`)))).toEqual([]);
  });
});
