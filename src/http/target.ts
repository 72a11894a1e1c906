// http/ The request target: path and query (RFC 3986 section 3.4, and the form encoding of WHATWG URL for `+`). Never throws.

/** The parameters of Engine.IO in a query. `undefined` where one is missing. */
export class EngineQuery {
  protocol: string | undefined = undefined;
  transport: string | undefined = undefined;
  sid: string | undefined = undefined;
  /** `t`: the client gives every request another one. */
  stamp: string | undefined = undefined;
  /** `j`: the number of the callback of a JSONP client. */
  jsonp: string | undefined = undefined;
  /** `b64`: an Engine.IO 3 client that cannot read bytes. */
  base64: string | undefined = undefined;
  /** Whether a parameter came twice: two parties could read such a request differently. */
  ambiguous = false;
}

/** More parameters than any client sends; the rest is not looked at. */
const MAX_PARAMETERS = 256;

let lastUrl = "";
let lastQuery: Readonly<EngineQuery> = Object.freeze(new EngineQuery());

/** Reads what Engine.IO needs of the query of `url`. Handshakes over WebSocket mostly ask for the same as the one before. */
export function readEngineQuery(url: string): Readonly<EngineQuery> {
  if (url === lastUrl) return lastQuery;
  const query = readAnew(url);
  if (query.sid === undefined && query.stamp === undefined) {
    lastUrl = url;
    lastQuery = Object.freeze(query);
  }
  return query;
}

function readAnew(url: string): EngineQuery {
  const query = new EngineQuery();
  eachParameter(url, (name, value) => {
    switch (name) {
      case "EIO":
        query.ambiguous ||= query.protocol !== undefined;
        query.protocol = value;
        return;
      case "transport":
        query.ambiguous ||= query.transport !== undefined;
        query.transport = value;
        return;
      case "sid":
        query.ambiguous ||= query.sid !== undefined;
        // An empty one names no session.
        if (value !== "") query.sid = value;
        return;
      case "t":
        query.stamp = value;
        return;
      case "j":
        query.ambiguous ||= query.jsonp !== undefined;
        query.jsonp = value;
        return;
      case "b64":
        query.base64 = value;
        return;
      default:
    }
  });
  return query;
}

/** The query of `url` as users see it (`handshake.query`): of a repeated name the last value, as with Socket.IO 4.8. No name reaches the prototype. */
export function readQuery(url: string): Record<string, string> {
  const query: Record<string, string> = {};
  eachParameter(url, (name, value) => {
    if (name !== "__proto__") query[name] = value;
    else Object.defineProperty(query, name, { value, writable: true, enumerable: true, configurable: true });
  });
  return query;
}

function eachParameter(url: string, take: (name: string, value: string) => void): void {
  let at = url.indexOf("?") + 1;
  if (at === 0) return;
  const hash = url.indexOf("#", at);
  const end = hash === -1 ? url.length : hash;
  for (let count = 0; at < end && count < MAX_PARAMETERS; count++) {
    const ampersand = url.indexOf("&", at);
    const stop = ampersand === -1 || ampersand > end ? end : ampersand;
    if (stop > at) {
      const equals = url.indexOf("=", at);
      const split = equals === -1 || equals > stop ? stop : equals;
      take(decode(url.slice(at, split)), decode(url.slice(split + 1, stop)));
    }
    at = stop + 1;
  }
}

/** Percent-encoding that cannot be read stays as it is. */
export function decode(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  const spaced = text.replace(/\+/g, " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** Whether the path of `url` is `path` or lies below it. `path` may end in a slash, or not. */
export function isBelow(url: string, path: string): boolean {
  if (!url.startsWith(path)) return false;
  if (path.endsWith("/") || url.length === path.length) return true;
  const next = url[path.length];
  return next === "/" || next === "?" || next === "#";
}

/** The path of `url` without its query. */
export function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}
