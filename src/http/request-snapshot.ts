// http/ What is kept of a handshake's request for as long as the session lives, in little memory (ARCHITECTURE.md, "Requests").
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

/** Lists of header names that are remembered: one for each kind of client, more or less. */
const MAX_KINDS = 32;

/** What is the same for all requests that came in one way. */
export interface RequestWay {
  readonly method: string;
  readonly httpVersion: string;
  readonly secure: boolean;
}

/** What the requests of one kind of client have in common: the names of their headers, and the values that came last. */
interface ClientKind {
  readonly names: readonly string[];
  values: readonly string[];
}

/**
 * The headers of many requests in little memory: names are one list for all clients that send the same ones, and requests whose values are the same
 * too, as those of programs are, share both. What remains is a list of values, with one copy of each.
 */
export class HeaderTable {
  readonly strings: InternTable;
  private kinds: ClientKind[] = [];
  private ways: RequestWay[] = [];

  constructor(strings: InternTable = new InternTable()) {
    this.strings = strings;
  }

  /** Kinds of clients that are known now. */
  get size(): number {
    return this.kinds.length;
  }

  /** Takes name, value, name, value, as they came, and gives them without `Sec-WebSocket-Key`. */
  kept(raw: readonly string[]): Readonly<ClientKind> {
    const kind = this.kinds.find(({ names }) => haveNames(raw, names)) ?? this.newKind(raw);
    const values = this.valuesOf(raw, kind);
    kind.values = values;
    return { names: kind.names, values };
  }

  /** One object for all requests that came in the same way. */
  way(method: string, httpVersion: string, secure: boolean): RequestWay {
    const known = this.ways.find(
      (way) => way.method === method && way.httpVersion === httpVersion && way.secure === secure,
    );
    if (known !== undefined) return known;
    const way = { method, httpVersion, secure };
    if (this.ways.length === MAX_KINDS) this.ways = [];
    this.ways.push(way);
    return way;
  }

  private newKind(raw: readonly string[]): ClientKind {
    const names: string[] = [];
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = raw[at]!;
      if (!isDropped(name)) names.push(this.strings.intern(name));
    }
    const kind = { names: names.slice(), values: [] };
    if (this.kinds.length === MAX_KINDS) this.kinds = [];
    this.kinds.push(kind);
    return kind;
  }

  private valuesOf(raw: readonly string[], { values: known }: ClientKind): readonly string[] {
    let index = 0;
    let values: string[] | undefined;
    for (let at = 0; at + 1 < raw.length; at += 2) {
      if (isDropped(raw[at]!)) continue;
      const value = raw[at + 1]!;
      if (value !== known[index]) {
        values ??= known.slice(0, index);
        values[index] = this.strings.intern(value);
      } else if (values !== undefined) values[index] = known[index]!;
      index++;
    }
    return values === undefined ? known : values.slice();
  }
}

function isDropped(name: string): boolean {
  return name.length === DROPPED.length && name.toLowerCase() === DROPPED;
}

function haveNames(raw: readonly string[], names: readonly string[]): boolean {
  let index = 0;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!;
    if (name === names[index]) index++;
    else if (!isDropped(name)) return false;
  }
  return index === names.length;
}

/** What is kept of the socket of a request. */
export interface SnapshotPeer {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: "IPv4" | "IPv6" | undefined;
  readonly encrypted: boolean;
  /** Nothing, as TLS says it: requests of clients that have shown a certificate are kept whole. */
  getPeerCertificate(): object;
}

/**
 * A request after it was let go: method, URL, headers and address. It has the members of Node's `IncomingMessage` that programs read
 * (`socket.request.headers`), but is no stream.
 */
export class RequestSnapshot implements HttpRequest {
  readonly url: string;
  readonly remoteAddress: string | undefined;
  private readonly remotePort: number | undefined;
  private readonly way: RequestWay;
  private readonly names: readonly string[];
  private readonly values: readonly string[];
  private headerObject: RequestHeaders | undefined = undefined;

  constructor(
    method: string,
    url: string,
    rawHeaders: readonly string[],
    remoteAddress: string | undefined,
    secure: boolean,
    table: HeaderTable,
    httpVersion: string = "1.1",
    remotePort?: number,
  ) {
    const { strings } = table;
    this.way = table.way(method, httpVersion, secure);
    // Handshakes over WebSocket mostly ask for the same URL. Those over polling carry a stamp, with which the table would only fill up.
    this.url = url.includes("&t=") ? url : strings.intern(url);
    this.remoteAddress = remoteAddress === undefined ? undefined : strings.intern(remoteAddress);
    this.remotePort = remotePort;
    const { names, values } = table.kept(rawHeaders);
    this.names = names;
    this.values = values;
  }

  get method(): string {
    return this.way.method;
  }

  /** Middlewares may change it, as that of any request. */
  set method(method: string) {
    Object.defineProperty(this, "method", { configurable: true, enumerable: true, writable: true, value: method });
  }

  get secure(): boolean {
    return this.way.secure;
  }

  /** `1.1`, or what the client spoke. */
  get httpVersion(): string {
    return this.way.httpVersion;
  }

  get httpVersionMajor(): number {
    return Number(this.httpVersion.split(".")[0]);
  }

  get httpVersionMinor(): number {
    return Number(this.httpVersion.split(".")[1]);
  }

  /** It was read to its end before it was let go. */
  get complete(): true {
    return true;
  }

  get aborted(): false {
    return false;
  }

  /** Name, value, name, value, as they came, without `Sec-WebSocket-Key`. */
  get rawHeaders(): string[] {
    return this.names.flatMap((name, index) => [name, this.values[index]!]);
  }

  /** By lower-case name; made when first asked for. */
  get headers(): RequestHeaders {
    this.headerObject ??= headersOf(this.rawHeaders);
    return this.headerObject;
  }

  /** The parameters of the URL. */
  get query(): Record<string, string> {
    return readQuery(this.url);
  }

  /** As Engine.IO's requests have it. */
  get _query(): Record<string, string> {
    return this.query;
  }

  /** The peer, as far as it is remembered. */
  get socket(): SnapshotPeer {
    const { remoteAddress, remotePort } = this;
    const remoteFamily = remoteAddress === undefined ? undefined : remoteAddress.includes(":") ? "IPv6" : "IPv4";
    return { remoteAddress, remotePort, remoteFamily, encrypted: this.secure, getPeerCertificate: () => ({}) };
  }

  /** The same as {@link socket}. */
  get client(): SnapshotPeer {
    return this.socket;
  }

  /** Old name of {@link socket}. */
  get connection(): SnapshotPeer {
    return this.socket;
  }
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
