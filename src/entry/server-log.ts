// entry/ The server's logs: `vaiven:server`, `vaiven:socket` and `vaiven:engine`, or by Socket.IO's names `socket.io:*` and `engine`.
import type { EventEmitter } from "node:events";
import type { AnyNamespace } from "../server/namespace.js";
import type { AnyServer } from "../server/server.js";
import type { AnySocket } from "../server/socket.js";
import { type Log, logOf } from "./debug-log.js";

/** What is known of a connection, of our engine or of npm's `engine.io`. */
interface LoggedConnection extends EventEmitter {
  readonly id: string;
  readonly remoteAddress: string;
  readonly transport: { readonly name: string };
}

/** What a refused request is reported with. */
interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly context?: unknown;
  readonly req?: { readonly method?: string; readonly url?: string };
}

/** Logs namespaces as they appear, and their sockets. */
export function logServer(io: AnyServer): void {
  const log = logOf("vaiven:server", "socket.io:server");
  const logSocket = logOf("vaiven:socket", "socket.io:socket");
  if (log === undefined && logSocket === undefined) return;
  const watch = (namespace: AnyNamespace): void => {
    log?.("namespace %s", namespace.name);
    if (logSocket !== undefined) logSockets(namespace, logSocket);
  };
  watch(io.sockets);
  io.on("new_namespace", watch);
}

function logSockets(namespace: AnyNamespace, log: Log): void {
  namespace.on("connection", (socket: AnySocket) => {
    log("%s %s connected%s", namespace.name, socket.id, socket.recovered ? ", recovered" : "");
    socket.onAny((event: string, ...args: unknown[]) => log("%s %s got %s %o", namespace.name, socket.id, event, args));
    socket.onAnyOutgoing((event: string, ...args: unknown[]) =>
      log("%s %s sent %s %o", namespace.name, socket.id, event, args),
    );
    socket.on("disconnect", (reason: string) => log("%s %s disconnected: %s", namespace.name, socket.id, reason));
  });
}

/** Logs the connections of an engine: opened, upgraded, closed, refused. */
export function logEngine(engine: EventEmitter): void {
  const log = logOf("vaiven:engine", "engine");
  if (log === undefined) return;
  // At the end of the turn: `io.path("/x")` may exchange the engine in the turn that made it, but not one that is listened to.
  queueMicrotask(() => {
    engine.on("connection", (connection: LoggedConnection) => {
      const { id } = connection;
      log("%s opened over %s from %s", id, connection.transport.name, connection.remoteAddress);
      connection.on("upgrade", (transport: { name: string }) => log("%s went over to %s", id, transport.name));
      connection.on("close", (reason: string) => log("%s closed: %s", id, reason));
    });
    engine.on("connection_error", ({ code, message, context, req }: Refusal) =>
      log("refused %s %s: code %d, %s %o", req?.method, req?.url, code, message, context),
    );
  });
}
