import { describe, expect, it } from "vitest";
import { deflateSettings } from "../../../src/frame/deflate.js";
import { acceptFor } from "../../../src/frame/handshake.js";
import { type HandshakeOffer, offerHandshake, verifyHandshake } from "../../../src/frame/handshake-client.js";
import { answerHandshake, formatAnswer, type HandshakeServerOptions } from "../../../src/frame/handshake-server.js";
import { nodeBytePrimitives } from "../../../src/node/byte-primitives.js";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const REQUEST: Readonly<Record<string, string | undefined>> = {
  host: "server.example.com",
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-key": KEY,
  "sec-websocket-version": "13",
};

interface Changes {
  readonly method?: string;
  readonly httpVersion?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly options?: HandshakeServerOptions;
}

function answer(changes: Changes = {}): ReturnType<typeof answerHandshake> {
  const headers = { ...REQUEST, ...changes.headers };
  return answerHandshake(
    { method: changes.method ?? "GET", httpVersion: changes.httpVersion ?? "1.1", header: (name) => headers[name] },
    nodeBytePrimitives,
    changes.options,
  );
}

describe("section 4.2, the server's side", () => {
  it("computes the accept value of section 1.3", () => {
    expect(acceptFor(KEY, nodeBytePrimitives)).toBe(ACCEPT);
  });

  it("accepts the handshake of section 1.2", () => {
    expect(formatAnswer(answer())).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
    );
  });

  it.each<[string, Changes]>([
    ["any case of the tokens", { headers: { upgrade: "WebSocket", connection: "UPGRADE" } }],
    ["Connection tokens in any order", { headers: { connection: "keep-alive , Upgrade,foo" } }],
    ["several protocols in Upgrade", { headers: { upgrade: "h2c, websocket" } }],
    ["a later HTTP version", { httpVersion: "1.2" }],
  ])("accepts %s", (_, changes) => {
    expect(answer(changes).accepted).toBe(true);
  });

  it.each<[string, Changes, number, string]>([
    ["4.2.1 item 1: another method", { method: "POST" }, 405, "HANDSHAKE_METHOD"],
    ["4.2.1 item 1: HTTP/1.0", { httpVersion: "1.0" }, 400, "HANDSHAKE_VERSION"],
    ["4.2.1 item 2: no Host", { headers: { host: undefined } }, 400, "HANDSHAKE_HEADERS"],
    ["a body", { headers: { "content-length": "5" } }, 400, "HANDSHAKE_HEADERS"],
    ["a body in chunks", { headers: { "transfer-encoding": "chunked" } }, 400, "HANDSHAKE_HEADERS"],
    ["4.2.1 item 3: no Upgrade", { headers: { upgrade: undefined } }, 400, "HANDSHAKE_UPGRADE"],
    ["4.2.1 item 3: another protocol", { headers: { upgrade: "h2c" } }, 400, "HANDSHAKE_UPGRADE"],
    ["4.2.1 item 4: no Connection", { headers: { connection: undefined } }, 400, "HANDSHAKE_UPGRADE"],
    ["4.2.1 item 4: no Upgrade token", { headers: { connection: "keep-alive" } }, 400, "HANDSHAKE_UPGRADE"],
    ["4.2.1 item 5: no key", { headers: { "sec-websocket-key": undefined } }, 400, "HANDSHAKE_KEY"],
    [
      "4.2.1 item 5: a key of 15 bytes",
      { headers: { "sec-websocket-key": "dGhlIHNhbXBsZSBub25j" } },
      400,
      "HANDSHAKE_KEY",
    ],
    [
      "4.2.1 item 5: a key of 17 bytes",
      { headers: { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZWU=" } },
      400,
      "HANDSHAKE_KEY",
    ],
    ["4.2.1 item 5: two keys", { headers: { "sec-websocket-key": `${KEY}, ${KEY}` } }, 400, "HANDSHAKE_KEY"],
    ["4.2.1 item 6: no version", { headers: { "sec-websocket-version": undefined } }, 426, "HANDSHAKE_VERSION"],
    ["4.4: version 8", { headers: { "sec-websocket-version": "8" } }, 426, "HANDSHAKE_VERSION"],
    ["4.4: version 14", { headers: { "sec-websocket-version": "14" } }, 426, "HANDSHAKE_VERSION"],
    [
      "4.1 item 10: a subprotocol twice",
      { headers: { "sec-websocket-protocol": "a, b, a" } },
      400,
      "HANDSHAKE_PROTOCOL",
    ],
    ["4.1 item 10: an empty list", { headers: { "sec-websocket-protocol": "" } }, 400, "HANDSHAKE_PROTOCOL"],
    ["4.1 item 10: no token", { headers: { "sec-websocket-protocol": "a b" } }, 400, "HANDSHAKE_PROTOCOL"],
    ["9.1: malformed extensions", { headers: { "sec-websocket-extensions": "foo; =1" } }, 400, "HANDSHAKE_EXTENSION"],
    ["9.1: an empty list of extensions", { headers: { "sec-websocket-extensions": "" } }, 400, "HANDSHAKE_EXTENSION"],
  ])("refuses %s", (_, changes, status, code) => {
    const answered = answer(changes);
    expect(answered).toMatchObject({ accepted: false, status, error: { code, httpStatus: status } });
    const [head, body] = formatAnswer(answered).split("\r\n\r\n");
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body!)}`);
    expect(head).toContain("Connection: close");
  });

  it("names its version when it refuses another (section 4.4)", () => {
    expect(answer({ headers: { "sec-websocket-version": "8" } })).toMatchObject({
      headers: expect.arrayContaining([["Sec-WebSocket-Version", "13"]]),
    });
  });

  it("puts nothing of the peer into the response but what is visible ASCII", () => {
    const text = formatAnswer(answer({ headers: { upgrade: "é\u0001\r\nSet-Cookie: a=b" } }));
    expect(text).not.toMatch(/\r\nSet-Cookie/);
    expect(text).toMatch(/^[\r\n\x20-\x7e]*$/);
  });

  it("chooses a subprotocol among those offered", () => {
    const headers = { "sec-websocket-protocol": "chat, superchat" };
    const chosen = answer({ headers, options: { selectProtocol: (offered) => offered[1] } });
    expect(chosen).toMatchObject({
      protocol: "superchat",
      headers: expect.arrayContaining([["Sec-WebSocket-Protocol", "superchat"]]),
    });
    const none = answer({ headers, options: { selectProtocol: () => undefined } });
    expect(none).toMatchObject({ accepted: true, protocol: "" });
    expect(formatAnswer(none)).not.toContain("Protocol:");
    expect(() => answer({ headers, options: { selectProtocol: () => "other" } })).toThrow(
      expect.objectContaining({ code: "API_INVALID_ARGUMENT" }),
    );
  });

  it("accepts without an extension where it declines every offer", () => {
    const headers = { "sec-websocket-extensions": "permessage-deflate; server_max_window_bits=99" };
    const declined = answer({ headers, options: { deflate: deflateSettings() } });
    expect(declined).toMatchObject({ accepted: true, deflate: undefined });
    expect(formatAnswer(declined)).not.toContain("Extensions");
    expect(answer({ headers: { "sec-websocket-extensions": "permessage-deflate" } })).toMatchObject({
      deflate: undefined,
    });
  });
});

describe("section 4.1, the client's side", () => {
  const response = (
    offer: HandshakeOffer,
    changes: Readonly<Record<string, string | undefined>> = {},
    status = 101,
  ): unknown => {
    const headers: Readonly<Record<string, string | undefined>> = {
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-accept": offer.expectedAccept,
      ...changes,
    };
    return verifyHandshake(offer, { status, header: (name) => headers[name] });
  };
  const offer = offerHandshake(nodeBytePrimitives, { protocols: ["a", "b"], deflate: deflateSettings() });
  const bare = offerHandshake(nodeBytePrimitives);

  it("sends what item 5 to 11 ask for, with a fresh key of 16 bytes", () => {
    const headers = Object.fromEntries(bare.headers);
    expect(Object.keys(headers)).toEqual(["Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"]);
    expect(Buffer.from(headers["Sec-WebSocket-Key"]!, "base64")).toHaveLength(16);
    expect(headers["Sec-WebSocket-Key"]).not.toBe(Object.fromEntries(offer.headers)["Sec-WebSocket-Key"]);
    expect(Object.fromEntries(offer.headers)["Sec-WebSocket-Protocol"]).toBe("a, b");
    expect(bare.expectedAccept).toBe(acceptFor(headers["Sec-WebSocket-Key"]!, nodeBytePrimitives));
  });

  it("refuses to offer what is no token or stands twice", () => {
    for (const protocols of [["a b"], [""], ["a", "a"], ["a,b"], ["a\r\nX: y"]]) {
      expect(() => offerHandshake(nodeBytePrimitives, { protocols })).toThrow(
        expect.objectContaining({ code: "API_INVALID_ARGUMENT" }),
      );
    }
  });

  it("accepts what our server answers", () => {
    const headers = Object.fromEntries(offer.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const answered = answerHandshake(
      { method: "GET", httpVersion: "1.1", header: (name) => (name === "host" ? "x" : headers[name]) },
      nodeBytePrimitives,
      { selectProtocol: ([first]) => first, deflate: deflateSettings() },
    );
    const lines = Object.fromEntries(answered.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const agreed = verifyHandshake(offer, { status: answered.status, header: (name) => lines[name] });
    expect(agreed).toEqual({ protocol: "a", deflate: answered.accepted && answered.deflate });
    expect(agreed.deflate).toBeDefined();
  });

  it("accepts a response without subprotocol or extension", () => {
    expect(response(offer)).toEqual({ protocol: "", deflate: undefined });
    expect(response(offer, { upgrade: "WebSocket", connection: "foo, UPGRADE" })).toEqual({
      protocol: "",
      deflate: undefined,
    });
  });

  it.each<[string, HandshakeOffer, Readonly<Record<string, string | undefined>>, number, string]>([
    ["item 1: another status", bare, {}, 200, "HANDSHAKE_STATUS"],
    ["item 2: no Upgrade", bare, { upgrade: undefined }, 101, "HANDSHAKE_UPGRADE"],
    ["item 2: another Upgrade", bare, { upgrade: "h2c" }, 101, "HANDSHAKE_UPGRADE"],
    ["item 3: no Connection", bare, { connection: undefined }, 101, "HANDSHAKE_UPGRADE"],
    ["item 4: no accept", bare, { "sec-websocket-accept": undefined }, 101, "HANDSHAKE_ACCEPT"],
    ["item 4: a wrong accept", bare, { "sec-websocket-accept": ACCEPT }, 101, "HANDSHAKE_ACCEPT"],
    [
      "item 4: another case",
      bare,
      { "sec-websocket-accept": bare.expectedAccept.toLowerCase() },
      101,
      "HANDSHAKE_ACCEPT",
    ],
    [
      "item 5: an extension nobody offered",
      bare,
      { "sec-websocket-extensions": "permessage-deflate" },
      101,
      "HANDSHAKE_EXTENSION",
    ],
    ["item 5: another extension", offer, { "sec-websocket-extensions": "foo" }, 101, "HANDSHAKE_EXTENSION"],
    [
      "item 5: an extension twice",
      offer,
      { "sec-websocket-extensions": "permessage-deflate; server_no_context_takeover, permessage-deflate" },
      101,
      "HANDSHAKE_EXTENSION",
    ],
    ["9.1: malformed extensions", offer, { "sec-websocket-extensions": ";" }, 101, "HANDSHAKE_EXTENSION"],
    ["9.1: an empty list of extensions", offer, { "sec-websocket-extensions": "" }, 101, "HANDSHAKE_EXTENSION"],
    ["item 6: a subprotocol nobody offered", bare, { "sec-websocket-protocol": "a" }, 101, "HANDSHAKE_PROTOCOL"],
    ["item 6: another subprotocol", offer, { "sec-websocket-protocol": "c" }, 101, "HANDSHAKE_PROTOCOL"],
    ["item 6: two subprotocols", offer, { "sec-websocket-protocol": "a, b" }, 101, "HANDSHAKE_PROTOCOL"],
  ])("refuses %s", (_, offered, changes, status, code) => {
    expect(() => response(offered, changes, status)).toThrow(expect.objectContaining({ code }));
  });
});
