// frame/ Negotiation of permessage-deflate (RFC 7692 sections 7 and 7.1), both ends.
import { VaivenError } from "../errors.js";
import type { Extension } from "./extension.js";

export const DEFLATE_NAME = "permessage-deflate";
const MIN_WINDOW_BITS = 8;
const MAX_WINDOW_BITS = 15;

/** What a program may set. */
export interface DeflateOptions {
  /** The server compresses each message by itself and keeps no window between them. Default: true. */
  readonly serverNoContextTakeover?: boolean;
  /** The client compresses each message by itself. Default: true. */
  readonly clientNoContextTakeover?: boolean;
  /** Window of the server's compressor in bits, 8 to 15. Default: 15, or what the client asks for. */
  readonly serverMaxWindowBits?: number;
  /** Window of the client's compressor in bits, 8 to 15. Default: 15. A server that sets it declines clients that cannot limit theirs. */
  readonly clientMaxWindowBits?: number;
  /** zlib's level for what we send, 0 to 9. Default: 3, which is close to 6 on JSON at half of its time. */
  readonly level?: number;
  /** zlib's memory level for what we send, 1 to 9. Default: 4. */
  readonly memoryLevel?: number;
  /** Messages of fewer bytes are sent uncompressed; with `Infinity` all. Default: 1024. */
  readonly threshold?: number;
  /** A message may inflate to at most this many times its compressed size … `Infinity`: no limit. Default: 200. */
  readonly maxInflateRatio?: number;
  /** … once it is beyond this many bytes. Default: 32 MiB; `maxMessageBytes` holds in any case. */
  readonly inflateRatioFloor?: number;
}

/** A complete, frozen snapshot of {@link DeflateOptions}. */
export interface DeflateSettings {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  readonly clientMaxWindowBits: number | undefined;
  readonly level: number;
  readonly memoryLevel: number;
  readonly threshold: number;
  readonly maxInflateRatio: number;
  readonly inflateRatioFloor: number;
}

/** What both ends agreed on. */
export interface DeflateAgreement {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

/** @throws VaivenError `API_INVALID_OPTION` for window bits, levels or limits out of their range. */
export function deflateSettings(options: DeflateOptions = {}): DeflateSettings {
  checkRange("serverMaxWindowBits", options.serverMaxWindowBits, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
  checkRange("clientMaxWindowBits", options.clientMaxWindowBits, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
  checkRange("level", options.level, 0, 9);
  checkRange("memoryLevel", options.memoryLevel, 1, 9);
  checkLimit("threshold", options.threshold, 0);
  checkLimit("maxInflateRatio", options.maxInflateRatio, 1);
  checkLimit("inflateRatioFloor", options.inflateRatioFloor, 0);
  return Object.freeze({
    serverNoContextTakeover: options.serverNoContextTakeover ?? true,
    clientNoContextTakeover: options.clientNoContextTakeover ?? true,
    serverMaxWindowBits: options.serverMaxWindowBits,
    clientMaxWindowBits: options.clientMaxWindowBits,
    level: options.level ?? 3,
    memoryLevel: options.memoryLevel ?? 4,
    threshold: options.threshold ?? 1024,
    maxInflateRatio: options.maxInflateRatio ?? 200,
    inflateRatioFloor: options.inflateRatioFloor ?? 32 * 1024 * 1024,
  });
}

function checkRange(name: string, value: number | undefined, lowest: number, highest: number): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= lowest && value <= highest)) {
    throw new VaivenError("API_INVALID_OPTION", `expected ${name} from ${lowest} to ${highest}, got ${String(value)}`);
  }
}

/** `Infinity` is a number too: no limit. */
function checkLimit(name: string, value: number | undefined, lowest: number): void {
  if (value !== undefined && !(typeof value === "number" && value >= lowest)) {
    throw new VaivenError(
      "API_INVALID_OPTION",
      `expected ${name} to be a number from ${lowest} up, got ${String(value)}`,
    );
  }
}

/** The four parameters as they stand in a header. Window bits: undefined if absent, 0 if present without a value. */
interface Parameters {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  serverMaxWindowBits: number | undefined;
  clientMaxWindowBits: number | undefined;
}

/** Undefined for what section 7 tells to decline: unknown or repeated parameters, and values that are not allowed. */
function readParameters(extension: Extension, mayOmitClientBits: boolean): Parameters | undefined {
  const read: Parameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  };
  const seen = new Set<string>();
  for (const { name, value } of extension.parameters) {
    if (seen.has(name)) return undefined;
    seen.add(name);
    if (name === "server_no_context_takeover" && value === undefined) {
      read.serverNoContextTakeover = true;
    } else if (name === "client_no_context_takeover" && value === undefined) {
      read.clientNoContextTakeover = true;
    } else if (name === "server_max_window_bits" && isWindowBits(value)) {
      read.serverMaxWindowBits = Number(value);
    } else if (name === "client_max_window_bits" && isWindowBits(value)) {
      read.clientMaxWindowBits = Number(value);
    } else if (name === "client_max_window_bits" && value === undefined && mayOmitClientBits) {
      read.clientMaxWindowBits = 0;
    } else {
      return undefined;
    }
  }
  return read;
}

