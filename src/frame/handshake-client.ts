// frame/ The client's side of the opening handshake (RFC 6455 section 4.1): the request's headers, and the check of the response.
import { VaivenError } from "../errors.js";
import {
  acceptDeflateResponse,
  DEFLATE_NAME,
  type DeflateAgreement,
  type DeflateSettings,
  deflateOffer,
} from "./deflate.js";
import { formatExtensions, isToken, parseExtensions, trimSpace } from "./extension.js";
import { acceptFor, type HeaderList, type HeaderLookup, hasToken, WEBSOCKET_VERSION } from "./handshake.js";
import type { BytePrimitives } from "./primitives.js";

export interface HandshakeOfferOptions {
  /** Subprotocols in order of preference, each once. */
  readonly protocols?: readonly string[] | undefined;
  /** Without it no compression is offered. */
  readonly deflate?: DeflateSettings | undefined;
}

/** What a client offered: needed again to check the response. */
export interface HandshakeOffer {
  /** The headers of the request, Host and the program's own aside. */
  readonly headers: HeaderList;
  readonly expectedAccept: string;
  readonly protocols: readonly string[];
  readonly deflate: DeflateSettings | undefined;
}

export interface HandshakeResponse {
  readonly status: number;
  readonly header: HeaderLookup;
}

export interface HandshakeAgreement {
  /** The subprotocol in use, or "". */
  readonly protocol: string;
  readonly deflate: DeflateAgreement | undefined;
}

/**
 * Begins an opening handshake with a fresh nonce.
 * @throws VaivenError `API_INVALID_ARGUMENT` if a subprotocol is no token or stands twice.
 */
export function offerHandshake(primitives: BytePrimitives, options: HandshakeOfferOptions = {}): HandshakeOffer {
  const protocols = options.protocols ?? [];
  for (const protocol of protocols) {
    if (!isToken(protocol) || protocols.indexOf(protocol) !== protocols.lastIndexOf(protocol)) {
      throw new VaivenError(
        "API_INVALID_ARGUMENT",
        `expected subprotocols that are tokens, each once, got "${protocol}"`,
      );
    }
  }
  const nonce = primitives.allocate(16);
  primitives.randomFill(nonce);
  const key = primitives.toBase64(nonce);
  const headers: [string, string][] = [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", WEBSOCKET_VERSION],
    ["Sec-WebSocket-Key", key],
  ];
  if (protocols.length > 0) headers.push(["Sec-WebSocket-Protocol", protocols.join(", ")]);
  if (options.deflate !== undefined) {
    headers.push(["Sec-WebSocket-Extensions", formatExtensions([deflateOffer(options.deflate)])]);
  }
  return { headers, expectedAccept: acceptFor(key, primitives), protocols, deflate: options.deflate };
}

/**
 * Checks the server's response.
 * @throws VaivenError `HANDSHAKE_STATUS` (with `httpStatus`) for anything but 101, otherwise `HANDSHAKE_UPGRADE`, `HANDSHAKE_ACCEPT`,
 * `HANDSHAKE_PROTOCOL` or `HANDSHAKE_EXTENSION`: the connection must then be cut.
 */
export function verifyHandshake(offer: HandshakeOffer, response: HandshakeResponse): HandshakeAgreement {
  const { header } = response;
  if (response.status !== 101) {
    throw new VaivenError("HANDSHAKE_STATUS", `expected the status 101, got ${response.status}`, {
      httpStatus: response.status,
    });
  }
  if (trimSpace(header("upgrade") ?? "").toLowerCase() !== "websocket") {
    throw new VaivenError("HANDSHAKE_UPGRADE", `expected "Upgrade: websocket" in the response`);
  }
  if (!hasToken(header("connection"), "upgrade")) {
    throw new VaivenError("HANDSHAKE_UPGRADE", `expected "Connection: Upgrade" in the response`);
  }
  if (trimSpace(header("sec-websocket-accept") ?? "") !== offer.expectedAccept) {
    throw new VaivenError("HANDSHAKE_ACCEPT", "expected the Sec-WebSocket-Accept that belongs to our key");
  }
  return { protocol: agreedProtocol(offer, header), deflate: agreedDeflate(offer, header) };
}

function agreedProtocol(offer: HandshakeOffer, header: HeaderLookup): string {
  const chosen = header("sec-websocket-protocol");
  if (chosen === undefined) return "";
  const protocol = trimSpace(chosen);
  if (!offer.protocols.includes(protocol)) {
    const offered =
      offer.protocols.length === 0 ? "no subprotocol, as none was offered" : `one of ${offer.protocols.join(", ")}`;
    throw new VaivenError("HANDSHAKE_PROTOCOL", `expected ${offered}, got "${protocol}"`);
  }
  return protocol;
}

function agreedDeflate(offer: HandshakeOffer, header: HeaderLookup): DeflateAgreement | undefined {
  const extensions = parseExtensions(header("sec-websocket-extensions"));
  if (extensions === undefined) {
    throw new VaivenError(
      "HANDSHAKE_EXTENSION",
      "expected Sec-WebSocket-Extensions in the form of RFC 6455 section 9.1",
    );
  }
  const [extension, second] = extensions;
  if (extension === undefined) return undefined;
  if (offer.deflate === undefined || extension.name !== DEFLATE_NAME || second !== undefined) {
    const offered = offer.deflate === undefined ? "no extension" : `${DEFLATE_NAME} once at the most`;
    throw new VaivenError("HANDSHAKE_EXTENSION", `expected ${offered}, got "${formatExtensions(extensions)}"`);
  }
  return acceptDeflateResponse(extension, offer.deflate);
}
