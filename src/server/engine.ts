// server/ The engine: HTTP requests in, sessions out (Engine.IO protocol v4; Socket.IO documentation, "Engine").
//
//   request ─▶ cors, use(…) ─▶ verify ─▶ Origin ─▶ no sid: allowRequest ─▶ generateId ─▶ session ─▶ "connection"
//                                                  └─ sid: locate(sid) ─▶ poll · post · offer of an upgrade
import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { VaivenError } from "../errors.js";
import { answerBrowserFile, browserFileName } from "../http/browser-files.js";
import type { AnswerHeaders, Exchange } from "../http/exchange.js";
import { PollingTransport } from "../http/polling-transport.js";
import {
  headersOfRefusal,
  leavingRefusal,
  limitRefusal,
  messageOf,
  type Refusal,
  RefusalCode,
  refusal,
  refusalBody,
  statusOf,
} from "../http/refusal.js";
import type { RequestSnapshot } from "../http/request-snapshot.js";
import { type EngineQuery, isBelow, readEngineQuery } from "../http/target.js";
import type { TrustProxy } from "../http/trusted-proxy.js";
import { verifyTransport } from "../http/verify.js";
import type { WebTransportSession } from "../session/stream-transport.js";
import type { Transport } from "../session/transport.js";
import { Admission } from "./admission.js";
import { connectionError } from "./connection-error.js";
import { type ConnectionLimits, type LimitReport, limitReport, tooManyHeaders } from "./connection-limits.js";
import type { EngineConnection } from "./engine-connection.js";
import { cookieFor, emitHeaders, headersFrom } from "./engine-headers.js";
import { allowedOriginOf, type EngineMiddleware, exposeRequest, MiddlewareChain } from "./engine-middleware.js";
import { completeOptions, type EngineOptions, type EngineSettings, engineSettings } from "./engine-options.js";
import { EngineProtocols, protocolOf } from "./engine-protocols.js";
import { EngineSessions } from "./engine-sessions.js";
import { serveWebTransport, type WebTransportRequest } from "./engine-webtransport.js";
import { type EngineFailure, GuardedEmitter } from "./guarded-emitter.js";
import type { EngineHost, HttpRoute, UpgradeExchange, WebSocketAcceptor } from "./host.js";
import { isThenable } from "./middleware.js";

/**
 * Engine.IO's server. Events: `connection` (its socket), `connection_error` (`ConnectionErrorReport`),
 * `initial_headers` and `headers` (headers, request: before the first and before every answer of a session), `limit` ({@link LimitReport}), `flush`
 * (socket, packets) and `drain` (socket) of the sessions that are opened while these two are listened to.
 */
export class Engine extends GuardedEmitter implements HttpRoute {
  /** The options with their defaults filled in. Frozen: they are given to `new Server`. */
  readonly opts: Readonly<EngineOptions>;
  /** @internal Complete and frozen: what the engine reads. */
  readonly settings: EngineSettings;
  /** Fields that the open packet carries beside those of the protocol. */
  openExtra: Readonly<Record<string, unknown>> | undefined = undefined;
  /** Takes each new session, in the turn in which it is opened; `connection` listeners are told after it. */
  onSession: ((connection: EngineConnection) => void) | undefined = undefined;
  /** Receives the errors of the program's own functions. Default: they are written to the console. */
  onFailure: ((cause: unknown, failure: EngineFailure) => void) | undefined = undefined;
  /** @internal */
  readonly sessions: EngineSessions;
  private readonly host: EngineHost;
  private readonly chain: MiddlewareChain;
  private readonly admission: Admission;
  private readonly protocols: EngineProtocols;
  private readonly webSockets: WebSocketAcceptor;
  private readonly servers = new Set<HttpServer>();
  /** @internal Whether no session is opened. */
  isClosed = false;
  /** @internal Why no session is opened any more, from {@link leave} on. */
  leaving: Refusal | undefined = undefined;

  /** @throws VaivenError API_INVALID_OPTION */
  constructor(host: EngineHost, options?: EngineOptions) {
    super();
    const settings = engineSettings(options);
    this.settings = settings;
    this.opts = completeOptions(options);
    this.host = host;
    this.sessions = new EngineSessions(this, host);
    this.chain = new MiddlewareChain(settings.cors, (cause, event, request) => this.failed(cause, { event, request }));
    this.admission = new Admission(this, (text) => host.warn(text));
    this.protocols = new EngineProtocols(host, settings);
    const { maxFragments, maxTinyFragments, deflate } = settings;
    this.webSockets = host.webSockets(
      { maxMessageBytes: settings.session.maxPayload, maxFragments, maxTinyFragments, deflate },
      settings.foreignWebSockets,
    );
  }