/** "a decimal integer value without leading zeroes between 8 to 15". */
function isWindowBits(value: string | undefined): value is string {
  return value !== undefined && /^(?:[89]|1[0-5])$/.test(value);
}

/** The server's side: takes the first offer that it can keep to. Undefined: no offer of this extension is acceptable. */
export function negotiateDeflate(
  offers: readonly Extension[],
  settings: DeflateSettings,
): { readonly agreement: DeflateAgreement; readonly response: Extension } | undefined {
  for (const offer of offers) {
    if (offer.name !== DEFLATE_NAME) continue;
    const asked = readParameters(offer, true);
    if (asked === undefined) continue;
    // Section 7.1.2.2: without the client's parameter the response must not limit its window.
    if (settings.clientMaxWindowBits !== undefined && asked.clientMaxWindowBits === undefined) continue;
    return answerOffer(asked, settings);
  }
  return undefined;
}

function answerOffer(
  asked: Parameters,
  settings: DeflateSettings,
): { readonly agreement: DeflateAgreement; readonly response: Extension } {
  const parameters: { name: string; value: string | undefined }[] = [];
  const serverNoContextTakeover = asked.serverNoContextTakeover || settings.serverNoContextTakeover;
  const clientNoContextTakeover = asked.clientNoContextTakeover || settings.clientNoContextTakeover;
  const serverLimit = smallest(asked.serverMaxWindowBits, settings.serverMaxWindowBits);
  const clientLimit =
    asked.clientMaxWindowBits === undefined
      ? undefined
      : smallest(asked.clientMaxWindowBits === 0 ? undefined : asked.clientMaxWindowBits, settings.clientMaxWindowBits);
  if (serverNoContextTakeover) parameters.push({ name: "server_no_context_takeover", value: undefined });
  if (clientNoContextTakeover) parameters.push({ name: "client_no_context_takeover", value: undefined });
  if (serverLimit !== undefined) parameters.push({ name: "server_max_window_bits", value: String(serverLimit) });
  if (clientLimit !== undefined) parameters.push({ name: "client_max_window_bits", value: String(clientLimit) });
  return {
    agreement: {
      serverNoContextTakeover,
      clientNoContextTakeover,
      serverMaxWindowBits: serverLimit ?? MAX_WINDOW_BITS,
      clientMaxWindowBits: clientLimit ?? MAX_WINDOW_BITS,
    },
    response: { name: DEFLATE_NAME, parameters },
  };
}

function smallest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : other === undefined ? one : Math.min(one, other);
}

/** The client's side: the offer. It always says that the client can limit its window. */
export function deflateOffer(settings: DeflateSettings): Extension {
  const parameters: { name: string; value: string | undefined }[] = [];
  if (settings.serverNoContextTakeover) parameters.push({ name: "server_no_context_takeover", value: undefined });
  if (settings.clientNoContextTakeover) parameters.push({ name: "client_no_context_takeover", value: undefined });
  if (settings.serverMaxWindowBits !== undefined) {
    parameters.push({ name: "server_max_window_bits", value: String(settings.serverMaxWindowBits) });
  }
  const clientBits = settings.clientMaxWindowBits;
  parameters.push({ name: "client_max_window_bits", value: clientBits === undefined ? undefined : String(clientBits) });
  return { name: DEFLATE_NAME, parameters };
}

/**
 * The client's side: reads the server's response to {@link deflateOffer}.
 * @throws VaivenError `HANDSHAKE_EXTENSION` if the response is malformed or does not keep to the offer.
 */
export function acceptDeflateResponse(response: Extension, settings: DeflateSettings): DeflateAgreement {
  const answer = readParameters(response, false);
  if (answer === undefined) throw badResponse("expected known parameters, each once and with an allowed value");
  if (settings.serverNoContextTakeover && !answer.serverNoContextTakeover) {
    throw badResponse("expected server_no_context_takeover, as offered");
  }
  if (
    settings.serverMaxWindowBits !== undefined &&
    !(answer.serverMaxWindowBits !== undefined && answer.serverMaxWindowBits <= settings.serverMaxWindowBits)
  ) {
    throw badResponse(`expected server_max_window_bits of at most ${settings.serverMaxWindowBits}, as offered`);
  }
  const clientBits = settings.clientMaxWindowBits ?? MAX_WINDOW_BITS;
  if (answer.clientMaxWindowBits !== undefined && answer.clientMaxWindowBits > clientBits) {
    throw badResponse(`expected client_max_window_bits of at most ${clientBits}, as offered`);
  }
  return {
    serverNoContextTakeover: answer.serverNoContextTakeover,
    // What we offered for ourselves we may do in any case.
    clientNoContextTakeover: answer.clientNoContextTakeover || settings.clientNoContextTakeover,
    serverMaxWindowBits: answer.serverMaxWindowBits ?? MAX_WINDOW_BITS,
    clientMaxWindowBits: answer.clientMaxWindowBits ?? clientBits,
  };
}

function badResponse(message: string): VaivenError {
  return new VaivenError("HANDSHAKE_EXTENSION", `permessage-deflate in the server's response: ${message}`);
}
