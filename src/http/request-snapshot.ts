// http/ What is kept of a handshake's request for as long as the session lives, in little memory (design, semantics 10).
import type { HttpRequest, RequestHeaders } from "./exchange.js";
import { readQuery } from "./target.js";

/** Strings that many requests share: one copy of each. Bounded: a table that is full starts again, so that no peer can make it grow. */
export class InternTable {
  private known = new Map<string, string>();
  private readonly maxEntries: number;
  private readonly maxLength: number;

  /** Longer strings than `maxLength` are not looked up. */
  constructor(maxEntries: number = 2048, maxLength: number = 512) {
    this.maxEntries = maxEntries;
    this.maxLength = maxLength;
  }

  /** Strings that are known now. */
  get size(): number {
    return this.known.size;
  }

  intern(text: string): string {
    if (text.length > this.maxLength) return text;
    const known = this.known.get(text);
    if (known !== undefined) return known;
    if (this.known.size >= this.maxEntries) this.known = new Map();
    this.known.set(text, text);
    return text;
  }
}

/** Headers that name this one connection only and tell a program nothing. */
const DROPPED = "sec-websocket-key";

/**
 * A request after it was let go: method, URL, headers and address. It has the members of Node's `IncomingMessage` that programs read
 * (`socket.request.headers`), but is no stream.
 */
export class RequestSnapshot implements HttpRequest {
  readonly method: string;
  readonly url: string;
  /** Name, value, name, value, as they came, without `Sec-WebSocket-Key`. */
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string | undefined;
  readonly secure: boolean;
  private headerObject: RequestHeaders | undefined = undefined;

  constructor(
    method: string,
    url: string,
    rawHeaders: readonly string[],
    remoteAddress: string | undefined,
    secure: boolean,
    table: InternTable,
  ) {
    this.method = method;
    // Handshakes over WebSocket mostly ask for the same URL. Those over polling carry a stamp, with which the table would only fill up.
    this.url = url.includes("&t=") ? url : table.intern(url);
    this.rawHeaders = compact(rawHeaders, table);
    this.remoteAddress = remoteAddress === undefined ? undefined : table.intern(remoteAddress);
    this.secure = secure;
  }

  /** By lower-case name; made when first asked for. */
  get headers(): RequestHeaders {
    this.headerObject ??= headersOf(this.rawHeaders);
    return this.headerObject;
  }

  /** The parameters of the URL. */
  get query(): Record<string, string | string[]> {
    return readQuery(this.url);
  }

  /** As Engine.IO's requests have it. */
  get _query(): Record<string, string | string[]> {
    return this.query;
  }

  /** The peer, as far as it is remembered. */
  get socket(): { readonly remoteAddress: string | undefined; readonly encrypted: boolean } {
    return { remoteAddress: this.remoteAddress, encrypted: this.secure };
  }

  /** Old name of {@link socket}. */
  get connection(): { readonly remoteAddress: string | undefined; readonly encrypted: boolean } {
    return this.socket;
  }
}

function compact(rawHeaders: readonly string[], table: InternTable): readonly string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === DROPPED.length && name.toLowerCase() === DROPPED) continue;
    kept.push(table.intern(name), table.intern(rawHeaders[at + 1]!));
  }
  return kept.slice();
}

/** Headers of which a repeated one is ignored (RFC 9110 section 5.3: they are no lists). */
const SINGLE: ReadonlySet<string> = new Set([
  "age",
  "authorization",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "from",
  "host",
  "if-modified-since",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "referer",
  "retry-after",
  "server",
  "user-agent",
]);

/** As Node builds `headers`: the first of what must not repeat, `; ` between cookies, `, ` between the rest. */
export function headersOf(rawHeaders: readonly string[]): RequestHeaders {
  const headers = new Map<string, string | string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    const value = rawHeaders[at + 1]!;
    const known = headers.get(name);
    if (name === "set-cookie") headers.set(name, known === undefined ? [value] : [...known, value]);
    else if (known === undefined) headers.set(name, value);
    else if (!SINGLE.has(name)) headers.set(name, `${known as string}${name === "cookie" ? "; " : ", "}${value}`);
  }
  // Defines properties instead of setting them: `__proto__` is a header name like any other.
  return Object.fromEntries(headers);
}
