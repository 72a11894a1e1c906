// http/ The client's files, served below the path: ETag, 304, compression (RFC 9110 sections 8.8.3, 13.1.2 and 12.5.3).
import { chooseCoding, FILE_CODINGS } from "./content-coding.js";
import type { AnswerHeaders, ContentCoding, Exchange } from "./exchange.js";
import { pathOf } from "./target.js";

/** One file, as the host read it. */
export interface BrowserFile {
  readonly bytes: Uint8Array;
  /** With its quotes. */
  readonly etag: string;
  /** The same compressed; made once. */
  compressed(coding: ContentCoding): Uint8Array;
}

/** Reads a file of the client by its name, or undefined where there is none. Names are checked before. */
export type ReadBrowserFile = (name: string) => BrowserFile | undefined;

const NAME = /^(?:socket\.io|vaiven)(?:\.msgpack|\.websocket)?(?:\.esm)?(?:\.min)?\.js(?:\.map)?$/;

/** The name of the file that `url` asks for below `path`, or undefined where it asks for something else. */
export function browserFileName(url: string, path: string): string | undefined {
  const requested = pathOf(url);
  const base = path.endsWith("/") ? path : `${path}/`;
  if (!requested.startsWith(base)) return undefined;
  const name = requested.slice(base.length);
  return NAME.test(name) ? name : undefined;
}

/** Answers a request for `name`. `compress` is whether the `httpCompression` option allows it. */
export function answerBrowserFile(exchange: Exchange, name: string, read: ReadBrowserFile, compress: boolean): void {
  const { method, headers } = exchange.request;
  if (method !== "GET" && method !== "HEAD") {
    exchange.answer(405, { Allow: "GET, HEAD" }, "");
    return;
  }
  const file = read(name);
  if (file === undefined) {
    exchange.answer(404, { "Content-Type": "text/plain; charset=UTF-8" }, `${name} is not part of this installation`);
    return;
  }
  const common: AnswerHeaders = { "Cache-Control": "public, max-age=0", ETag: file.etag, Vary: "Accept-Encoding" };
  if (matches(headers["if-none-match"], file.etag)) {
    exchange.answer(304, common, "");
    return;
  }
  common["Content-Type"] = name.endsWith(".map")
    ? "application/json; charset=utf-8"
    : "application/javascript; charset=utf-8";
  common["X-Content-Type-Options"] = "nosniff";
  const coding = compress ? chooseCoding(headers["accept-encoding"], FILE_CODINGS) : undefined;
  if (coding === undefined) {
    exchange.answer(200, common, file.bytes);
    return;
  }
  common["Content-Encoding"] = coding;
  exchange.answer(200, common, file.compressed(coding));
}

/** Weak comparison, as If-None-Match asks for. */
function matches(header: string | readonly string[] | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const text = typeof header === "string" ? header : header.join(",");
  return text.split(",").some((entry) => {
    const value = entry.trim();
    return value === "*" || value === etag || value === `W/${etag}`;
  });
}
