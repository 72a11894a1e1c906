// http/origin.ts and trusted-proxy.ts: the Origin rule of ARCHITECTURE.md, "Trust".
import { describe, expect, it } from "vitest";
import type { HttpRequest, RequestHeaders } from "../../../src/http/exchange.js";
import { refuseOrigin, refuseScript } from "../../../src/http/origin.js";
import { addressOf, isSecure, type TrustProxy } from "../../../src/http/trusted-proxy.js";

function request(headers: RequestHeaders): HttpRequest {
  return { method: "GET", url: "/", headers, remoteAddress: "10.0.0.9", secure: false };
}

interface Case {
  readonly when: string;
  readonly headers: RequestHeaders;
  readonly cors?: string;
  readonly trust?: TrustProxy;
}

const allowed: Case[] = [
  { when: "there is no Origin: a program", headers: { host: "a.example" } },
  { when: "the Referer is its own page", headers: { host: "a.example:3000", referer: "http://a.example:3000/room?1" } },
  { when: "the Referer is no page", headers: { host: "a.example", referer: "android-app://some.app/" } },
  {
    when: "page and server are on this machine",
    headers: { host: "127.0.0.1:3000", referer: "http://localhost:5173/" },
  },
  {
    when: "the browser says that it is the same origin, whatever the Referer",
    headers: { host: "10.0.0.1", referer: "https://a.example/", "sec-fetch-site": "same-origin" },
  },
  { when: "no Origin and Sec-Fetch-Site: none", headers: { host: "a.example", "sec-fetch-site": "none" } },
  {
    when: "no Origin and Sec-Fetch-Site: same-origin",
    headers: { host: "a.example", "sec-fetch-site": "same-origin" },
  },
  { when: "host and port are those of Host", headers: { origin: "http://a.example:3000", host: "a.example:3000" } },
  { when: "only the scheme differs", headers: { origin: "https://a.example", host: "a.example" } },
  {
    when: "the port that is left out is the scheme's",
    headers: { origin: "https://a.example", host: "a.example:443" },
  },
  { when: "only the case differs", headers: { origin: "http://A.Example", host: "a.example" } },
  {
    when: "both are loopback by different names and ports",
    headers: { origin: "http://localhost:5173", host: "127.0.0.1:3000" },
  },
  { when: "both are loopback over IPv6", headers: { origin: "http://[::1]:5173", host: "localhost:3000" } },
  {
    when: "the browser says that it is the same origin",
    headers: { origin: "http://a.example", host: "b.example", "sec-fetch-site": "same-origin" },
  },
  { when: "cors allows it", headers: { origin: "http://b.example", host: "a.example" }, cors: "http://b.example" },
  {
    when: "cors allows everyone",
    headers: { origin: "null", host: "a.example", "sec-fetch-site": "cross-site" },
    cors: "*",
  },
  {
    when: "a trusted proxy was addressed by it",
    headers: { origin: "https://a.example", host: "10.0.0.1:3000", "x-forwarded-host": "a.example" },
    trust: true,
  },
];

const refused: Case[] = [
  { when: "hosts differ", headers: { origin: "http://b.example", host: "a.example" } },
  { when: "ports differ", headers: { origin: "http://a.example:8080", host: "a.example" } },
  { when: "one is a subdomain of the other", headers: { origin: "http://x.a.example", host: "a.example" } },
  { when: "one only begins like the other", headers: { origin: "http://a.example.evil.example", host: "a.example" } },
  { when: "the page is a sandboxed frame", headers: { origin: "null", host: "a.example" } },
  {
    when: "there is no Origin and the Referer is a page of another host",
    headers: { host: "a.example", referer: "http://b.example/page?x=http://a.example" },
  },
  { when: "the Referer is another port", headers: { host: "a.example:3000", referer: "http://a.example:3001/" } },
  { when: "the Referer is a page elsewhere", headers: { host: "localhost:3000", referer: "https://evil.example/" } },
  { when: "the Origin cannot be read", headers: { origin: "a.example", host: "a.example" } },
  { when: "a script tag of another site asks", headers: { host: "a.example", "sec-fetch-site": "cross-site" } },
  { when: "a script tag of a sister site asks", headers: { host: "a.example", "sec-fetch-site": "same-site" } },
  {
    when: "cors allows another origin",
    headers: { origin: "http://b.example", host: "a.example" },
    cors: "http://c.example",
  },
  { when: "there is no Host", headers: { origin: "http://a.example" } },
  {
    when: "a page from elsewhere asks a server on this machine",
    headers: { origin: "http://evil.example", host: "localhost:3000" },
  },
  {
    when: "the host only looks like loopback",
    headers: { origin: "http://127.0.0.1.evil.example", host: "127.0.0.1:3000" },
  },
  {
    when: "a proxy that is not trusted was addressed by it",
    headers: { origin: "https://a.example", host: "10.0.0.1", "x-forwarded-host": "a.example" },
  },
];

