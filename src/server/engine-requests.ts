// server/ What becomes of one request below the engine's path (Engine.IO protocol v4, "Handshake").
//
//   request ─▶ cors, use(…) ─▶ verify ─▶ Origin ─▶ no sid: allowRequest ─▶ generateId ─▶ session ─▶ "connection"
//                                                  └─ sid: locate(sid) ─▶ poll · post · offer of an upgrade
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { answerBrowserFile, browserFileName } from "../http/browser-files.js";
import type { AnswerHeaders, Exchange } from "../http/exchange.js";
import { PollingTransport } from "../http/polling-transport.js";
import {
  headersOfRefusal,
  limitRefusal,
  messageOf,
  type Refusal,
  RefusalCode,
  refusal,
  refusalBody,
  statusOf,
} from "../http/refusal.js";
import { type EngineQuery, readEngineQuery } from "../http/target.js";
import { verifyTransport } from "../http/verify.js";
import type { WebTransportSession } from "../session/stream-transport.js";
import type { Transport } from "../session/transport.js";
import { Admission } from "./admission.js";
import { tooManyHeaders } from "./connection-limits.js";
import type { Engine } from "./engine.js";
import type { EngineConnection } from "./engine-connection.js";
import { cookieFor, emitHeaders, headersFrom } from "./engine-headers.js";
import { allowedOriginOf, type EngineMiddleware, exposeRequest, MiddlewareChain } from "./engine-middleware.js";
import { EngineProtocols, protocolOf } from "./engine-protocols.js";
import { serveWebTransport, type WebTransportRequest } from "./engine-webtransport.js";
import type { EngineHost, UpgradeExchange, WebSocketAcceptor } from "./host.js";

/** The requests of one engine. */
export class EngineRequests {
  private readonly engine: Engine;
  private readonly host: EngineHost;
  private readonly chain: MiddlewareChain;
  private readonly admission: Admission;
  private readonly protocols: EngineProtocols;
  private readonly webSockets: WebSocketAcceptor;

  constructor(engine: Engine, host: EngineHost) {
    const { settings } = engine;
    this.engine = engine;
    this.host = host;
    this.chain = new MiddlewareChain(settings.cors, (cause, event, request) =>
      engine.failed(cause, { event, request }),
    );
    this.admission = new Admission(engine, (text) => host.warn(text));
    this.protocols = new EngineProtocols(host, settings);
    const { maxFragments, maxTinyFragments, deflate } = settings;
    this.webSockets = host.webSockets(
      { maxMessageBytes: settings.session.maxPayload, maxFragments, maxTinyFragments, deflate },
      settings.foreignWebSockets,
    );
  }

  /** Adds a middleware of the program's. */
  use(middleware: EngineMiddleware): void {
    this.chain.use(middleware);
  }

  /** Answers one HTTP request. */
  onRequest(req: IncomingMessage, res: ServerResponse): void {
    const exchange = this.host.exchange(req, res);
    if (req.rawHeaders.length > 2 * this.engine.settings.maxHeaders) {
      this.refuse(exchange, req, this.refuseHeaders(req));
      return;
    }
    const { serveClient, path } = this.engine.settings;
    const file = serveClient ? browserFileName(exchange.request.url, path) : undefined;
    if (file !== undefined) {
      this.serveFile(exchange, req, res, file);
      return;
    }
    if (this.areSeen) exposeRequest(req, res);
    if (this.chain.isEmpty) {
      this.serve(exchange, req, undefined);
      return;
    }
    this.chain.run(req, res, (error) => {
      if (error === undefined) this.serve(exchange, req, allowedOriginOf(res));
      else this.refuse(exchange, req, refusal(RefusalCode.BAD_REQUEST, { name: "MIDDLEWARE_FAILURE" }));
    });
  }

  /** Answers one upgrade request. */
  onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upgrade = this.host.upgrade(req, socket, head);
    if (req.rawHeaders.length > 2 * this.engine.settings.maxHeaders) {
      this.refuseUpgrade(upgrade, req, this.refuseHeaders(req));
      return;
    }
    if (this.areSeen) exposeRequest(req);
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

  /** Serves one session of an HTTP/3 server, or closes it. */
  onWebTransportSession(session: WebTransportSession, request: WebTransportRequest | undefined): void {
    serveWebTransport(session, request, this.engine, this.admission, this.host, this.chain);
  }

