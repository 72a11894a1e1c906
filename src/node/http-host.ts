// node/ The host of engines on Node's http and https servers (server/host.ts is the contract).
import { randomFillSync } from "node:crypto";
import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { FrameLimits } from "../frame/limits.js";
import { connectionProfile } from "../frame/profile.js";
import type { ReadBrowserFile } from "../http/browser-files.js";
import { HeaderTable, RequestSnapshot } from "../http/request-snapshot.js";
import { PayloadCodec } from "../packet/payload.js";
import type { Deadlines } from "../session/deadlines.js";
import type { FlushQueue } from "../session/flush-queue.js";
import type { Platform } from "../session/platform.js";
import { clientFolder } from "./client-folder.js";
import { type ForeignWebSocketEngine, ForeignWebSockets } from "./foreign-websocket.js";
import { NodeExchange } from "./http-exchange.js";
import { addRoute, type Route, removeRoute } from "./http-routes.js";
import { MiddlewareResponse, NodeUpgrade, type NodeWebSocketAcceptor } from "./http-upgrade.js";
import { hasCertificate, isEncrypted } from "./node-request.js";
import { nodePlatform } from "./platform.js";
import { processHost } from "./process-host.js";

const ID_BYTES = 15;
/** One call of the random source costs as much as a hundred ids. */
const RANDOM_BYTES = ID_BYTES * 128;
/** Different texts that are warned of; a peer chooses part of them. */
const MAX_WARNINGS = 50;

function definedLimits({
  maxMessageBytes,
  maxFragments,
  maxTinyFragments,
}: NodeWebSocketAcceptor["settings"]): Partial<FrameLimits> {
  return {
    maxMessageBytes,
    ...(maxFragments === undefined ? {} : { maxFragments }),
    ...(maxTinyFragments === undefined ? {} : { maxTinyFragments }),
  };
}

/** Satisfies `EngineHost`, which node/ must not import. One per process: entry/ makes it. */
export class NodeHttpHost {
  readonly platform: Platform = processHost.platform;
  readonly flushQueue: FlushQueue = processHost.flushQueue;
  readonly deadlines: Deadlines = processHost.deadlines;
  readonly payloads: PayloadCodec = new PayloadCodec(nodePlatform);
  readonly readBrowserFile: ReadBrowserFile = clientFolder(join(__dirname, "../../client-dist"));
  private readonly headers = new HeaderTable();
  private readonly random = Buffer.allocUnsafe(RANDOM_BYTES);
  private randomAt = RANDOM_BYTES;
  private readonly warned = new Set<string>();

  randomId(): string {
    if (this.randomAt === RANDOM_BYTES) {
      randomFillSync(this.random);
      this.randomAt = 0;
    }
    const start = this.randomAt;
    this.randomAt += ID_BYTES;
    const id = this.random.toString("base64url", start, this.randomAt);
    // What named a session is not kept where a later leak of memory could show it.
    this.random.fill(0, start, this.randomAt);
    return id;
  }

  attach(server: HttpServer, route: Route): void {
    addRoute(server, route);
  }

  detach(server: HttpServer, route: Route): void {
    removeRoute(server, route);
  }

  exchange(req: IncomingMessage, res: ServerResponse): NodeExchange {
    return new NodeExchange(req, res);
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): NodeUpgrade {
    return new NodeUpgrade(req, socket, head);
  }

  middlewareResponse(req: IncomingMessage, ended: () => void): ServerResponse {
    return new MiddlewareResponse(req, { refuse: ended });
  }

  snapshot(req: IncomingMessage): IncomingMessage | RequestSnapshot {
    if (hasCertificate(req)) return req;
    const { method = "GET", url = "/", rawHeaders, httpVersion } = req;
    const { remoteAddress, remotePort } = req.socket;
    const secure = isEncrypted(req);
    return new RequestSnapshot(method, url, rawHeaders, remoteAddress, secure, this.headers, httpVersion, remotePort);
  }

  webSockets(
    settings: NodeWebSocketAcceptor["settings"],
    foreign?: { readonly engine: ForeignWebSocketEngine; readonly perMessageDeflate: unknown },
  ): NodeWebSocketAcceptor {
    const profile = connectionProfile({
      role: "server",
      primitives: nodePlatform,
      compression: nodePlatform.compression,
      limits: definedLimits(settings),
      deflate: settings.deflate,
    });
    return {
      settings,
      profile,
      foreign: foreign && new ForeignWebSockets(foreign.engine, settings.maxMessageBytes, foreign.perMessageDeflate),
    };
  }

  warn(text: string): void {
    if (this.warned.size >= MAX_WARNINGS || this.warned.has(text)) return;
    this.warned.add(text);
    console.warn(`vaiven: ${text}`);
  }

  report(error: unknown, where: string): void {
    console.error(`vaiven: ${where} failed:`, error);
  }
}
