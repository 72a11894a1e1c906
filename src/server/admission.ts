// server/ Who may open a session: what the request says, its Origin, limits, `allowRequest`, and finally the id (Engine.IO protocol v4, "Handshake"; ARCHITECTURE.md, "Trust").
import type { IncomingMessage } from "node:http";
import type { VaivenError } from "../errors.js";
import type { HttpRequest } from "../http/exchange.js";
import { refuseOrigin, refuseScript } from "../http/origin.js";
import { limitRefusal, type Refusal, RefusalCode, refusal } from "../http/refusal.js";
import type { EngineQuery } from "../http/target.js";
import { addressOf } from "../http/trusted-proxy.js";
import { verifyProtocol, verifyRequest } from "../http/verify.js";
import { askAllowRequest, askId } from "./allow-request.js";
import type { ConnectionLimits, LimitReport } from "./connection-limits.js";
import type { EngineSettings } from "./engine-options.js";
import type { EngineFailure } from "./guarded-emitter.js";

/** What is asked of the engine. */
export interface AdmittingEngine {
  readonly settings: EngineSettings;
  readonly limits: ConnectionLimits | undefined;
  /** The program may have replaced it. */
  generateId(req: IncomingMessage): string | Promise<string>;
  /** Why no session is opened any more, while the engine leaves. */
  readonly leaving: Refusal | undefined;
  readonly sessions: { has(id: string): boolean };
  /** One of the program's functions failed. */
  failed(cause: unknown, failure: EngineFailure): void;
  tellLimit(error: VaivenError, where: Pick<LimitReport, "req">): void;
}

/** Decides on requests before there is a session. Every transport passes here. */
export class Admission {
  private readonly engine: AdmittingEngine;
  private readonly warn: (text: string) => void;

  /** @param warn - tells whoever runs the server */
  constructor(engine: AdmittingEngine, warn: (text: string) => void) {
    this.engine = engine;
    this.warn = warn;
  }

  /** Why a request is refused by what it says itself; undefined if it is not. */
  verify(
    request: HttpRequest,
    query: EngineQuery,
    upgrade: boolean,
    allowedOrigin: string | undefined,
  ): Refusal | undefined {
    return (
      verifyRequest(request, query, upgrade, this.engine.settings.offer) ??
      this.verifyOrigin(request, allowedOrigin) ??
      (query.jsonp === undefined ? undefined : this.forbid(refuseScript(request, allowedOrigin)))
    );
  }

  /** @param allowedOrigin - what `cors` has allowed */
  verifyOrigin(request: HttpRequest, allowedOrigin: string | undefined): Refusal | undefined {
    return this.forbid(refuseOrigin(request, allowedOrigin, this.engine.settings.trustProxy));
  }

  private forbid(error: VaivenError | undefined): Refusal | undefined {
    if (error === undefined) return undefined;
    this.warn(`A connection was refused: ${error.message}.`);
    return refusal(RefusalCode.FORBIDDEN, { name: error.code, ...error.detail }, error.message);
  }

  /** Decides whether a session may be opened. Calls `done` with its id or with the refusal: in this turn, unless the program's functions take longer. */
  handshake(
    request: HttpRequest,
    req: IncomingMessage,
    query: EngineQuery,
    done: (result: string | Refusal) => void,
  ): void {
    const { engine } = this;
    const { settings, leaving } = engine;
    if (leaving !== undefined) {
      done(leaving);
      return;
    }
    const tooMany = engine.limits?.refuse(addressOf(request, settings.trustProxy), query.transport === "polling");
    if (tooMany !== undefined) {
      engine.tellLimit(tooMany, { req });
      done(limitRefusal(RefusalCode.FORBIDDEN, tooMany, tooMany.httpStatus === 429 ? 429 : 503));
      return;
    }
    if (settings.allowRequest === undefined) {
      this.goOn(req, query, done);
      return;
    }
    const failed = (cause: unknown): void => engine.failed(cause, { event: "allowRequest", request: req });
    askAllowRequest(settings.allowRequest, req, failed, (refused) => {
      if (refused === undefined) this.goOn(req, query, done);
      else done(refused);
    });
  }

  private goOn(req: IncomingMessage, query: EngineQuery, done: (result: string | Refusal) => void): void {
    const protocol = verifyProtocol(query, this.engine.settings.offer);
    if (typeof protocol === "object") done(protocol);
    else this.makeId(req, done);
  }

  private makeId(req: IncomingMessage, done: (result: string | Refusal) => void): void {
    const { engine } = this;
    const failed = (error: unknown): void => {
      engine.failed(error, { event: "generateId", request: req });
      done(refusal(RefusalCode.BAD_REQUEST, { name: "ID_GENERATION_ERROR", error }));
    };
    askId(
      () => engine.generateId(req),
      (id) => engine.sessions.has(id),
      failed,
      // The engine may have begun to leave while the program's functions ran.
      (id) => done(engine.leaving ?? id),
    );
  }
}
