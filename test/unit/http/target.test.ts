// http/target.ts: the query of a request, however it is written.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBelow, readEngineQuery, readQuery } from "../../../src/http/target.js";

describe("the query of Engine.IO", () => {
  it("is read from a stock client's URL", () => {
    const query = readEngineQuery("/socket.io/?EIO=4&transport=polling&t=abc&sid=x-_1&j=3&b64=1");
    expect(query).toMatchObject({
      protocol: "4",
      transport: "polling",
      stamp: "abc",
      sid: "x-_1",
      jsonp: "3",
      base64: "1",
    });
    expect(query.ambiguous).toBe(false);
  });

  it("reads names and values that are percent-encoded", () => {
    expect(readEngineQuery("/?%73id=a%2Bb").sid).toBe("a+b");
  });

  it("leaves percent-encoding that cannot be read as it is", () => {
    expect(readEngineQuery("/?sid=%E0%A4%A").sid).toBe("%E0%A4%A");
  });

  for (const twice of ["sid=a&sid=b", "transport=polling&transport=websocket", "EIO=4&EIO=3", "sid=a&%73id=b"]) {
    it(`is ambiguous where a parameter comes twice: ${twice}`, () => {
      expect(readEngineQuery(`/socket.io/?${twice}`).ambiguous).toBe(true);
    });
  }

  it("is the same when it is read again, and another one for another URL", () => {
    const url = "/socket.io/?EIO=4&transport=websocket";
    const [first, second, other] = [readEngineQuery(url), readEngineQuery(url), readEngineQuery(`${url}&sid=a`)];
    expect(second).toEqual(first);
    expect([first.sid, other.sid]).toEqual([undefined, "a"]);
    expect(readEngineQuery(url).sid).toBeUndefined();
  });

  it("ends where a fragment begins", () => {
    expect(readEngineQuery("/?sid=a#&sid=b").sid).toBe("a");
  });

  it("is read from any URL without throwing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("%", "=", "&", "?", "#", "+", "sid", "E", "0", "\ud800", "é")),
        (parts) => void readEngineQuery(`/?${parts.join("")}`),
      ),
    );
  });
});

describe("the query of a handshake", () => {
  it("keeps the last of repeated names and reads + as a space", () => {
    const query = readQuery("/?a=1&b=x+y&a=2&c&a=3");
    expect({ ...query }).toEqual({ a: "3", b: "x y", c: "" });
  });

  it("holds names of Object.prototype like any other", () => {
    const query = readQuery("/?__proto__=x&constructor=y");
    expect(Object.keys(query)).toEqual(["__proto__", "constructor"]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe("a path", () => {
  const cases = [
    { url: "/socket.io/?EIO=4", path: "/socket.io/", below: true },
    { url: "/socket.io/abc", path: "/socket.io/", below: true },
    { url: "/socket.io?EIO=4", path: "/socket.io/", below: false },
    { url: "/socket.iox/?EIO=4", path: "/socket.io/", below: false },
    { url: "/live?EIO=4", path: "/live", below: true },
    { url: "/live", path: "/live", below: true },
    { url: "/live/", path: "/live", below: true },
    { url: "/lively?EIO=4", path: "/live", below: false },
    { url: "/anything", path: "/", below: true },
  ];
  for (const { url, path, below } of cases) {
    it(`${below ? "owns" : "does not own"} ${url} at ${path}`, () => {
      expect(isBelow(url, path)).toBe(below);
    });
  }
});
