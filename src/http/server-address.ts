// http/ What `io(url)` means: a server, and a namespace of it. Host-only texts, `ws:` schemes and paths of the page's own host are taken as Socket.IO takes them.
import { VaivenError } from "../errors.js";
import type { ClientHost } from "../session/client-host.js";

/** A URL, taken apart. */
export interface ServerAddress {
  readonly secure: boolean;
  /** Name and port as they stand in a URL; the scheme's own port does not. */
  readonly host: string;
  /** The URL's path. */
  readonly namespace: string;
  /** What stands behind `?`. */
  readonly query: string;
}

//                   scheme               user        host                     port     path         query
const ADDRESS =
  /^(?:(?:(https?|wss?):)?\/\/)?(?:[^/?#]*@)?(\[[^/?#]*\]|[^/?#:]+)(?::(\d+))?(\/[^?#]*)?(?:\?([^#]*))?(?:#|$)/i;

/**
 * Reads `uri`; without one, the page's own server is meant.
 *
 * @throws VaivenError `API_INVALID_ARGUMENT` where no server is named and there is no page; it shows `given`
 */
export function serverAddress(uri = "/", location: ClientHost["location"], given: unknown = uri): ServerAddress {
  const { host, protocol = "https" }: Partial<NonNullable<typeof location>> = location || {};
  const isPath = /^\/(?!\/)/.test(uri);
  const parts = ADDRESS.exec(isPath && host ? host + uri : uri);
  if (!parts) throw new VaivenError("API_INVALID_ARGUMENT", `expected the URL of a server, got ${shown(given)}`);
  const [, scheme = protocol, hostname = "", port = "", namespace = "/", query = ""] = parts;
  const secure = /^(https|wss)/i.test(scheme);
  return { secure, host: hostname + (!port || port === (secure ? "443" : "80") ? "" : `:${port}`), namespace, query };
}

/** Name, without the brackets of IPv6, and port of a {@link ServerAddress.host}; the port is empty for the scheme's own. */
export function splitHost(host: string): { hostname: string; port: string } {
  const [, hostname = "", port = ""] = /^(.*?)(?::(\d+))?$/.exec(host) || [];
  return { hostname: hostname.replace(/^\[|\]$/g, ""), port };
}

/** Not the values of options: an agent among them has no JSON. */
function shown(given: unknown): string {
  return given && typeof given === "object" ? `{${Object.keys(given)}}` : JSON.stringify(given);
}

/** The parameters of a query string. */
export function readQuery(text: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const pair of text.split("&")) {
    const [name = "", value = ""] = pair.split("=", 2).map(decodeURIComponent);
    if (name) parameters[name] = value;
  }
  return parameters;
}
