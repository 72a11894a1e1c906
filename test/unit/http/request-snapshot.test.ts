// http/request-snapshot.ts: what is kept of a request.
import { describe, expect, it } from "vitest";
import { HeaderTable, headersOf, InternTable, RequestSnapshot } from "../../../src/http/request-snapshot.js";

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
    const snapshot = new RequestSnapshot("GET", "/?a=1", raw, "1.2.3.4", true, new HeaderTable());
    expect(snapshot.headers).toEqual({ host: "a.example", "user-agent": "x", cookie: "a=1; b=2", "x-a": "1, 2" });
    expect(snapshot.headers).toBe(snapshot.headers);
    expect({ ...snapshot.query }).toEqual({ a: "1" });
    expect(snapshot.connection).toMatchObject({ remoteAddress: "1.2.3.4", encrypted: true });
    expect(snapshot.client.getPeerCertificate()).toEqual({});
  });

  it("has the version of HTTP and the port of the peer, and takes another method", () => {
    const snapshot = new RequestSnapshot("GET", "/", raw, "::1", false, new HeaderTable(), "2.0", 4711);
    expect(snapshot).toMatchObject({ httpVersion: "2.0", httpVersionMajor: 2, httpVersionMinor: 0 });
    expect(snapshot).toMatchObject({ complete: true, aborted: false });
    expect(snapshot.socket).toMatchObject({ remoteAddress: "::1", remotePort: 4711, remoteFamily: "IPv6" });
    snapshot.method = "POST";
    expect(snapshot.method).toBe("POST");
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

  it("shares the names of headers among clients that send the same ones, and the values among those that say the same", () => {
    const table = new HeaderTable();
    const snapshot = (agent: string, key: string) =>
      table.kept(["Host", "a.example", "Sec-WebSocket-Key", key, "User-Agent", agent, "Origin", "http://a.example"]);
    const [first, second, third, other] = [
      snapshot("x", "1"),
      snapshot("x", "2"),
      snapshot("y", "3"),
      table.kept(["Host", "a"]),
    ];
    expect(first).toEqual({ names: ["Host", "User-Agent", "Origin"], values: ["a.example", "x", "http://a.example"] });
    expect(second.names).toBe(first.names);
    expect(second.values).toBe(first.values);
    expect(third.names).toBe(first.names);
    expect(third.values).toEqual(["a.example", "y", "http://a.example"]);
    expect(first.values).toEqual(["a.example", "x", "http://a.example"]);
    expect(other).toEqual({ names: ["Host"], values: ["a"] });
  });

  it("tells a request with more or fewer headers of a name from one that it knows", () => {
    const table = new HeaderTable();
    const names = (raw: readonly string[]) => table.kept(raw).names;
    const given = [["A", "1", "B", "2"], ["A", "1"], ["A", "1", "B", "2", "B", "3"], ["a", "1", "B", "2"], []];
    expect(given.map((raw) => names(raw).join())).toEqual(["A,B", "A", "A,B,B", "a,B", ""]);
    expect(given.map((raw) => names(raw).join())).toEqual(["A,B", "A", "A,B,B", "a,B", ""]);
  });

  it("forgets kinds of clients when a peer invents ever new ones", () => {
    const table = new HeaderTable();
    for (let count = 0; count < 100; count++) table.kept([`X-${count}`, "1"]);
    expect(table.size).toBeLessThanOrEqual(32);
  });
});
