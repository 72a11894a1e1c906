// node/ `vaiven/websocket`: a WebSocket server without events (RFC 6455 section 4.2). Who may connect is decided before the handshake is answered.
//
//   upgrade ─▶ path ─▶ Origin ─▶ verify (may take its time) ─▶ handshake ─▶ emit("connection") ─▶ the first byte is read
//               404      403      its status, 503 too late      4xx
import { EventEmitter } from "node:events";
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { VaivenError } from "../errors.js";
import { isSendableCloseCode } from "../frame/close.js";
import { WEBSOCKET_VERSION } from "../frame/handshake.js";
import type { AnswerHeaders } from "../http/exchange.js";
import { refuseOrigin } from "../http/origin.js";
import { pathOf } from "../http/target.js";
import { headerOf } from "../http/trusted-proxy.js";
import { addRoute, type Route, removeRoute } from "./http-routes.js";
import { NodeUpgrade } from "./http-upgrade.js";
import { invalid, type WebSocketSettings, webSocketSettings } from "./websocket-options.js";
import { WebSocketPeer } from "./websocket-peer.js";
import {
  checkServerOptions,
  SERVER_OPTIONS,
  type WebSocketServerOptions,
  type WebSocketVerdict,
} from "./websocket-server-options.js";

/** An upgrade on a shared server that nobody answers is cut after this long. */
const UNANSWERED_AFTER_MS = 1000;
const GOING_AWAY = 1001;

/** The events of a {@link WebSocketServer}. */
export interface WebSocketServerEvents {
  /** A WebSocket is open; nothing has been read from it yet. */
  connection: [peer: WebSocketPeer, request: IncomingMessage];
  /** A handshake was refused; the client has been told so. */
  refused: [error: VaivenError, request: IncomingMessage];
  /** The server of {@link WebSocketServerOptions.port} listens. */
  listening: [];
  /** The server of {@link WebSocketServerOptions.port} failed, or `verify` or `selectProtocol` threw; that goes to the console if nobody listens. */
  error: [error: Error];
  /** {@link WebSocketServer.close} has come to its end. */
  close: [];
}

/**
 * Accepts WebSockets.
 *
 * @example
 * const server = new WebSocketServer({ port: 3000 });
 * server.on("connection", (peer) => peer.on("message", (data) => peer.send(data)));
 */
export class WebSocketServer extends EventEmitter<WebSocketServerEvents> {
  /** The WebSockets that are not closed. */
  readonly clients: ReadonlySet<WebSocketPeer> = new Set<WebSocketPeer>();
  private readonly options: WebSocketServerOptions;
  private readonly settings: WebSocketSettings;
  private readonly httpServer: HttpServer | undefined;
  private readonly route: Route;
  private closed: Promise<void> | undefined = undefined;

  /** @throws VaivenError `API_INVALID_OPTION` */
  constructor(options: WebSocketServerOptions = {}) {
    super();
    this.settings = webSocketSettings("server", options, SERVER_OPTIONS);
    checkServerOptions(options);
    this.options = { ...options };
    const isOwn = options.server === undefined;
    this.route = {
      upgradesOnly: true,
      // A server of our own has nobody else to answer for other paths.
      owns: (url) => isOwn || this.isOurs(url),
      handleRequest: () => {},
      handleUpgrade: (request, socket, head) => this.upgrade(request, socket, head),
      destroyUpgradeAfter: UNANSWERED_AFTER_MS,
    };
    this.httpServer =
      options.server ?? (options.port === undefined ? undefined : this.listen(options.port, options.host));
    if (this.httpServer !== undefined) addRoute(this.httpServer, this.route);
  }

  /** Where the HTTP server listens; null before and after, and without one. */
  address(): AddressInfo | string | null {
    return this.httpServer?.address() ?? null;
  }

