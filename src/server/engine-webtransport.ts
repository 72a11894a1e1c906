// server/ WebTransport sessions, which somebody else's HTTP/3 server accepts and hands over (Engine.IO protocol v4, "WebTransport"; ARCHITECTURE.md, "Trust").
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type Refusal, RefusalCode, refusal } from "../http/refusal.js";
import { EngineQuery } from "../http/target.js";
import type { WebTransportSession } from "../session/stream-transport.js";
import type { Transport } from "../session/transport.js";
import type { Admission } from "./admission.js";
import { type EngineConnection, factsOf } from "./engine-connection.js";
import { allowedOriginOf, type MiddlewareChain } from "./engine-middleware.js";
import type { EngineSettings } from "./engine-options.js";
import type { EngineHost } from "./host.js";
import { type GreetingOwner, WebTransportGreeting } from "./webtransport-greeting.js";

/** The CONNECT request of a session: whole, or what is known of it. */
export interface WebTransportRequest {
  readonly headers: IncomingHttpHeaders;
  /** Path and query. Default: the engine's path. */
  readonly url?: string | undefined;
  readonly rawHeaders?: readonly string[];
  readonly socket?: { readonly remoteAddress?: string | undefined };
}

/** What is used of the engine. */
export interface WebTransportEngine {
  readonly settings: EngineSettings;
  find(sid: string, done: (connection: EngineConnection | undefined) => void): void;
  readonly sessions: { open(id: string, protocol: 4, transport: Transport, req: IncomingMessage): void };
  tellError(req: IncomingMessage, refused: Refusal): void;
}

/** Serves one session, or closes it. */
export function serveWebTransport(
  session: WebTransportSession,
  given: WebTransportRequest | undefined,
  engine: WebTransportEngine,
  admission: Admission,
  host: EngineHost,
  chain: MiddlewareChain,
): void {
  const { settings } = engine;
  const req = requestOf(given, settings.path);
  const refuse = (refused: Refusal): void => {
    engine.tellError(req, refused);
    session.close();
  };
  const greet = (): void =>
    void new WebTransportGreeting(session, host, settings.session, new WebTransportHandshake(engine, admission, req));
  if (!settings.offer.transports.includes("webtransport")) {
    refuse(refusal(RefusalCode.UNKNOWN_TRANSPORT, { transport: "webtransport" }));
  } else if (given !== undefined) {
    verify(req, admission, host, chain, (refused) => (refused === undefined ? greet() : refuse(refused)));
  } else if (trustsEveryone(settings, chain)) {
    greet();
  } else {
    const message =
      "a WebTransport session came without its request, so that its Origin cannot be verified: " +
      'call io.engine.onWebTransportSession(session, request), or set cors: { origin: "*" } and neither allowRequest nor engine middlewares';
    host.warn(`A connection was refused: ${message}.`);
    refuse(refusal(RefusalCode.FORBIDDEN, { name: "HTTP_ORIGIN_FORBIDDEN" }, message));
  }
}

/** Whether no request would be refused for what it says. */
function trustsEveryone({ cors, allowRequest }: EngineSettings, chain: MiddlewareChain): boolean {
  return typeof cors === "object" && cors.origin === "*" && allowRequest === undefined && !chain.hasUsers;
}

/** Middlewares and the Origin rule, as for every other request. */
function verify(
  req: IncomingMessage,
  admission: Admission,
  host: EngineHost,
  chain: MiddlewareChain,
  done: (refused: Refusal | undefined) => void,
): void {
  if (chain.isEmpty) {
    done(admission.verifyOrigin(factsOf(req), undefined));
    return;
  }
  const failure = refusal(RefusalCode.BAD_REQUEST, { name: "MIDDLEWARE_FAILURE" });
  const res = host.middlewareResponse(req, () => done(failure));
  chain.run(req, res, (error) =>
    done(error === undefined ? admission.verifyOrigin(factsOf(req), allowedOriginOf(res)) : failure),
  );
}

/** What becomes of a session that has said what it wants. */
class WebTransportHandshake implements GreetingOwner {
  private readonly engine: WebTransportEngine;
  private readonly admission: Admission;
  private readonly req: IncomingMessage;

  constructor(engine: WebTransportEngine, admission: Admission, req: IncomingMessage) {
    this.engine = engine;
    this.admission = admission;
    this.req = req;
  }

  onGreeting(greeting: WebTransportGreeting, sid: string | undefined): void {
    const { engine, admission, req } = this;
    const refuse = (refused: Refusal): void => {
      engine.tellError(req, refused);
      greeting.refuse();
    };
    if (sid === undefined) {
      const query = Object.assign(new EngineQuery(), { protocol: "4", transport: "webtransport" });
      admission.handshake(factsOf(req), req, query, (result) => {
        if (typeof result === "object") refuse(result);
        else greeting.accept((transport) => engine.sessions.open(result, 4, transport, req));
      });
      return;
    }
    engine.find(sid, (connection) => {
      if (connection === undefined) refuse(refusal(RefusalCode.UNKNOWN_SID, { sid }));
      else if (!engine.settings.allowUpgrades) refuse(refusal(RefusalCode.BAD_REQUEST, { name: "UPGRADES_DISABLED" }));
      else {
        greeting.accept((transport) => {
          if (!connection.session.offerUpgrade(transport)) transport.close(1000);
        });
      }
    });
  }
}

/** Node's form of the request, as far as it is known. WebTransport is always encrypted. */
function requestOf(given: WebTransportRequest | undefined, path: string): IncomingMessage {
  const { headers = {}, url = `${path}?EIO=4&transport=webtransport`, socket, rawHeaders } = given ?? {};
  if (given !== undefined && rawHeaders !== undefined && socket !== undefined) return given as IncomingMessage;
  const raw = Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : (value ?? [])).flatMap((each) => [name, each]),
  );
  const known = { method: "CONNECT", url, headers, rawHeaders: raw, socket: { encrypted: true, ...socket } };
  return Object.assign(given ?? {}, known) as unknown as IncomingMessage;
}
