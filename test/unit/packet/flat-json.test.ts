import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFlatArray, writeFlatArray } from "../../../src/packet/flat-json.js";

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({ minLength: 400, maxLength: 700 }),
  fc.constant("\ud800"),
);
const scalar = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, 1e21, 5e-324),
);

describe("writing flat arrays", () => {
  it("gives what JSON.stringify gives", () => {
    fc.assert(
      fc.property(fc.array(scalar), (values) => {
        expect(writeFlatArray(values)).toBe(JSON.stringify(values));
      }),
      { numRuns: 2000 },
    );
  });

  it("leaves everything else to JSON", () => {
    for (const values of [[{}], ["a", []], [1n], [() => {}], [Symbol("x")]]) {
      expect(writeFlatArray(values)).toBeUndefined();
    }
  });
});

describe("reading flat arrays", () => {
  it("gives what JSON.parse gives, or leaves the text to it", () => {
    const almost = fc.stringMatching(/^[[\]",a\\\n 1]{0,12}$/);
    const input = fc.oneof(
      almost,
      fc.array(text).map((values) => JSON.stringify(values)),
      almost.map((inner) => `["${inner}"]`),
    );
    fc.assert(
      fc.property(input, (json) => {
        const read = readFlatArray(`42${json}`, 2);
        if (read !== undefined) expect(read).toEqual(JSON.parse(json));
      }),
      { numRuns: 5000 },
    );
  });

  it("does not leave the usual event to JSON", () => {
    expect(readFlatArray('42["news","text"]', 2)).toEqual(["news", "text"]);
    expect(readFlatArray('["news"]', 0)).toEqual(["news"]);
  });

  it.each(["[]", '["a",]', '["a" ]', '["a"]]', '["a","b]', '["a\nb"]', '["a\\n"]', '["a"', "[", '["a"x"b"]'])(
    "leaves %s to JSON",
    (json) => {
      expect(readFlatArray(json, 0)).toBeUndefined();
    },
  );
});
