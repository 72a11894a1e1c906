// http/ Who may open a session from a page: the Origin rule (ARCHITECTURE.md, "Trust"; RFC 6454; Fetch Metadata).
import { VaivenError } from "../errors.js";
import type { HttpRequest } from "./exchange.js";
import { headerOf, hostOf, type TrustProxy } from "./trusted-proxy.js";

/**
 * Why a request is refused, or undefined where it is allowed. Allowed are: what `cors.origin` matches (`allowedOrigin` is the
 * `Access-Control-Allow-Origin` that the `cors` option gives this request), `Sec-Fetch-Site: same-origin`, an Origin whose host and port are
 * those of `Host`, and a page and a server that are both on this machine. A request without Origin comes from a program, unless
 * `Sec-Fetch-Site` says that a page of another site made it (script tags and `no-cors` requests send no Origin), or, where a server without TLS is told
 * nothing by that header, the Referer does.
 */
export function refuseOrigin(
  request: HttpRequest,
  allowedOrigin: string | undefined,
  trust: TrustProxy,
  optionFor: (origin: string) => string = corsOption,
): VaivenError | undefined {
  const { headers } = request;
  const origin = headerOf(headers, "origin");
  const site = headers["sec-fetch-site"];
  if (allowedOrigin === "*") return undefined;
  if (origin === undefined) {
    if (site === undefined) return refuseReferer(request, trust, optionFor);
    if (site !== "cross-site" && site !== "same-site") return undefined;
    return refusal(
      `a page of another origin made this request (Sec-Fetch-Site: ${site}) and did not say which one`,
      `let it ask with CORS, and set ${optionFor("https://its.origin")} in the server's options`,
      { origin: undefined, host: headerOf(headers, "host"), site },
    );
  }
  if (allowedOrigin === origin || site === "same-origin") return undefined;
  const host = hostOf(request, trust);
  if (origin === lastOrigin && host === lastHost) return undefined;
  if (isHostOf(origin, host)) {
    lastOrigin = origin;
    lastHost = host;
    return undefined;
  }
  return refusal(
    `the Origin ${JSON.stringify(origin)} differs from the Host ${JSON.stringify(host ?? "")}`,
    `if its pages may connect, set ${optionFor(origin)} in the server's options` +
      (trust === false ? "; behind a proxy that changes Host, set trustProxy: true" : ""),
    { origin, host, site: typeof site === "string" ? site : undefined },
  );
}

/** A page of another host, as far as the Referer tells: pages can leave it out. */
function refuseReferer(
  request: HttpRequest,
  trust: TrustProxy,
  optionFor: (origin: string) => string,
): VaivenError | undefined {
  const from = /^https?:\/\/[^/?#@\s]+/i.exec(headerOf(request.headers, "referer") ?? "")?.[0];
  const host = hostOf(request, trust);
  if (from === undefined || isHostOf(from, host)) return undefined;
  return refusal(
    `a page of ${JSON.stringify(from)} made this request, as its Referer says, which differs from the Host ${JSON.stringify(host ?? "")}`,
    `let it ask with CORS, and set ${optionFor(from)} in the server's options`,
    { origin: undefined, referer: from, host },
  );
}

/**
 * Why a JSONP request is refused that {@link refuseOrigin} allows: what a script tag is answered with, the page around it can read. A browser has to
 * say whose page that is: by Origin, by `Sec-Fetch-Site`, or by the Referer. Undefined for programs.
 */
export function refuseScript({ headers }: HttpRequest, allowedOrigin: string | undefined): VaivenError | undefined {
  const isNamed = [headers.origin, headers["sec-fetch-site"], headers.referer].some((value) => value !== undefined);
  if (allowedOrigin === "*" || isNamed || !/^mozilla\//i.test(headerOf(headers, "user-agent") ?? "")) return undefined;
  return refusal(
    "a script tag asks for JSONP and does not say on whose page it stands (no Origin, Sec-Fetch-Site or Referer)",
    "serve over HTTPS, or let the page send its Referer",
    { origin: undefined, referer: undefined, host: headerOf(headers, "host") },
  );
}

/** Whether `origin` and `host` are the same server, or both this machine. */
function isHostOf(origin: string, host: string | undefined): boolean {
  const from = splitOrigin(origin);
  const to = host === undefined ? undefined : splitAuthority(host.toLowerCase());
  if (from === undefined || to === undefined) return false;
  const toPort = to.port === DEFAULT_PORTS[from.scheme] ? "" : to.port;
  return (from.host === to.host && from.port === toPort) || (isLoopback(from.host) && isLoopback(to.host));
}

/** What was allowed last, because the two agree: the next page is mostly another one of the same site. */
let lastOrigin: string | undefined;
let lastHost: string | undefined;

function corsOption(origin: string): string {
  return `cors: { origin: ${JSON.stringify(origin)} }`;
}

function refusal(what: string, remedy: string, detail: Readonly<Record<string, unknown>>): VaivenError {
  return new VaivenError("HTTP_ORIGIN_FORBIDDEN", `${what}; ${remedy}`, { httpStatus: 403, detail });
}

interface Authority {
  readonly host: string;
  /** Without its colon; empty where none is written. */
  readonly port: string;
}

const DEFAULT_PORTS: Readonly<Record<string, string | undefined>> = { "http:": "80", "https:": "443" };

/** Undefined for `null` and what else is no `scheme://authority`. */
function splitOrigin(origin: string): (Authority & { readonly scheme: string }) | undefined {
  const match = /^([a-z][a-z0-9+.-]*:)\/\/([^/?#@\s]+)$/i.exec(origin);
  if (match === null) return undefined;
  const scheme = match[1]!.toLowerCase();
  const authority = splitAuthority(match[2]!.toLowerCase());
  if (authority === undefined) return undefined;
  const port = authority.port === DEFAULT_PORTS[scheme] ? "" : authority.port;
  return { scheme, host: authority.host, port };
}

function splitAuthority(authority: string): Authority | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(authority);
  return match === null ? undefined : { host: match[1]!, port: match[2] ?? "" };
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
  );
}
