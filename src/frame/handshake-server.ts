// frame/ The server's side of the opening handshake (RFC 6455 section 4.2), as one function from a request to an answer.
import { type ErrorCode, VaivenError } from "../errors.js";
import { type DeflateAgreement, type DeflateSettings, negotiateDeflate } from "./deflate.js";
import { formatExtensions, parseExtensions, parseTokens, trimSpace } from "./extension.js";
import { acceptFor, formatHead, type HeaderList, type HeaderLookup, hasToken, WEBSOCKET_VERSION } from "./handshake.js";
import type { BytePrimitives } from "./primitives.js";

export interface HandshakeRequest {
  readonly method: string;
  /** `"1.1"`. */
  readonly httpVersion: string;
  readonly header: HeaderLookup;
}

export interface HandshakeServerOptions {
  /**
   * Chooses among the subprotocols that the client offers, in its order of preference; undefined for none.
   * Called only if the client offers any.
   */
  readonly selectProtocol?: ((offered: readonly string[]) => string | undefined) | undefined;
  /** Without it permessage-deflate is declined. */
  readonly deflate?: DeflateSettings | undefined;
}

export interface HandshakeAcceptance {
  readonly accepted: true;
  readonly status: 101;
  readonly headers: HeaderList;
  /** The chosen subprotocol, or "". */
  readonly protocol: string;
  readonly deflate: DeflateAgreement | undefined;
}

export interface HandshakeRefusal {
  readonly accepted: false;
  readonly status: number;
  readonly headers: HeaderList;
  /** Says what was wrong; its message is the body of the response. */
  readonly error: VaivenError;
}

/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/**
 * Answers the opening handshake of a client. Says nothing about who the client is: Origin and authentication are checked before.
 * @throws VaivenError `API_INVALID_ARGUMENT` if `selectProtocol` chooses what was not offered.
 */
export function answerHandshake(
  request: HandshakeRequest,
  primitives: BytePrimitives,
  options: HandshakeServerOptions = {},
): HandshakeAcceptance | HandshakeRefusal {
  const { header } = request;
  if (request.method !== "GET") {
    return refuse("HANDSHAKE_METHOD", 405, `expected the method GET, got ${shown(request.method)}`, [["Allow", "GET"]]);
  }
  if (!isHttp11(request.httpVersion)) {
    return refuse("HANDSHAKE_VERSION", 400, `expected HTTP/1.1, got ${shown(request.httpVersion)}`);
  }
  if (header("host") === undefined) return refuse("HANDSHAKE_HEADERS", 400, "expected a Host header, got none");
  // Its bytes would be frames to us and a body to who stands between.
  if (header("transfer-encoding") !== undefined || (header("content-length") ?? "0") !== "0") {
    return refuse("HANDSHAKE_HEADERS", 400, "expected a handshake without a body");
  }
  if (!hasToken(header("upgrade"), "websocket")) {
    return refuse("HANDSHAKE_UPGRADE", 400, `expected "Upgrade: websocket", got ${shown(header("upgrade"))}`);
  }
  if (!hasToken(header("connection"), "upgrade")) {
    return refuse("HANDSHAKE_UPGRADE", 400, `expected "Connection: Upgrade", got ${shown(header("connection"))}`);
  }
  const version = header("sec-websocket-version");
  if (version === undefined || trimSpace(version) !== WEBSOCKET_VERSION) {
    return refuse(
      "HANDSHAKE_VERSION",
      426,
      `expected Sec-WebSocket-Version ${WEBSOCKET_VERSION}, got ${shown(version)}`,
      [
        ["Sec-WebSocket-Version", WEBSOCKET_VERSION],
        ["Upgrade", "websocket"],
      ],
    );
  }
  const key = trimSpace(header("sec-websocket-key") ?? "");
  if (!KEY.test(key)) return refuse("HANDSHAKE_KEY", 400, "expected a Sec-WebSocket-Key of 16 bytes in base64");
  const offeredProtocols = readProtocols(header("sec-websocket-protocol"));
  if (offeredProtocols === undefined) {
    return refuse("HANDSHAKE_PROTOCOL", 400, "expected a Sec-WebSocket-Protocol of tokens, each once");
  }
  const offers = parseExtensions(header("sec-websocket-extensions"));
  if (offers === undefined) {
    return refuse("HANDSHAKE_EXTENSION", 400, "expected Sec-WebSocket-Extensions in the form of RFC 6455 section 9.1");
  }
  const headers: [string, string][] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptFor(key, primitives)],
  ];
  const protocol = chooseProtocol(offeredProtocols, options);
  if (protocol !== "") headers.push(["Sec-WebSocket-Protocol", protocol]);
  const negotiated = options.deflate === undefined ? undefined : negotiateDeflate(offers, options.deflate);
  if (negotiated !== undefined) headers.push(["Sec-WebSocket-Extensions", formatExtensions([negotiated.response])]);
  return { accepted: true, status: 101, headers, protocol, deflate: negotiated?.agreement };
}

/** An acceptance or refusal as it goes over the wire. A refusal closes the connection and says why in its body. */
export function formatAnswer(answer: HandshakeAcceptance | HandshakeRefusal): string {
  if (answer.accepted) return formatHead("HTTP/1.1 101 Switching Protocols", answer.headers);
  return (
    formatHead(`HTTP/1.1 ${answer.status} ${STATUS_TEXT[answer.status] ?? "Refused"}`, answer.headers) +
    answer.error.message
  );
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: "Bad Request",
  405: "Method Not Allowed",
  426: "Upgrade Required",
};

function isHttp11(version: string): boolean {
  if (version === "1.1") return true;
  const [major, minor] = version.split(".");
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 1);
}

/** An absent header offers nothing; undefined for one that is malformed, empty or repeats itself (section 4.1, item 10). */
function readProtocols(header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return [];
  const tokens = parseTokens(header);
  return tokens !== undefined && tokens.length > 0 && new Set(tokens).size === tokens.length ? tokens : undefined;
}

function chooseProtocol(offered: readonly string[], options: HandshakeServerOptions): string {
  if (offered.length === 0 || options.selectProtocol === undefined) return "";
  const chosen = options.selectProtocol(offered);
  if (chosen === undefined) return "";
  if (!offered.includes(chosen)) {
    throw new VaivenError(
      "API_INVALID_ARGUMENT",
      `expected one of the offered subprotocols ${offered.join(", ")}, got ${chosen}`,
    );
  }
  return chosen;
}

function refuse(code: ErrorCode, status: number, message: string, headers: HeaderList = []): HandshakeRefusal {
  return {
    accepted: false,
    status,
    headers: [
      ...headers,
      ["Connection", "close"],
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Content-Length", String(message.length)],
    ],
    error: new VaivenError(code, message, { httpStatus: status }),
  };
}

/** Something a peer sent, made harmless: short and in visible ASCII, so that a message's length is its number of bytes. */
function shown(value: string | undefined): string {
  return value === undefined ? "none" : `"${value.slice(0, 64).replace(/[^\x20-\x7e]/g, "?")}"`;
}
