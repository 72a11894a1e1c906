// client/ The options of `io()` and `Manager`: names, units and defaults of Socket.IO 4.8. Types, and the snapshot that inner layers get.
import { VaivenError } from "../errors.js";
import type { Unchecked } from "../event/event-map.js";
import { readQuery, serverAddress, splitHost } from "../http/server-address.js";
import type { ClientHost, ClientTransportClass, ClientTransportOptions } from "../session/client-host.js";

/** A transport of the `transports` option: by name, or by class. */
export type TransportChoice = "polling" | "websocket" | "webtransport" | (string & {}) | ClientTransportClass;

/** How a connection is made. */
export interface EngineOptions {
  /** Used where no URL is given. */
  host?: string;
  /** Used where no URL is given. */
  hostname?: string;
  /** TLS, where no URL is given. */
  secure?: boolean;
  /** Used where no URL is given. */
  port?: string | number;
  /** Parameters added to every request of the handshake, unless the URL has some; visible as `socket.handshake.query`. */
  query?: { [key: string]: Unchecked };
  /** Node: the agent of all requests, `http.Agent` or `https.Agent`. */
  agent?: Unchecked;
  /** Whether a connection that polls goes over to WebSocket. Default: true. */
  upgrade?: boolean;
  /** Bytes travel as base64 also where the transport could carry them. Default: false. */
  forceBase64?: boolean;
  /** The parameter that keeps polling requests out of caches. Default: `"t"`. */
  timestampParam?: string;
  /** Whether to add it. Default: to polling requests. */
  timestampRequests?: boolean;
  /** In the order in which they are tried. Default: `["polling", "websocket", "webtransport"]`; a server must offer the last one. */
  transports?: TransportChoice[];
  /** As `transports`, classes only, and in its place. */
  transportImplementations?: ClientTransportClass[];
  /** Whether the next transport is tried when one cannot open. Default: true if the first one is WebSocket (Socket.IO: false). */
  tryAllTransports?: boolean;
  /** Whether WebSocket is tried first because the last upgrade succeeded. Default: false. */
  rememberUpgrade?: boolean;
  /** Milliseconds that one polling request may take. Default: no limit. */
  requestTimeout?: number;
  /** Options for one transport, by its name. */
  transportOptions?: { [transport: string]: Unchecked } | object;
  /** Node: TLS. As in `tls.connect`. */
  pfx?: Unchecked;
  /** Node: TLS. As in `tls.connect`. */
  key?: Unchecked;
  /** Node: TLS. As in `tls.connect`. */
  passphrase?: string;
  /** Node: TLS. As in `tls.connect`. */
  cert?: Unchecked;
  /** Node: TLS. As in `tls.connect`. */
  ca?: Unchecked;
  /** Node: TLS. As in `tls.connect`. */
  ciphers?: string;
  /** Node: whether the server's certificate must be trusted. Default: true. */
  rejectUnauthorized?: boolean;
  /** Headers of every request; browsers cannot send them with a WebSocket. */
  extraHeaders?: { [header: string]: string };
  /** Whether cookies are sent to another origin; on Node, whether cookies are kept. Default: false. */
  withCredentials?: boolean;
  /** Whether the connection is closed in the page's `beforeunload`. Default: false. */
  closeOnBeforeunload?: boolean;
  /** Accepted for compatibility: vaivén's timers are always the platform's, looked up at each call. */
  useNativeTimers?: boolean;
  /** Node: whether the process may end while the connection is open. Default: false. */
  autoUnref?: boolean;
  /** Node: compression of messages over WebSocket; `false` does not offer it. Default: `{ threshold: 1024 }`. */
  perMessageDeflate?: { threshold: number } | boolean;
  /** The server's path. Default: `"/socket.io"`. */
  path?: string;
  /** Whether the path gets a trailing slash. Default: true. */
  addTrailingSlash?: boolean;
  /** WebSocket subprotocols. */
  protocols?: string | string[];
}

/** The options of a Manager. */
export interface ManagerOptions extends EngineOptions {
  /** A connection of its own. Default: false. */
  forceNew: boolean;
  /** 2012's name of `forceNew`. */
  "force new connection"?: boolean;
  /** Whether namespaces of one server share a connection. Default: true. */
  multiplex: boolean;
  path: string;
  /** Whether to reconnect by itself. Default: true. */
  reconnection: boolean;
  /** Attempts before `reconnect_failed`. Default: Infinity. */
  reconnectionAttempts: number;
  /** Milliseconds before the first attempt. Default: 1000. */
  reconnectionDelay: number;
  /** Longest delay, in milliseconds. Default: 5000. */
  reconnectionDelayMax: number;
  /** 0 to 1: jitter of the delay. Default: 0.5. */
  randomizationFactor: number;
  /** Milliseconds that connecting may take. `manager.timeout(false)` takes the limit away. Default: 20000. */
  timeout: number;
  /** Whether to connect at once. Default: true. */
  autoConnect: boolean;
  /** How packets are written; both ends must agree. Default: the protocol's own. */
  parser: Unchecked;
}

/** What a connection is begun with. Frozen by taking: later changes of the user's options do not reach it. @internal */
export interface EngineSettings {
  /** By name, in the order in which they are tried. */
  readonly transports: Readonly<Record<string, ClientTransportClass>>;
  readonly upgrade: boolean;
  readonly tryAllTransports: boolean;
  readonly rememberUpgrade: boolean;
  /** The options of a transport, `transportOptions` included. */
  optionsFor(transport: string): ClientTransportOptions;
}

const DEFAULTS = { timestampParam: "t", requestTimeout: 0 };
const ALL_TRANSPORTS = ["polling", "websocket", "webtransport"];

/** Reads the options as they are now (ARCHITECTURE.md, "Options"). Throws what {@link serverAddress} throws, and `API_INVALID_OPTION`. @internal */
export function engineSettings(
  host: ClientHost,
  uri: string | undefined,
  user: Partial<ManagerOptions>,
): EngineSettings {
  const { secure, hostname = user.host, port, transportOptions = {} } = user;
  const named = uri === undefined && hostname ? `http${secure ? "s" : ""}://${hostname}${port ? `:${port}` : ""}` : uri;
  const address = serverAddress(named, host.location);
  const { transports: choices, transportImplementations } = user;
  if (choices && transportImplementations)
    throw new VaivenError("API_INVALID_OPTION", "expected transports or transportImplementations, got both");
  const transports: Record<string, ClientTransportClass> = {};
  for (const choice of transportImplementations || choices || ALL_TRANSPORTS) {
    const transport = typeof choice === "string" ? host.transports[choice] : choice;
    if (transport) transports[transport.prototype.name] = transport;
  }
  const { tryAllTransports = Object.keys(transports)[0] === "websocket" } = user;
  return {
    transports,
    upgrade: user.upgrade !== false,
    tryAllTransports,
    rememberUpgrade: !!user.rememberUpgrade,
    optionsFor(transport) {
      const own = (transportOptions as Record<string, Partial<ManagerOptions>>)[transport];
      const options: Partial<ManagerOptions> = Object.assign({}, DEFAULTS, user, own);
      // The URL's own comes before the option, which may be text too, as in a URL.
      const query: unknown = address.query || options.query || "";
      return Object.assign(options, address, splitHost(address.host), {
        path:
          `${options.path}`.replace(/\/$/, "").replace(/^(?=[^/])/, "/") +
          (options.addTrailingSlash === false ? "" : "/"),
        query: typeof query === "string" ? readQuery(query) : query,
      }) as unknown as ClientTransportOptions;
    },
  };
}
