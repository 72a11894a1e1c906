import { describe, expect, it } from "vitest";
import {
  acceptDeflateResponse,
  type DeflateOptions,
  deflateOffer,
  deflateSettings,
  negotiateDeflate,
} from "../../../src/frame/deflate.js";
import { formatExtensions, parseExtensions } from "../../../src/frame/extension.js";

const KEEP: DeflateOptions = { serverNoContextTakeover: false, clientNoContextTakeover: false };

/** What a server with these options answers: undefined if it declines. */
function answer(offer: string, options: DeflateOptions = KEEP): string | undefined {
  const negotiated = negotiateDeflate(parseExtensions(offer)!, deflateSettings(options));
  return negotiated && formatExtensions([negotiated.response]);
}

function accept(response: string, options: DeflateOptions = KEEP): unknown {
  return acceptDeflateResponse(parseExtensions(response)![0]!, deflateSettings(options));
}

const D = "permessage-deflate";

describe("RFC 7692 section 7.1, the server's answer", () => {
  it.each<[string, string, DeflateOptions, string | undefined]>([
    // Nothing asked, nothing wanted.
    ["7.1", D, KEEP, D],
    // An offered server_no_context_takeover is answered by itself; the server may also add it.
    ["7.1.1.1", `${D}; server_no_context_takeover`, KEEP, `${D}; server_no_context_takeover`],
    ["7.1.1.1", D, { ...KEEP, serverNoContextTakeover: true }, `${D}; server_no_context_takeover`],
    // client_no_context_takeover may be added whether it was offered or not.
    ["7.1.1.2", `${D}; client_no_context_takeover`, KEEP, `${D}; client_no_context_takeover`],
    ["7.1.1.2", D, { ...KEEP, clientNoContextTakeover: true }, `${D}; client_no_context_takeover`],
    ["7.1.1.2", D, {}, `${D}; server_no_context_takeover; client_no_context_takeover`],
    // The same or a smaller window than the client asks for.
    ["7.1.2.1", `${D}; server_max_window_bits=10`, KEEP, `${D}; server_max_window_bits=10`],
    [
      "7.1.2.1",
      `${D}; server_max_window_bits=10`,
      { ...KEEP, serverMaxWindowBits: 9 },
      `${D}; server_max_window_bits=9`,
    ],
    [
      "7.1.2.1",
      `${D}; server_max_window_bits=8`,
      { ...KEEP, serverMaxWindowBits: 12 },
      `${D}; server_max_window_bits=8`,
    ],
    ["7.1.2.1", D, { ...KEEP, serverMaxWindowBits: 12 }, `${D}; server_max_window_bits=12`],
    // The client's window is limited only if the client said that it can.
    ["7.1.2.2", `${D}; client_max_window_bits`, KEEP, D],
    ["7.1.2.2", `${D}; client_max_window_bits=11`, KEEP, `${D}; client_max_window_bits=11`],
    [
      "7.1.2.2",
      `${D}; client_max_window_bits`,
      { ...KEEP, clientMaxWindowBits: 10 },
      `${D}; client_max_window_bits=10`,
    ],
    [
      "7.1.2.2",
      `${D}; client_max_window_bits=9`,
      { ...KEEP, clientMaxWindowBits: 10 },
      `${D}; client_max_window_bits=9`,
    ],
    ["7.1.2.2", D, { ...KEEP, clientMaxWindowBits: 10 }, undefined],
    // The first acceptable offer wins; others are passed over.
    ["5", `${D}; foo, x-other, ${D}; server_max_window_bits=9`, KEEP, `${D}; server_max_window_bits=9`],
    ["5", `${D}; client_max_window_bits=9, ${D}`, KEEP, `${D}; client_max_window_bits=9`],
    [
      "5",
      `${D}, ${D}; client_max_window_bits`,
      { ...KEEP, clientMaxWindowBits: 10 },
      `${D}; client_max_window_bits=10`,
    ],
    ["5", "x-webkit-deflate-frame", KEEP, undefined],
    // Values may be quoted (RFC 6455 section 9.1).
    ["RFC 6455 9.1", `${D}; server_max_window_bits="10"`, KEEP, `${D}; server_max_window_bits=10`],
  ])("section %s: to %j with %j is %j", (_section, offer, options, expected) => {
    expect(answer(offer, options)).toBe(expected);
  });

  it.each([
    "unknown",
    "server_no_context_takeover=1",
    "client_no_context_takeover=true",
    "server_no_context_takeover; server_no_context_takeover",
    "client_max_window_bits; client_max_window_bits=10",
    "server_max_window_bits",
    "server_max_window_bits=7",
    "server_max_window_bits=16",
    "server_max_window_bits=08",
    "server_max_window_bits=1e1",
    "server_max_window_bits=-9",
    "client_max_window_bits=7",
    "client_max_window_bits=16",
    "client_max_window_bits=010",
    "Server_no_context_takeover",
  ])("section 7: declines an offer with %j", (parameters) => {
    expect(answer(`${D}; ${parameters}`)).toBeUndefined();
  });
});

describe("RFC 7692 section 7.1, the client's offer and check", () => {
  it.each<[DeflateOptions, string]>([
    [KEEP, `${D}; client_max_window_bits`],
    [{}, `${D}; server_no_context_takeover; client_no_context_takeover; client_max_window_bits`],
    [
      { ...KEEP, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
      `${D}; server_max_window_bits=9; client_max_window_bits=10`,
    ],
  ])("offers with %j: %j", (options, expected) => {
    expect(formatExtensions([deflateOffer(deflateSettings(options))])).toBe(expected);
  });

  it("reads every legal response", () => {
    expect(accept(D)).toEqual({
      serverNoContextTakeover: false,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 15,
    });
    expect(
      accept(
        `${D}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=8`,
      ),
    ).toEqual({
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 9,
      clientMaxWindowBits: 8,
    });
    expect(
      accept(`${D}; server_max_window_bits=10`, { ...KEEP, serverMaxWindowBits: 12, clientMaxWindowBits: 9 }),
    ).toMatchObject({
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 9,
    });
  });

  it.each<[string, DeflateOptions]>([
    [`${D}; unknown`, KEEP],
    [`${D}; client_max_window_bits`, KEEP],
    [`${D}; server_max_window_bits`, KEEP],
    [`${D}; server_max_window_bits=16`, KEEP],
    [`${D}; server_no_context_takeover; server_no_context_takeover`, KEEP],
    [`${D}; client_max_window_bits=12`, { ...KEEP, clientMaxWindowBits: 11 }],
    [`${D}; server_max_window_bits=12`, { ...KEEP, serverMaxWindowBits: 11 }],
    [D, { ...KEEP, serverMaxWindowBits: 11 }],
    [D, { ...KEEP, serverNoContextTakeover: true }],
  ])("section 7: refuses the response %j with %j", (response, options) => {
    expect(() => accept(response, options)).toThrow(expect.objectContaining({ code: "HANDSHAKE_EXTENSION" }));
  });

  it("refuses settings out of range", () => {
    for (const options of [
      { serverMaxWindowBits: 7 },
      { clientMaxWindowBits: 16 },
      { level: 10 },
      { memoryLevel: 0 },
      { serverMaxWindowBits: 9.5 },
      { threshold: -1 },
      { threshold: "1kb" as never },
      { maxInflateRatio: 0 },
      { maxInflateRatio: Number.NaN },
      { inflateRatioFloor: -1 },
    ]) {
      expect(() => deflateSettings(options)).toThrow(expect.objectContaining({ code: "API_INVALID_OPTION" }));
    }
  });
});
