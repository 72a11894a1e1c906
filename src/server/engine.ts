// server/ The engine: HTTP requests in, sessions out (Engine.IO protocol v4; Socket.IO documentation, "Engine"). What programs hold as `io.engine`;
// the way of a request is engine-requests.ts.
import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { VaivenError } from "../errors.js";
import { leavingRefusal, type Refusal } from "../http/refusal.js";
import type { RequestSnapshot } from "../http/request-snapshot.js";
import { isBelow } from "../http/target.js";
import type { TrustProxy } from "../http/trusted-proxy.js";
import type { WebTransportSession } from "../session/stream-transport.js";
import { connectionError } from "./connection-error.js";
import { type ConnectionLimits, type LimitReport, limitReport } from "./connection-limits.js";
import type { EngineConnection } from "./engine-connection.js";
import type { EngineMiddleware } from "./engine-middleware.js";
import { completeOptions, type EngineOptions, type EngineSettings, engineSettings } from "./engine-options.js";
import { EngineRequests } from "./engine-requests.js";
import { EngineSessions } from "./engine-sessions.js";
import type { WebTransportRequest } from "./engine-webtransport.js";
import { type EngineFailure, GuardedEmitter } from "./guarded-emitter.js";
import type { EngineHost, HttpRoute } from "./host.js";
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
  private readonly requests: EngineRequests;
  private readonly servers = new Set<HttpServer>();
  /** @internal Whether no session is opened. */
  isClosed = false;
  /** @internal Why no session is opened any more, from {@link leave} on. */
  leaving: Refusal | undefined = undefined;

  /** @throws VaivenError `API_INVALID_OPTION` */
  constructor(host: EngineHost, options?: EngineOptions) {
    super();
    const settings = engineSettings(options);
    this.settings = settings;
    this.opts = completeOptions(options);
    this.host = host;
    this.sessions = new EngineSessions(this, host);
    this.requests = new EngineRequests(this, host);
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

  /** Finds a session. May be replaced, and may return a promise, so that another process can own it one day. */
  locate(sid: string): EngineConnection | undefined | Promise<EngineConnection | undefined> {
    return this.sessions.get(sid);
  }

  /**
   * Adds an Express middleware, which sees every HTTP and upgrade request below the path but those for files of the client, in the order in which they were added. It may answer itself and
   * not call `next`; `next(error)`, a throw or a rejection is answered with 400 and Engine.IO's code 3. From then on `socket.request` is the whole request.
   *
   * @example
   * io.engine.use((req, res, next) => {
   *   req.user = userOf(req.headers.authorization);
   *   next();
   * });
   */
  use(middleware: EngineMiddleware): void {
    this.requests.use(middleware);
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
   * Closes every session once what waits has been sent, and lets go of the HTTP servers, which go on listening. No poll reaches it any more: what
   * a client has no poll open for is lost, and handshakes under way open no session. {@link attach} opens it again.
   */
  close(): this {
    this.isClosed = true;
    for (const server of this.servers) this.host.detach(server, this);
    this.servers.clear();
    this.sessions.close();
    return this;
  }

  /**
   * Closes every session and opens no other, but goes on answering until every client has taken what was sent, or has failed to for `pingTimeout`:
   * one that polls has to come for it. Handshakes are answered with 503 (`HTTP_SERVER_LEAVING`).
   *
   * @param span - milliseconds after which clients may come back; `Retry-After` says so in whole seconds. Default: 1000
   */
  leave(span: number = 1000): Promise<void> {
    this.isClosed = true;
    this.leaving = leavingRefusal(Math.max(1, Math.ceil(span / 1000)));
    this.sessions.leave();
    return this.sessions.ended();
  }

  /** Whether a URL is below its path. */
  owns(url: string): boolean {
    return isBelow(url, this.settings.path);
  }

  /** Answers one HTTP request, whatever its path. For servers that are not attached; it does not throw. */
  handleRequest(req: IncomingMessage, res: ServerResponse): void {
    this.requests.onRequest(req, res);
  }

  /** Answers one upgrade request, whatever its path. `head` is what came behind it so far. For servers that are not attached; it does not throw. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.requests.onUpgrade(req, socket, head);
  }

  /**
   * Serves a session of an HTTP/3 server, or closes it. Without its `request` nobody can say which page opened it: then it is refused, unless
   * `cors.origin` is `"*"` and there is neither `allowRequest` nor a middleware.
   */
  onWebTransportSession(session: WebTransportSession, request?: WebTransportRequest): void {
    this.requests.onWebTransportSession(session, request);
  }

  /** @internal */
  listenerFailed(cause: unknown, event: string | symbol): void {
    this.failed(cause, { event });
  }

  /** @internal */
  listenerOfConnectionFailed(cause: unknown, event: string | symbol, { socket }: EngineConnection): void {
    this.failed(cause, { event, connection: socket });
  }

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
    return this.requests.areSeen || this.listenerCount("connection") > 0 ? req : this.snapshot(req);
  }

  /** @internal What is remembered of a request that is let go. */
  snapshot(req: IncomingMessage): IncomingMessage | RequestSnapshot {
    return this.host.snapshot(req);
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
