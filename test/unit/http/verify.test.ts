// http/verify.ts and refusal.ts: who gets which of Engine.IO's error codes.
import { describe, expect, it } from "vitest";
import { messageOf, type Refusal, refusalBody, statusOf } from "../../../src/http/refusal.js";
import { readEngineQuery } from "../../../src/http/target.js";
import { type Offer, verifyProtocol, verifyRequest, verifyTransport } from "../../../src/http/verify.js";

const OFFER: Offer = { transports: ["polling", "websocket"], protocol3: false, jsonp: false };

function verify(
  query: string,
  { method = "GET", upgrade = false, offer = OFFER, origin = undefined as string | undefined } = {},
): Refusal | undefined {
  const url = `/socket.io/?${query}`;
  const request = { method, url, headers: { origin }, remoteAddress: "127.0.0.1", secure: false };
  return verifyRequest(request, readEngineQuery(url), upgrade, offer);
}

describe("a request", () => {
  it("may open a session over polling with GET, and over WebSocket with an upgrade", () => {
    expect(verify("EIO=4&transport=polling")).toBeUndefined();
    expect(verify("EIO=4&transport=websocket", { upgrade: true })).toBeUndefined();
  });

  it("may post to a session", () => {
    expect(verify("EIO=4&transport=polling&sid=a", { method: "POST" })).toBeUndefined();
  });

  const refused = [
    { what: "names no transport", query: "EIO=4", code: 0, context: {} },
    {
      what: "names an unknown transport",
      query: "EIO=4&transport=toString",
      code: 0,
      context: { transport: "toString" },
    },
    {
      what: "opens a session by POST",
      query: "EIO=4&transport=polling",
      method: "POST",
      code: 2,
      context: { method: "POST" },
    },
    {
      what: "asks for a WebSocket without an upgrade",
      query: "EIO=4&transport=websocket",
      code: 3,
      context: { name: "TRANSPORT_HANDSHAKE_ERROR" },
    },
    {
      what: "upgrades to polling",
      query: "EIO=4&transport=polling",
      upgrade: true,
      code: 3,
      context: { name: "TRANSPORT_MISMATCH", transport: "polling" },
    },
    {
      what: "names two sessions",
      query: "EIO=4&transport=polling&sid=a&sid=b",
      code: 3,
      context: { name: "QUERY_AMBIGUOUS" },
    },
    {
      what: "asks for JSONP, which is off",
      query: "EIO=4&transport=polling&j=0",
      code: 3,
      context: { name: "JSONP_DISABLED" },
    },
    {
      what: "has control characters in its Origin",
      query: "EIO=4&transport=polling",
      origin: "a\u0001",
      code: 3,
      context: { name: "INVALID_ORIGIN", origin: "a\u0001" },
    },
  ];
  for (const { what, query, code, context, ...rest } of refused) {
    it(`is refused with code ${code} when it ${what}`, () => {
      expect(verify(query, rest)).toEqual({ code, context });
    });
  }

  it("may ask for JSONP where it is on", () => {
    expect(verify("EIO=4&transport=polling&j=0", { offer: { ...OFFER, jsonp: true } })).toBeUndefined();
  });

  it("is refused with code 3 when the session has another transport", () => {
    const query = readEngineQuery("/?transport=polling&sid=a");
    expect(verifyTransport(query, "polling")).toBeUndefined();
    expect(verifyTransport(query, "websocket")).toEqual({
      code: 3,
      context: { name: "TRANSPORT_MISMATCH", transport: "polling", previousTransport: "websocket" },
    });
  });

  it("is refused with code 5 when it speaks another protocol than 4", () => {
    expect(verifyProtocol(readEngineQuery("/?EIO=4"), OFFER)).toBe(4);
    for (const query of ["EIO=3", "EIO=5", "EIO=", ""]) {
      expect(verifyProtocol(readEngineQuery(`/?${query}`), OFFER)).toEqual({ code: 5, context: { protocol: 3 } });
    }
  });
});

describe("a refusal", () => {
  it("is 403 for what is forbidden, 400 for the rest", () => {
    expect([0, 1, 2, 3, 4, 5].map((code) => statusOf({ code, context: {} } as Refusal))).toEqual([
      400, 400, 400, 400, 403, 400,
    ]);
  });

  it("tells the client its code and message as JSON", () => {
    expect(refusalBody({ code: 1, context: { sid: "secret" } })).toBe('{"code":1,"message":"Session ID unknown"}');
    expect(messageOf({ code: 4, context: {}, message: "nobody today" })).toBe("nobody today");
  });
});
