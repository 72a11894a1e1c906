// http/ What a proxy in front says of a request: X-Forwarded-For, -Host and -Proto, believed only as far as `trustProxy` says.
import type { HttpRequest, RequestHeaders } from "./exchange.js";

/**
 * Which proxies are believed: none (`false`), every one in the chain (`true`), or the nearest `n`.
 * With `true` a client can claim any address unless the outermost proxy overwrites the headers.
 */
export type TrustProxy = boolean | number;

/** The one value of a header that may be repeated: the first. */
export function headerOf(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || typeof value === "string" ? value : value[0];
}

/** The address of the client. */
export function addressOf(request: HttpRequest, trust: TrustProxy): string | undefined {
  return forwarded(request.headers, "x-forwarded-for", trust) ?? request.remoteAddress;
}

/** The host and port that the client addressed; HTTP/2 says `:authority` for `Host`. */
export function hostOf(request: HttpRequest, trust: TrustProxy): string | undefined {
  const { headers } = request;
  return forwarded(headers, "x-forwarded-host", trust) ?? headerOf(headers, "host") ?? headerOf(headers, ":authority");
}

/** Whether the client's connection is encrypted. */
export function isSecure(request: HttpRequest, trust: TrustProxy): boolean {
  const protocol = forwarded(request.headers, "x-forwarded-proto", trust);
  return protocol === undefined ? request.secure : protocol === "https" || protocol === "wss";
}

/** Each proxy appends what it saw: the n-th from the right is what the n-th proxy saw, and what stands left of it is hearsay. */
function forwarded(headers: RequestHeaders, name: string, trust: TrustProxy): string | undefined {
  if (trust === false || trust === 0) return undefined;
  const header = headers[name];
  if (header === undefined) return undefined;
  const values = (typeof header === "string" ? header : header.join(",")).split(",");
  const index = trust === true ? 0 : Math.max(0, values.length - trust);
  const value = values[index]?.trim();
  return value === undefined || value === "" ? undefined : value;
}