  /** Whether functions of the program's see requests. */
  get areSeen(): boolean {
    const { engine, chain } = this;
    return (
      chain.hasUsers ||
      engine.settings.allowRequest !== undefined ||
      engine.listenerCount("headers") > 0 ||
      engine.listenerCount("initial_headers") > 0 ||
      engine.listenerCount("connection_error") > 0
    );
  }

  // ── HTTP ──

  private serveFile(exchange: Exchange, req: IncomingMessage, res: ServerResponse, name: string): void {
    this.chain.runForFile(req, res, (error) => {
      if (error === undefined) {
        const mayCompress = Number.isFinite(this.engine.settings.compressFrom);
        answerBrowserFile(exchange, name, this.host.readBrowserFile, mayCompress);
      } else this.refuse(exchange, req, refusal(RefusalCode.BAD_REQUEST, { name: "MIDDLEWARE_FAILURE" }));
    });
  }

  private serve(exchange: Exchange, req: IncomingMessage, allowedOrigin: string | undefined): void {
    const { request } = exchange;
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
    this.engine.find(query.sid, (connection) => {
      if (connection === undefined) this.refuse(exchange, req, unknownSession(query));
      else if (!exchange.isAbandoned) this.goOn(exchange, req, query, connection);
    });
  }

  private openPolling(exchange: Exchange, req: IncomingMessage, query: EngineQuery, id: string): void {
    const { engine } = this;
    const { cookie } = engine.settings;
    const transport = this.protocols.polling(query);
    this.watchHeaders(exchange, req);
    transport.onPoll(exchange, query.stamp);
    if (engine.listenerCount("initial_headers") > 0 || cookie !== undefined) {
      const { beforeAnswer } = exchange;
      exchange.beforeAnswer = (headers) => {
        if (cookie !== undefined) headers["Set-Cookie"] = cookieFor(id, cookie);
        emitHeaders(engine, "initial_headers", headers, req);
        beforeAnswer?.(headers);
      };
    }
    // With npm's sticky sessions a listener of `connection` tells the primary whose session it is. The client must not be faster.
    exchange.cork();
    try {
      engine.sessions.open(id, protocolOf(query), transport, req);
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
      this.engine.find(query.sid, (connection) => {
        if (connection === undefined) this.refuseUpgrade(upgrade, req, unknownSession(query));
        else if (!this.engine.settings.allowUpgrades)
          this.refuseUpgrade(upgrade, req, refusal(RefusalCode.BAD_REQUEST, { name: "UPGRADES_DISABLED" }));
        else this.offerUpgrade(upgrade, req, query, headers, connection);
      });
      return;
    }
    this.admission.handshake(upgrade.request, req, query, (result) => {
      if (typeof result === "object") this.refuseUpgrade(upgrade, req, result);
      else if (upgrade.isPending) {
        emitHeaders(this.engine, "initial_headers", headers, req);
        const protocol = protocolOf(query);
        this.accept(upgrade, req, headers, (transport) =>
          this.engine.sessions.open(result, protocol, this.protocols.messages(transport, protocol, query), req),
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
    emitHeaders(this.engine, "headers", headers, req);
    const error = upgrade.accept(this.webSockets, headers, begin);
    if (error !== undefined) {
      this.engine.tellError(
        req,
        refusal(RefusalCode.BAD_REQUEST, { name: "WEBSOCKET_HANDSHAKE_ERROR", message: error.message }),
      );
    }
  }

  // ── both ──

  private watchHeaders(exchange: Exchange, req: IncomingMessage): void {
    if (this.engine.listenerCount("headers") === 0) return;
    exchange.beforeAnswer = (headers) => emitHeaders(this.engine, "headers", headers, req);
  }

  private refuse(exchange: Exchange, req: IncomingMessage, refused: Refusal): void {
    this.engine.tellError(req, refused);
    exchange.answer(
      statusOf(refused),
      { "Content-Type": "application/json", "Cache-Control": "no-store", ...headersOfRefusal(refused) },
      refusalBody(refused),
    );
  }

  private refuseUpgrade(upgrade: UpgradeExchange, req: IncomingMessage, refused: Refusal): void {
    this.engine.tellError(req, refused);
    upgrade.refuse(statusOf(refused), messageOf(refused), headersOfRefusal(refused));
  }

  private refuseHeaders(req: IncomingMessage): Refusal {
    const error = tooManyHeaders(this.engine.settings.maxHeaders);
    this.engine.tellLimit(error, { req });
    return limitRefusal(RefusalCode.BAD_REQUEST, error, 431);
  }
}

function unknownSession({ sid }: EngineQuery): Refusal {
  return refusal(RefusalCode.UNKNOWN_SID, { sid });
}
