// entry/ The package "vaiven": the server on Node. Binds src/server/ to src/node/.
import { createServer, type Server as HttpServer } from "node:http";
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import { NodeHttpHost } from "../node/http-host.js";
import { type ServerHost, Server as ServerOverHost, type ServerTarget } from "../server/server.js";
import type { ServerOptions } from "../server/server-options.js";
import "../server/legacy-2012.js";
import { logEngine, logServer } from "./server-log.js";

class NodeServerHost extends NodeHttpHost implements ServerHost {
  createHttpServer(): HttpServer {
    return createServer((_request, response) => {
      response.writeHead(404);
      response.end();
    });
  }
}

/** All servers of a process share one host: its flush queue and its deadlines serve them all. */
const host = new NodeServerHost();

/**
 * A server of real-time events.
 *
 * @example
 * const io = new Server(httpServer, { cors: { origin: "https://example.com" } });
 * io.on("connection", (socket) => socket.on("echo", (text) => socket.emit("echo", text)));
 */
export class Server<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Unchecked,
> extends ServerOverHost<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /**
   * @param target - an http, https or http2 server, or a port; without it, call `attach` or `listen` later. Options may stand here.
   * @throws VaivenError `API_INVALID_OPTION`, `API_INVALID_ARGUMENT`
   */
  constructor(target?: ServerTarget | Partial<ServerOptions>, options?: Partial<ServerOptions>) {
    super(host, target, options);
    logServer(this);
  }

  override bind(engine: Parameters<ServerOverHost["bind"]>[0]): this {
    logEngine(engine);
    return super.bind(engine);
  }
}

/** As `new Server(target, options)`: the call of 2012, `require("vaiven").listen(server)`. */
export function listen(target: ServerTarget, options?: Partial<ServerOptions>): Server {
  return new Server(target, options);
}

export type { BroadcastFlags, BroadcastOptions, Room, SocketId } from "../adapter/contract.js";
export { type ErrorCode, type ErrorFields, VaivenError } from "../errors.js";
export type { DefaultEventsMap, EventsMap } from "../event/event-map.js";
export type { BroadcastReport } from "../server/broadcast-confirmations.js";
export { BroadcastOperator, RemoteSocket } from "../server/broadcast-operator.js";
export type { CloseReason } from "../server/connection.js";
export type { LimitReport } from "../server/connection-limits.js";
export type { Expiry, RefreshHook } from "../server/credentials.js";
export type { CloseOptions } from "../server/drain.js";
export type { ErrorContext, ErrorHook } from "../server/error-reporter.js";
export { InMemoryAdapter as Adapter } from "../server/in-memory-adapter.js";
export { Namespace } from "../server/namespace.js";
export type { AdapterConstructor, ServerOptions } from "../server/server-options.js";
export { Socket } from "../server/socket.js";
export type {
  DisconnectReason,
  Event,
  ExtendedError,
  Handshake,
  LostSession,
  SessionLossReason,
} from "../server/socket-types.js";
