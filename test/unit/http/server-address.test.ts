import { describe, expect, it } from "vitest";
import { readQuery, serverAddress, splitHost } from "../../../src/http/server-address.js";

const PAGE = { protocol: "https:", host: "page.example:8443" };

describe("serverAddress", () => {
  it.each([
    ["http://host.example", false, "host.example", "", "/", ""],
    ["https://host.example:443/nsp", true, "host.example", "", "/nsp", ""],
    ["http://host.example:443", false, "host.example", "443", "/", ""],
    ["ws://host.example:80/", false, "host.example", "", "/", ""],
    ["wss://host.example:3000/a/b?x=1&y=2#z", true, "host.example", "3000", "/a/b", "x=1&y=2"],
    ["http://[::1]:3000", false, "::1", "3000", "/", ""],
    ["http://[::1]", false, "::1", "", "/", ""],
    ["http://user:secret@host.example/n", false, "host.example", "", "/n", ""],
    ["host.example", true, "host.example", "", "/", ""],
    ["host.example:3000/n", true, "host.example", "3000", "/n", ""],
    ["localhost:3000", true, "localhost", "3000", "/", ""],
    ["//other.example/n", true, "other.example", "", "/n", ""],
    ["/n?x=1", true, "page.example", "8443", "/n", "x=1"],
    [undefined, true, "page.example", "8443", "/", ""],
  ])("reads %s", (uri, secure, hostname, port, namespace, query) => {
    const address = serverAddress(uri, PAGE);
    expect(address).toMatchObject({ secure, namespace, query });
    expect(splitHost(address.host)).toEqual({ hostname, port });
  });

  it("takes the scheme of the page where none is given, and TLS where there is no page", () => {
    expect(serverAddress("host.example", { protocol: "http:", host: "x" }).secure).toBe(false);
    expect(serverAddress("host.example", undefined).secure).toBe(true);
  });

  it.each([undefined, "/nsp", "", "http://"])("refuses %s where there is no page", (uri) => {
    expect(() => serverAddress(uri, undefined)).toThrow(expect.objectContaining({ code: "API_INVALID_ARGUMENT" }));
  });
});

describe("readQuery", () => {
  it("decodes names and values", () => {
    expect(readQuery("a=1&b=%26%3D&c&=d")).toEqual({ a: "1", b: "&=", c: "" });
    expect(readQuery("")).toEqual({});
  });
});
