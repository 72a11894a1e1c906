// http/request-snapshot.ts: what is kept of a request.
import { describe, expect, it } from "vitest";
import { headersOf, InternTable, RequestSnapshot } from "../../../src/http/request-snapshot.js";

describe("a request snapshot", () => {
  const raw = [
    "Host",
    "a.example",
    "Sec-WebSocket-Key",
    "abc",
    "User-Agent",
    "x",
    "Cookie",
    "a=1",
    "cookie",
    "b=2",
    "X-A",
    "1",
    "x-a",
    "2",
    "Host",
    "b",
  ];

  it("gives headers as Node does, without the key of the WebSocket handshake", () => {
    const snapshot = new RequestSnapshot("GET", "/?a=1", raw, "1.2.3.4", true, new InternTable());
    expect(snapshot.headers).toEqual({ host: "a.example", "user-agent": "x", cookie: "a=1; b=2", "x-a": "1, 2" });
    expect(snapshot.headers).toBe(snapshot.headers);
    expect({ ...snapshot.query }).toEqual({ a: "1" });
    expect(snapshot.connection).toEqual({ remoteAddress: "1.2.3.4", encrypted: true });
  });

  it("keeps set-cookie as a list and __proto__ as a name", () => {
    const headers = headersOf(["Set-Cookie", "a", "set-cookie", "b", "__proto__", "c"]);
    expect(headers["set-cookie"]).toEqual(["a", "b"]);
    expect(Object.keys(headers)).toEqual(["set-cookie", "__proto__"]);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it("shares strings through a table that does not grow beyond its bound", () => {
    const table = new InternTable(2, 8);
    expect(table.intern("a")).toBe("a");
    for (let count = 0; count < 100; count++) table.intern(`n${count}`);
    expect(table.size).toBeLessThanOrEqual(2);
    table.intern("longer than eight");
    expect(table.size).toBeLessThanOrEqual(2);
  });
});
