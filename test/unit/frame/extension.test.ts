import { describe, expect, it } from "vitest";
import { formatExtensions, parseExtensions, parseTokens } from "../../../src/frame/extension.js";

const plain = (name: string, ...parameters: (readonly [string, string?])[]): unknown => ({
  name,
  parameters: parameters.map(([key, value]) => ({ name: key, value })),
});

describe("section 9.1, the grammar of Sec-WebSocket-Extensions", () => {
  it("holds nothing where there is no header", () => {
    expect(parseExtensions(undefined)).toEqual([]);
  });

  it.each([
    ["foo", [plain("foo")]],
    ["foo, bar; baz=2", [plain("foo"), plain("bar", ["baz", "2"])]],
    ["foo;bar;baz", [plain("foo", ["bar"], ["baz"])]],
    ['foo; bar="baz"', [plain("foo", ["bar", "baz"])]],
    ['foo; bar="b\\az"', [plain("foo", ["bar", "baz"])]],
    ['foo ; bar = "baz" , qux', [plain("foo", ["bar", "baz"]), plain("qux")]],
    ["\t foo\t;\tbar=1 ", [plain("foo", ["bar", "1"])]],
    [",foo,, bar,", [plain("foo"), plain("bar")]],
    ["foo; a; a; a=1", [plain("foo", ["a"], ["a"], ["a", "1"])]],
    ["foo, foo", [plain("foo"), plain("foo")]],
    ["__proto__; constructor=1", [plain("__proto__", ["constructor", "1"])]],
  ])("reads %j", (header, expected) => {
    expect(parseExtensions(header)).toEqual(expected);
  });

  it.each(
    [
      "",
      "\t",
      ",",
      ";",
      "=",
      "foo;",
      "foo; ,",
      "foo;=1",
      "foo; bar=",
      "foo; bar=,",
      'foo; bar="',
      'foo; bar="a b"',
      'foo; bar=""',
      'foo; bar="a"b',
      'foo; bar="a\\"',
      "foo bar",
      "foo; bar baz",
      "foo; b@r",
      "foo; bar=b@z",
      '"foo"',
      "fóo",
      "foo\u0000",
      "foo\nbar",
      Array.from({ length: 65 }, () => "a").join(","),
      `a${";b".repeat(65)}`,
    ].map((header) => [header]),
  )("refuses %j", (header) => {
    expect(parseExtensions(header)).toBeUndefined();
  });

  it("reads what it writes", () => {
    const header = "permessage-deflate; server_no_context_takeover; client_max_window_bits=10, foo";
    expect(formatExtensions(parseExtensions(header)!)).toBe(header);
  });

  it("takes linear time over white space", () => {
    expect(parseTokens(`a${" ".repeat(100_000)}b`)).toBeUndefined();
    expect(parseExtensions(`a${" ".repeat(100_000)}b`)).toBeUndefined();
  });
});

describe("lists of tokens", () => {
  it("passes over empty elements and white space, and refuses what is no token", () => {
    expect(parseTokens(" a ,\tb,,c ")).toEqual(["a", "b", "c"]);
    expect(parseTokens("")).toEqual([]);
    expect(parseTokens("a b")).toBeUndefined();
    expect(parseTokens("a;b")).toBeUndefined();
    expect(parseTokens("a\u00a0")).toBeUndefined();
  });

  it("reads a header like the one before in the same way, one that breaks the grammar too", () => {
    const read = ["a; b=1", "a; b=1", "a; =", "a; =", "a; b=1", ""].map((header) => parseExtensions(header));
    const one = [{ name: "a", parameters: [{ name: "b", value: "1" }] }];
    expect(read).toEqual([one, one, undefined, undefined, one, undefined]);
  });
});
