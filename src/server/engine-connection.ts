// server/ One session and the request that it came from. What the engine keeps per client, so it has few fields.
import type { IncomingMessage } from "node:http";
import type { HttpRequest } from "../http/exchange.js";
import type { RequestSnapshot } from "../http/request-snapshot.js";
import { readQuery } from "../http/target.js";
import { addressOf, isSecure } from "../http/trusted-proxy.js";
import type { ServerSession } from "../session/server-session.js";
import type { CloseReason, SessionObserver } from "../session/session-sink.js";
import { isLimitError } from "./connection-limits.js";
import type { Engine } from "./engine.js";
import { EngineSocket } from "./engine-socket.js";

/** An open session with its request. The `Connection` contract is `session`'s; `socket` is what users see as `socket.conn`. */
export class EngineConnection implements SessionObserver {
  readonly session: ServerSession;
  /** The request of the handshake: kept whole, or a snapshot (ARCHITECTURE.md, "Requests"). */
  request: IncomingMessage | RequestSnapshot;
  readonly engine: Engine;
  private facade: EngineSocket | undefined = undefined;

  constructor(session: ServerSession, request: IncomingMessage | RequestSnapshot, engine: Engine) {
    this.session = session;
    this.request = request;
    this.engine = engine;
    session.observer = this;
  }

  get id(): string {
    return this.session.id;
  }

  /** The client's address, as far as `trustProxy` believes what proxies say. */
  get remoteAddress(): string | undefined {
    return addressOf(factsOf(this.request), this.engine.trustProxy);
  }

  /** Whether the client's connection is encrypted, as far as `trustProxy` believes what proxies say. */
  get secure(): boolean {
    return isSecure(factsOf(this.request), this.engine.trustProxy);
  }

  /** The parameters of the handshake's URL. */
  get query(): Record<string, string> {
    return readQuery(this.request.url ?? "");
  }

  /** `socket.conn`: made when first asked for, because it costs more memory than the session. */
  get socket(): EngineSocket {
    if (this.facade === undefined) {
      this.facade = new EngineSocket(this);
      this.session.observer = this.facade;
    }
    return this.facade;
  }

  /** Lets go of the request, if it was kept whole until now. */
  releaseRequest(): void {
    if (!("secure" in this.request)) this.request = this.engine.snapshot(this.request);
  }

  /** Tells the listeners of `io.engine`, which hear of all sessions. */
  relay(event: "flush" | "drain", ...args: unknown[]): void {
    if (this.engine.relaysOutput) this.engine.emit(event, this.socket, ...args);
  }

  /** @internal Called by EngineSocket. */
  listenerFailed(cause: unknown, event: string | symbol): void {
    this.engine.listenerOfConnectionFailed(cause, event, this);
  }

  onUpgrade(): void {
    this.engine.sessions.upgraded(this);
  }

  onRefusal(error: unknown): void {
    if (isLimitError(error)) this.engine.tellLimit(error, { connection: this });
  }

  onClose(_reason: CloseReason, description: unknown): void {
    this.engine.sessions.forget(this);
    this.onRefusal(description);
  }
}

/** The facts of a request, whole or kept. */
export function factsOf(request: IncomingMessage | RequestSnapshot): HttpRequest {
  if ("secure" in request) return request;
  return {
    method: request.method ?? "",
    url: request.url ?? "",
    headers: request.headers,
    remoteAddress: request.socket.remoteAddress,
    secure: "encrypted" in request.socket && request.socket.encrypted === true,
  };
}