  /** Sessions that are not closed. */
  get clientsCount(): number {
    return this.sessions.size;
  }

  /** The sockets of all sessions by their ids: a copy. */
  get clients(): Record<string, EngineConnection["socket"]> {
    return this.sessions.sockets();
  }

  /** The connections, counted; undefined where they are not limited. */
  get limits(): ConnectionLimits | undefined {
    return this.sessions.limits;
  }

  /** Which proxies are believed: the option. */
  get trustProxy(): TrustProxy {
    return this.settings.trustProxy;
  }

  /** @internal Whether `flush` or `drain` is listened to here. */
  get relaysOutput(): boolean {
    return this.listenerCount("flush") > 0 || this.listenerCount("drain") > 0;
  }

  /** @internal For its host. */
  get destroyUpgradeAfter(): number | undefined {
    return this.settings.destroyUpgradeAfter;
  }

  /**
   * Makes the id of a new session. May be replaced, and may return a promise. An id must not be guessable: whoever knows it is that client.
   * Default: 20 characters from 15 random bytes.
   */
  generateId(_req: IncomingMessage): string | Promise<string> {
    return this.host.randomId();
  }

  /** Finds a session. May be replaced, and may return a promise: then another process can own it one day. */
  locate(sid: string): EngineConnection | undefined | Promise<EngineConnection | undefined> {
    return this.sessions.get(sid);
  }

  /**
   * Adds an Express middleware, which sees every HTTP and upgrade request below the path, in the order in which they were added. It may answer itself and
   * not call `next`; `next(error)`, a throw or a rejection is answered with 400 and Engine.IO's code 3. From then on `socket.request` is the whole request.
   *
   * @example
   * io.engine.use((req, res, next) => {
   *   req.user = userOf(req.headers.authorization);
   *   next();
   * });
   */
  use(middleware: EngineMiddleware): void {
    this.chain.use(middleware);
  }

  /** Takes over the requests of `server` below the path; others still reach the listeners that it has. */
  attach(server: HttpServer): void {
    if (this.servers.has(server)) return;
    this.isClosed = false;
    this.leaving = undefined;
    this.servers.add(server);
    this.host.attach(server, this);
  }

  /**
   * Closes every session, what waits having been sent, and lets go of the HTTP servers, which go on listening. Handshakes that are under way
   * come to nothing. {@link attach} opens it again.
   */
  close(): this {
    this.isClosed = true;
    for (const server of this.servers) this.host.detach(server, this);
    this.servers.clear();
    this.sessions.close();
    return this;
  }

  /**
   * Closes every session and opens no other, but goes on answering until all have taken what was sent, or have not for `pingTimeout`: a client
   * that polls has to come for it. Handshakes are answered with 503 (`HTTP_SERVER_LEAVING`).
   *
   * @param span - milliseconds after which clients may come back, as `Retry-After` says it in whole seconds. Default: 1000
   */
  leave(span: number = 1000): Promise<void> {
    this.isClosed = true;
    this.leaving = leavingRefusal(Math.max(1, Math.ceil(span / 1000)));
    this.sessions.close();
    return this.sessions.ended();
  }

  /** Whether a URL is below its path. */
  owns(url: string): boolean {
    return isBelow(url, this.settings.path);
  }

  /** Answers one HTTP request, whatever its path. For servers that are not attached; it does not throw. */
  handleRequest(req: IncomingMessage, res: ServerResponse): void {
    const exchange = this.host.exchange(req, res);
    if (req.rawHeaders.length > 2 * this.settings.maxHeaders) {
      this.refuse(exchange, req, this.refuseHeaders(req));
      return;
    }
    if (this.showsRequests) exposeRequest(req, res);
    if (this.chain.isEmpty) {
      this.serve(exchange, req, undefined);
      return;
    }
    this.chain.run(req, res, (error) => {
      if (error === undefined) this.serve(exchange, req, allowedOriginOf(res));
      else this.refuse(exchange, req, refusal(RefusalCode.BAD_REQUEST, { name: "MIDDLEWARE_FAILURE" }));
    });
  }

