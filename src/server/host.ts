// server/ contract: what the engine needs of the platform that it runs on. node/http-host.ts implements it for Node's http and https servers.
import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Unchecked } from "../event/event-map.js";
import type { DeflateOptions } from "../frame/deflate.js";
import type { ReadBrowserFile } from "../http/browser-files.js";
import type { AnswerHeaders, Exchange, HttpRequest } from "../http/exchange.js";
import type { RequestSnapshot } from "../http/request-snapshot.js";
import type { PayloadCodec } from "../packet/payload.js";
import type { SessionHost } from "../session/server-session.js";
import type { Transport } from "../session/transport.js";

/** Who answers the requests below one path of an HTTP server. */
export interface HttpRoute {
  /** Whether this route answers requests for `url`. Others go to the listeners that the user's server had. */
  owns(url: string): boolean;
  handleRequest(req: IncomingMessage, res: ServerResponse): void;
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** After how many milliseconds an upgrade request that nobody answers is cut off; undefined to leave it alone. */
  readonly destroyUpgradeAfter: number | undefined;
}

/** How WebSockets are accepted; the same for all of an engine. Made once with {@link EngineHost.webSockets}. */
export interface WebSocketSettings {
  /** Largest message in bytes. */
  readonly maxMessageBytes: number;
  /** Undefined where compression is off. */
  readonly deflate: DeflateOptions | undefined;
  /** Fragments of one message, and those of them that are tiny: frame/limits.ts. Undefined for its defaults. */
  readonly maxFragments?: number | undefined;
  readonly maxTinyFragments?: number | undefined;
}

/** Another implementation of WebSocket that is to accept them: a server class with the API of npm's `ws`. */
export interface ForeignWebSocketSettings {
  readonly engine: new (options: Unchecked) => Unchecked;
  /** As the program gave it. */
  readonly perMessageDeflate: unknown;
}

/** The upgrade request of one WebSocket handshake. */
export interface UpgradeExchange {
  readonly request: HttpRequest;
  /** False once the client has left or an answer was given. */
  readonly isPending: boolean;
  /**
   * A response for middlewares: its headers join the answer, and a middleware that ends it refuses the handshake with its status and body.
   */
  middlewareResponse(): ServerResponse;
  /** Refuses and closes the connection behind the answer. */
  refuse(status: number, message: string, headers?: AnswerHeaders): void;
  /**
   * Answers the handshake. Where it is valid, `begin` is called with the transport at once, and what the client sent already is read after that;
   * otherwise it is refused by what is wrong with it.
   * @returns what was wrong with it.
   */
  accept(acceptor: WebSocketAcceptor, headers: AnswerHeaders, begin: (transport: Transport) => void): Error | undefined;
}

/** What {@link EngineHost.webSockets} made of the settings. Only for its host. */
export interface WebSocketAcceptor {
  readonly settings: WebSocketSettings;
}

/** The platform. One per process; all engines share it. */
export interface EngineHost extends SessionHost {
  readonly payloads: PayloadCodec;
  readonly readBrowserFile: ReadBrowserFile;
  /** 20 characters of base64url, from 15 random bytes: nobody can guess it. */
  randomId(): string;
  /** Sends the requests of `server` that `route` owns to it, before any listener of the user's. */
  attach(server: HttpServer, route: HttpRoute): void;
  /** Undoes {@link attach}. A no-op where it is not attached. */
  detach(server: HttpServer, route: HttpRoute): void;
  exchange(req: IncomingMessage, res: ServerResponse): Exchange;
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): UpgradeExchange;
  /** A response that reaches nobody, for the middlewares of a request that is not answered over HTTP. `ended`: one of them has refused. */
  middlewareResponse(req: IncomingMessage, ended: () => void): ServerResponse;
  /** What is remembered of a request that is let go; itself, where the client has shown a certificate. */
  snapshot(req: IncomingMessage): IncomingMessage | RequestSnapshot;
  /** @throws VaivenError `API_INVALID_OPTION` for a foreign class without that API */
  webSockets(settings: WebSocketSettings, foreign?: ForeignWebSocketSettings): WebSocketAcceptor;
  /** Tells whoever runs the server: once for each text. */
  warn(text: string): void;
  /** An error of the user's own function. */
  report(error: unknown, where: string): void;
}
