// node/ `vaiven/websocket`: the options of a server, beside those that both ends have.
import type { Server as HttpServer, IncomingMessage } from "node:http";
import { invalid, type WebSocketOptions } from "./websocket-options.js";

/** An answer other than the handshake's. */
export interface WebSocketRefusal {
  /** 400 to 599. */
  readonly status: number;
  /** The body. Default: none. */
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What `verify` decides: true accepts, false refuses with 403. */
export type WebSocketVerdict = boolean | WebSocketRefusal;

export interface WebSocketServerOptions extends WebSocketOptions {
  /** The HTTP or HTTPS server whose upgrades are taken. Without it and {@link port}, call `handleUpgrade`. */
  readonly server?: HttpServer;
  /** Makes an HTTP server of its own on this port; 0 for any free one. */
  readonly port?: number;
  /** The address for {@link port}. Default: all. */
  readonly host?: string;
  /** Only upgrades to exactly this path are taken. Default: all. */
  readonly path?: string;
  /** The subprotocols that are spoken; the client's first that is among them is chosen. Default: none. */
  readonly protocols?: readonly string[];
  /** Chooses one of the subprotocols that a client offers, in its order, or none. Instead of {@link protocols}. */
  readonly selectProtocol?: (offered: readonly string[], request: IncomingMessage) => string | undefined;
  /** Pages of these origins may connect, beside those of the server's own. `"*"`: all. Default: none. */
  readonly origins?: "*" | readonly (string | RegExp)[];
  /** Whose `X-Forwarded-Host` is believed: nobody's, everybody's, or the nearest n proxies'. Default: false. */
  readonly trustProxy?: boolean | number;
  /** Decides who may connect, behind the rule of {@link origins}. What it throws refuses with 500. Default: everyone. */
  readonly verify?: (request: IncomingMessage) => WebSocketVerdict | Promise<WebSocketVerdict>;
}

/** Their names, the common ones aside. */
export const SERVER_OPTIONS: readonly string[] = [
  "server",
  "port",
  "host",
  "path",
  "protocols",
  "selectProtocol",
  "origins",
  "trustProxy",
  "verify",
] satisfies readonly (keyof WebSocketServerOptions)[];

/** @throws VaivenError `API_INVALID_OPTION` for options that contradict each other or have the wrong type. */
export function checkServerOptions(options: WebSocketServerOptions): void {
  const { server, port, host, path, protocols, selectProtocol, origins, verify } = options;
  if (server !== undefined && port !== undefined) throw invalid("expected server or port, got both");
  if (host !== undefined && port === undefined) throw invalid("expected host only beside port");
  if (path !== undefined && !path.startsWith("/")) throw invalid(`expected path to begin with "/", got "${path}"`);
  if (path !== undefined && server === undefined && port === undefined) {
    throw invalid("expected path only beside server or port: who calls handleUpgrade has chosen the request");
  }
  if (protocols !== undefined && selectProtocol !== undefined) {
    throw invalid("expected protocols or selectProtocol, got both");
  }
  if (protocols !== undefined && !Array.isArray(protocols)) throw invalid("expected protocols to be a list");
  if (origins !== undefined && origins !== "*" && !Array.isArray(origins)) {
    throw invalid(`expected origins to be "*" or a list, got ${String(origins)}`);
  }
  for (const [name, fn] of Object.entries({ selectProtocol, verify })) {
    if (fn !== undefined && typeof fn !== "function") throw invalid(`expected ${name} to be a function`);
  }
}