  /** Answers one upgrade request, whatever its path. `head` is what came behind it already. For servers that are not attached; it does not throw. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upgrade = this.host.upgrade(req, socket, head);
    if (req.rawHeaders.length > 2 * this.settings.maxHeaders) {
      this.refuseUpgrade(upgrade, req, this.refuseHeaders(req));
      return;
    }
    if (this.showsRequests) exposeRequest(req);
    if (this.chain.isEmpty) {
      this.serveUpgrade(upgrade, req, undefined, {});
      return;
    }
    const res = upgrade.middlewareResponse();
    this.chain.run(req, res, (error) => {
      if (error !== undefined) {
        this.refuseUpgrade(upgrade, req, refusal(RefusalCode.BAD_REQUEST, { name: "MIDDLEWARE_FAILURE" }));
      } else if (upgrade.isPending) {
        this.serveUpgrade(upgrade, req, allowedOriginOf(res), headersFrom(res));
      }
    });
  }

  /**
   * Serves a session of an HTTP/3 server, or closes it. Without its `request` nobody can say which page opened it: then it is refused, unless
   * `cors.origin` is `"*"` and there is neither `allowRequest` nor a middleware.
   */
  onWebTransportSession(session: WebTransportSession, request?: WebTransportRequest): void {
    serveWebTransport(session, request, this, this.admission, this.host, this.chain);
  }

  /** @internal */
  listenerFailed(cause: unknown, event: string | symbol): void {
    this.failed(cause, { event });
  }

  /** @internal */
  listenerOfConnectionFailed(cause: unknown, event: string | symbol, { socket }: EngineConnection): void {
    this.failed(cause, { event, connection: socket });
  }

  // ── HTTP ──

  private serve(exchange: Exchange, req: IncomingMessage, allowedOrigin: string | undefined): void {
    const { request } = exchange;
    if (this.settings.serveClient) {
      const file = browserFileName(request.url, this.settings.path);
      if (file !== undefined) {
        answerBrowserFile(exchange, file, this.host.readBrowserFile, Number.isFinite(this.settings.compressFrom));
        return;
      }
    }
    const query = readEngineQuery(request.url);
    const refused = this.admission.verify(request, query, false, allowedOrigin);
    if (refused !== undefined) {
      this.refuse(exchange, req, refused);
      return;
    }
    if (query.sid === undefined) {
      this.admission.handshake(request, req, query, (result) => {
        if (typeof result === "object") this.refuse(exchange, req, result);
        else if (!exchange.isAbandoned) this.openPolling(exchange, req, query, result);
      });
      return;
    }
    this.find(query.sid, (connection) => {
      if (connection === undefined) this.refuse(exchange, req, unknownSession(query));
      else if (!exchange.isAbandoned) this.goOn(exchange, req, query, connection);
    });
  }

  private openPolling(exchange: Exchange, req: IncomingMessage, query: EngineQuery, id: string): void {
    const transport = this.protocols.polling(query);
    this.watchHeaders(exchange, req);
    transport.onPoll(exchange, query.stamp);
    if (this.listenerCount("initial_headers") > 0 || this.settings.cookie !== undefined) {
      const { beforeAnswer } = exchange;
      exchange.beforeAnswer = (headers) => {
        if (this.settings.cookie !== undefined) headers["Set-Cookie"] = cookieFor(id, this.settings.cookie);
        emitHeaders(this, "initial_headers", headers, req);
        beforeAnswer?.(headers);
      };
    }
    // With npm's sticky sessions a listener of `connection` tells the primary whose session it is. The client must not be faster.
    exchange.cork();
    try {
      this.sessions.open(id, protocolOf(query), transport, req);
    } finally {
      exchange.uncork();
    }
  }

  private goOn(exchange: Exchange, req: IncomingMessage, query: EngineQuery, { session }: EngineConnection): void {
    const { transport } = session;
    const refused = verifyTransport(query, transport.name);
    if (refused !== undefined || !(transport instanceof PollingTransport)) {
      this.refuse(exchange, req, refused ?? refusal(RefusalCode.BAD_REQUEST));
      return;
    }
    this.watchHeaders(exchange, req);
    const { method } = exchange.request;
    if (method === "GET") transport.onPoll(exchange, query.stamp);
    else if (method === "POST") transport.onPost(exchange, query.stamp);
    else exchange.answer(405, { Allow: "GET, POST" }, "");
  }

  // ── WebSocket ──

  private serveUpgrade(
    upgrade: UpgradeExchange,
    req: IncomingMessage,
    allowedOrigin: string | undefined,
    headers: AnswerHeaders,
  ): void {
    const query = readEngineQuery(upgrade.request.url);
    const refused = this.admission.verify(upgrade.request, query, true, allowedOrigin);
    if (refused !== undefined) {
      this.refuseUpgrade(upgrade, req, refused);
      return;
    }
    if (query.sid !== undefined) {
      this.find(query.sid, (connection) => {
        if (connection === undefined) this.refuseUpgrade(upgrade, req, unknownSession(query));
        else if (!this.settings.allowUpgrades)
          this.refuseUpgrade(upgrade, req, refusal(RefusalCode.BAD_REQUEST, { name: "UPGRADES_DISABLED" }));
        else this.offerUpgrade(upgrade, req, query, headers, connection);
      });
      return;
    }
    this.admission.handshake(upgrade.request, req, query, (result) => {
      if (typeof result === "object") this.refuseUpgrade(upgrade, req, result);
      else if (upgrade.isPending) {
        emitHeaders(this, "initial_headers", headers, req);
        const protocol = protocolOf(query);
        this.accept(upgrade, req, headers, (transport) =>
          this.sessions.open(result, protocol, this.protocols.messages(transport, protocol, query), req),
        );
      }
    });
  }

