import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlatArrayWriter, readFlatArray } from "../../../src/packet/flat-json.js";

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

const writer = new FlatArrayWriter();

describe("writing flat arrays", () => {
  it("gives what JSON.stringify gives", () => {
    fc.assert(
      fc.property(fc.array(scalar), (values) => {
        const json = JSON.stringify(values);
        expect(writer.write("42", values)).toBe(`42${json}`);
        if (writer.isAscii) expect(Buffer.byteLength(json)).toBe(json.length);
      }),
      { numRuns: 2000 },
    );
  });

  it("gives it too where names and prefixes come again", () => {
    const often = fc.constantFrom("news", "", "a", "é", 'q"', 7, null);
    const events = fc.array(
      fc.tuple(fc.constantFrom("42", "", "42/a,", "421"), often, fc.array(scalar, { maxLength: 3 })),
    );
    fc.assert(
      fc.property(events, (all) => {
        const own = new FlatArrayWriter();
        for (const [prefix, name, rest] of [...all, ...all]) {
          const json = prefix + JSON.stringify([name, ...rest]);
          expect(own.write(prefix, [name, ...rest])).toBe(json);
          if (own.isAscii) expect(Buffer.byteLength(json)).toBe(json.length);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("leaves everything else to JSON", () => {
    for (const values of [[{}], ["a", []], [1n], [() => {}], [Symbol("x")]]) {
      expect(writer.write("", values)).toBeUndefined();
    }
  });
});

describe("a flat array", () => {
  it("is known to be ASCII where nothing in it had to be escaped", () => {
    const isAscii = (...values: unknown[]): boolean => {
      writer.write("42", values);
      return writer.isAscii;
    };
    expect(isAscii("news", "text", 1.5, true, null, undefined)).toBe(true);
    expect(isAscii("news", "té")).toBe(false);
    expect(isAscii("é", "text")).toBe(false);
    expect(isAscii("news", "\u{1f600}")).toBe(false);
    expect(isAscii("x".repeat(1000))).toBe(false);
    expect(isAscii("news")).toBe(true);
  });
});

describe("reading flat arrays", () => {
  it("gives the name that it gave before, and no other one", () => {
    const names = ["a", "ab", "ba", "a", "aa", "a_______b", "a-------b", "", "x".repeat(40), "a\u0100", "news", "news"];
    for (const name of [...names, ...names]) expect(readFlatArray(`42["${name}",""]`, 2)).toEqual([name, ""]);
  });

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