  /**
   * Takes one upgrade request, for programs that listen to `upgrade` themselves. Origin and `verify` hold here too; `path` does not.
   *
   * @param accepted - is called in the place of the `connection` event.
   */
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    accepted?: (peer: WebSocketPeer, request: IncomingMessage) => void,
  ): void {
    const upgrade = new NodeUpgrade(request, socket, head);
    const { trustProxy = false, verify } = this.options;
    const error = refuseOrigin(upgrade, this.allowedOrigin(request), trustProxy, originsOption);
    if (error !== undefined) {
      this.refuse(upgrade, request, error);
      return;
    }
    const accept = (): void => this.accept(upgrade, request, accepted);
    if (verify === undefined) {
      accept();
      return;
    }
    let verdict: WebSocketVerdict | Promise<WebSocketVerdict>;
    try {
      verdict = verify(request);
    } catch (thrown) {
      this.failed(upgrade, request, "verify", thrown);
      return;
    }
    if (typeof verdict === "object" && verdict !== null && "then" in verdict)
      this.await(verdict, upgrade, request, accept);
    else this.judge(verdict, upgrade, request, accept);
  }

  /**
   * Takes no more connections, and closes those that are there, with 1001 unless another code is given. Resolves when all are closed, which
   * `closeTimeout` limits; a server made by `port` then no longer listens, one that was given goes on. The second call gives the first one's promise.
   *
   * @throws VaivenError `API_INVALID_ARGUMENT` for a code that must not be sent.
   */
  close(code: number = GOING_AWAY, reason: string = ""): Promise<void> {
    if (!isSendableCloseCode(code)) {
      throw new VaivenError("API_INVALID_ARGUMENT", `expected a close code that may be sent, got ${code}`);
    }
    this.closed ??= this.closeAll(code, reason);
    return this.closed;
  }

  private async closeAll(code: number, reason: string): Promise<void> {
    const { httpServer, options } = this;
    const ends: Promise<unknown>[] = [];
    if (httpServer !== undefined && options.server === undefined) {
      // Its callback comes when the last socket is gone; an error only says that it did not listen.
      ends.push(new Promise<void>((resolve) => httpServer.close(() => resolve())));
      httpServer.closeIdleConnections();
    }
    for (const peer of this.clients) {
      ends.push(new Promise<void>((resolve) => peer.once("close", () => resolve())));
      peer.close(code, reason);
    }
    await Promise.all(ends);
    // Until here upgrades are answered with 503, which says more than silence.
    if (httpServer !== undefined) removeRoute(httpServer, this.route);
    this.emit("close");
  }

  private listen(port: number, host: string | undefined): HttpServer {
    const { handshakeTimeout } = this.settings;
    const timeouts = {
      headersTimeout: handshakeTimeout,
      requestTimeout: handshakeTimeout,
      connectionsCheckingInterval: Math.min(handshakeTimeout, 1000),
    };
    const httpServer = createServer(timeouts, answerPlainRequest);
    httpServer.on("listening", () => this.emit("listening"));
    httpServer.on("error", (error) => this.emit("error", error));
    httpServer.listen(port, host);
    return httpServer;
  }

  private isOurs(url: string): boolean {
    const { path } = this.options;
    // A request target may be an absolute URI (RFC 6455 section 4.2.1).
    return path === undefined || pathOf(url.replace(/^[a-z]+:\/\/[^/?#]*/i, "")) === path;
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.isOurs(request.url ?? "/")) {
      this.handleUpgrade(request, socket, head);
      return;
    }
    const error = new VaivenError("HANDSHAKE_PATH", `expected the path ${this.options.path}`, { httpStatus: 404 });
    this.refuse(new NodeUpgrade(request, socket, head), request, error);
  }

  private allowedOrigin({ headers }: IncomingMessage): string | undefined {
    const { origins } = this.options;
    const origin = headerOf(headers, "origin");
    if (origins === undefined || origins === "*") return origins;
    if (origin === undefined) return undefined;
    const isAllowed = origins.some((each) => (typeof each === "string" ? each === origin : origin.search(each) !== -1));
    return isAllowed ? origin : undefined;
  }

  private await(
    verdict: Promise<WebSocketVerdict>,
    upgrade: NodeUpgrade,
    request: IncomingMessage,
    accept: () => void,
  ): void {
    const { handshakeTimeout } = this.settings;
    const timer = setTimeout(() => {
      const message = `verify did not decide within ${handshakeTimeout} ms`;
      this.refuse(upgrade, request, new VaivenError("HANDSHAKE_TIMEOUT", message, { httpStatus: 503 }));
    }, handshakeTimeout);
    verdict.then(
      (decided) => {
        clearTimeout(timer);
        // In a turn of its own: what a listener throws is no rejection of this promise.
        setImmediate(() => this.judge(decided, upgrade, request, accept));
      },
      (thrown: unknown) => {
        clearTimeout(timer);
        this.failed(upgrade, request, "verify", thrown);
      },
    );
  }

  private judge(verdict: WebSocketVerdict, upgrade: NodeUpgrade, request: IncomingMessage, accept: () => void): void {
    if (!upgrade.isPending) return;
    if (verdict === true) {
      accept();
      return;
    }
    // A function that forgets to answer must not let anybody in, nor end the process.
    if (verdict !== false && (typeof verdict !== "object" || verdict === null)) {
      this.failed(upgrade, request, "verify", invalid(`expected true, false or a refusal, got ${String(verdict)}`));
      return;
    }
    const { status = 403, message = "", headers = {} } = verdict === false ? {} : verdict;
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      this.failed(upgrade, request, "verify", invalid(`expected a status from 400 to 599, got ${String(status)}`));
      return;
    }
    const error = new VaivenError("HTTP_FORBIDDEN", message === "" ? "verify refused the request" : message, {
      httpStatus: status,
    });
    this.refuse(upgrade, request, error, { body: message, headers });
  }

  private accept(
    upgrade: NodeUpgrade,
    request: IncomingMessage,
    accepted: ((peer: WebSocketPeer, request: IncomingMessage) => void) | undefined,
  ): void {
    const { settings } = this;
    if (this.closed !== undefined) {
      this.refuse(upgrade, request, new VaivenError("SESSION_CLOSED", "the server is closing", { httpStatus: 503 }));
      return;
    }
    let isMade = false;
    let error: VaivenError | undefined;
    try {
      error = upgrade.shakeHands(
        settings.profile,
        (offered) => this.selectProtocol(offered, request),
        {},
        (socket, { protocol, deflate }) => {
          isMade = true;
          const peer = new WebSocketPeer(socket, settings, protocol, deflate);
          const clients = this.clients as Set<WebSocketPeer>;
          clients.add(peer);
          peer.once("close", () => clients.delete(peer));
          return {
            begin: (answer) => {
              socket.cork();
              try {
                socket.write(answer, "latin1");
                if (accepted === undefined) this.emit("connection", peer, request);
                else accepted(peer, request);
              } finally {
                socket.uncork();
              }
            },
            start: (head) => WebSocketPeer.start(peer, head),
          };
        },
      );
    } catch (thrown) {
      // What a listener of `connection` throws is the program's own uncaught exception; its WebSocket is open all the same.
      if (isMade) throw thrown;
      this.failed(upgrade, request, "selectProtocol", thrown);
      return;
    }
    if (error !== undefined) this.emit("refused", error, request);
  }

  private selectProtocol(offered: readonly string[], request: IncomingMessage): string | undefined {
    const { protocols, selectProtocol } = this.options;
    if (selectProtocol !== undefined) return selectProtocol(offered, request);
    return offered.find((each) => protocols?.includes(each));
  }

  private refuse(
    upgrade: NodeUpgrade,
    request: IncomingMessage,
    error: VaivenError,
    { body = error.message, headers = {} }: { body?: string; headers?: AnswerHeaders } = {},
  ): void {
    if (!upgrade.isPending) return;
    upgrade.refuse(error.httpStatus ?? 400, body, headers);
    this.emit("refused", error, request);
  }

  /** A function of the program's threw: the client learns only that. */
  private failed(upgrade: NodeUpgrade, request: IncomingMessage, name: string, cause: unknown): void {
    const error = new VaivenError("HANDLER_FAILED", `${name} failed: ${String(cause)}`, { httpStatus: 500, cause });
    this.refuse(upgrade, request, error, { body: "the server failed to decide about this request" });
    if (this.listenerCount("error") > 0) this.emit("error", error);
    else console.error("vaiven:", error);
  }
}

function originsOption(origin: string): string {
  return `origins: [${JSON.stringify(origin)}]`;
}

/** Here is nothing but WebSocket (RFC 9110 section 15.5.22). */
function answerPlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  const body = "expected a WebSocket handshake";
  response.writeHead(426, {
    Connection: "Upgrade, close",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": WEBSOCKET_VERSION,
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Length": String(body.length),
  });
  response.end(body);
}