  private offerUpgrade(
    upgrade: UpgradeExchange,
    req: IncomingMessage,
    query: EngineQuery,
    headers: AnswerHeaders,
    { session }: EngineConnection,
  ): void {
    this.accept(upgrade, req, headers, (transport) => {
      if (!session.offerUpgrade(this.protocols.messages(transport, session.protocol, query))) transport.close(1000);
    });
  }

  private accept(
    upgrade: UpgradeExchange,
    req: IncomingMessage,
    headers: AnswerHeaders,
    begin: (transport: Transport) => void,
  ): void {
    if (!upgrade.isPending) return;
    emitHeaders(this, "headers", headers, req);
    const error = upgrade.accept(this.webSockets, headers, begin);
    if (error !== undefined) {
      this.tellError(
        req,
        refusal(RefusalCode.BAD_REQUEST, { name: "WEBSOCKET_HANDSHAKE_ERROR", message: error.message }),
      );
    }
  }

  // ── both ──

  /** @internal */
  find(sid: string, done: (connection: EngineConnection | undefined) => void): void {
    const failed = (cause: unknown): void => {
      this.failed(cause, { event: "locate" });
      done(undefined);
    };
    let found: ReturnType<Engine["locate"]>;
    try {
      found = this.locate(sid);
    } catch (cause) {
      failed(cause);
      return;
    }
    if (isThenable(found)) (found as Promise<EngineConnection | undefined>).then(done, failed);
    else done(found);
  }

  /** @internal Whoever has seen the request may have hung something on it that is to be found again at `socket.request`. */
  rememberRequest(req: IncomingMessage): IncomingMessage | RequestSnapshot {
    return this.showsRequests || this.listenerCount("connection") > 0 ? req : this.snapshot(req);
  }

  /** Whether functions of the program's see requests. */
  private get showsRequests(): boolean {
    return (
      this.chain.hasUsers ||
      this.settings.allowRequest !== undefined ||
      this.listenerCount("headers") > 0 ||
      this.listenerCount("initial_headers") > 0 ||
      this.listenerCount("connection_error") > 0
    );
  }

  /** @internal What is remembered of a request that is let go. */
  snapshot(req: IncomingMessage): IncomingMessage | RequestSnapshot {
    return this.host.snapshot(req);
  }

  private watchHeaders(exchange: Exchange, req: IncomingMessage): void {
    if (this.listenerCount("headers") === 0) return;
    exchange.beforeAnswer = (headers) => emitHeaders(this, "headers", headers, req);
  }

  private refuse(exchange: Exchange, req: IncomingMessage, refused: Refusal): void {
    this.tellError(req, refused);
    exchange.answer(
      statusOf(refused),
      { "Content-Type": "application/json", "Cache-Control": "no-store", ...headersOfRefusal(refused) },
      refusalBody(refused),
    );
  }

  private refuseUpgrade(upgrade: UpgradeExchange, req: IncomingMessage, refused: Refusal): void {
    this.tellError(req, refused);
    upgrade.refuse(statusOf(refused), messageOf(refused), headersOfRefusal(refused));
  }

  private refuseHeaders(req: IncomingMessage): Refusal {
    const error = tooManyHeaders(this.settings.maxHeaders);
    this.tellLimit(error, { req });
    return limitRefusal(RefusalCode.BAD_REQUEST, error, 431);
  }

  /** @internal */
  tellLimit(error: VaivenError, { req, connection }: { req?: IncomingMessage; connection?: EngineConnection }): void {
    if (this.listenerCount("limit") === 0) return;
    this.emit(
      "limit",
      limitReport(error, connection === undefined ? { req: req! } : { connection: connection.socket }),
    );
  }

  /** @internal */
  failed(cause: unknown, failure: EngineFailure): void {
    if (this.onFailure === undefined) this.host.report(cause, String(failure.event));
    else this.onFailure(cause, failure);
  }

  /** @internal */
  tellError(req: IncomingMessage, refused: Refusal): void {
    if (this.listenerCount("connection_error") > 0) this.emit("connection_error", connectionError(req, refused));
  }
}

function unknownSession({ sid }: EngineQuery): Refusal {
  return refusal(RefusalCode.UNKNOWN_SID, { sid });
}