describe("a request", () => {
  for (const { when, headers, cors, trust = false } of allowed) {
    it(`is allowed when ${when}`, () => {
      expect(refuseOrigin(request(headers), cors, trust)).toBeUndefined();
    });
  }

  for (const { when, headers, cors, trust = false } of refused) {
    it(`is refused when ${when}`, () => {
      expect(refuseOrigin(request(headers), cors, trust)).toMatchObject({
        code: "HTTP_ORIGIN_FORBIDDEN",
        httpStatus: 403,
      });
    });
  }

  it("is told which two values differ and which line allows it", () => {
    const error = refuseOrigin(request({ origin: "http://b.example", host: "a.example" }), undefined, false);
    expect(error?.message).toContain('"http://b.example"');
    expect(error?.message).toContain('"a.example"');
    expect(error?.message).toContain('cors: { origin: "http://b.example" }');
  });
});

describe("a script tag that asks for JSONP", () => {
  const browser = { host: "a.example", "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" };
  it("has to say on whose page it stands, unless everybody is allowed", () => {
    expect(refuseScript(request(browser), undefined)).toMatchObject({ code: "HTTP_ORIGIN_FORBIDDEN", httpStatus: 403 });
    expect(refuseScript(request({ ...browser, referer: "http://a.example/" }), undefined)).toBeUndefined();
    expect(refuseScript(request({ ...browser, "sec-fetch-site": "same-origin" }), undefined)).toBeUndefined();
    expect(refuseScript(request({ ...browser, origin: "http://a.example" }), undefined)).toBeUndefined();
    expect(refuseScript(request(browser), "*")).toBeUndefined();
  });

  it("is a program's request where no browser sends it", () => {
    expect(refuseScript(request({ host: "a.example", "user-agent": "curl/8" }), undefined)).toBeUndefined();
    expect(refuseScript(request({ host: "a.example" }), undefined)).toBeUndefined();
  });
});

describe("an Origin that was allowed", () => {
  it("is allowed for its own Host only, and no other Origin with it", () => {
    const allowed = { origin: "https://a.example", host: "a.example" };
    for (let round = 0; round < 2; round++) {
      expect(refuseOrigin(request(allowed), undefined, false)).toBeUndefined();
      expect(refuseOrigin(request({ ...allowed, host: "b.example" }), undefined, false)).toBeDefined();
      expect(refuseOrigin(request({ ...allowed, origin: "https://b.example" }), undefined, false)).toBeDefined();
      expect(refuseOrigin(request({ origin: "https://a.example" }), undefined, false)).toBeDefined();
    }
  });
});

describe("the address of a client", () => {
  const headers = { "x-forwarded-for": "1.1.1.1, 2.2.2.2, 3.3.3.3", "x-forwarded-proto": "https" };
  it("is the peer's where no proxy is trusted", () => {
    expect(addressOf(request(headers), false)).toBe("10.0.0.9");
    expect(isSecure(request(headers), false)).toBe(false);
  });
  it("is the first one where all proxies are trusted", () => {
    expect(addressOf(request(headers), true)).toBe("1.1.1.1");
    expect(isSecure(request(headers), true)).toBe(true);
  });
  it("is what the n-th proxy saw where n are trusted", () => {
    expect(addressOf(request(headers), 1)).toBe("3.3.3.3");
    expect(addressOf(request(headers), 2)).toBe("2.2.2.2");
    expect(addressOf(request(headers), 9)).toBe("1.1.1.1");
  });
  it("is the peer's where the proxy says nothing", () => {
    expect(addressOf(request({}), true)).toBe("10.0.0.9");
    expect(addressOf(request({ "x-forwarded-for": " " }), true)).toBe("10.0.0.9");
  });
});
