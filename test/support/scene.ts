// Test support: servers and clients that live as long as one test.
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServerOptions, Server as StockServer } from "socket.io";
import type {
  Socket as ClientSocket,
  ManagerOptions,
  SocketOptions,
  Manager as StockManager,
  io as stockConnect,
} from "socket.io-client";
import { onTestFinished } from "vitest";
import { once } from "./waiting.js";

/** A server library, seen through the types of npm's `socket.io`: ours has the same names. */
export interface ServerLibrary {
  readonly Server: typeof StockServer;
}

/** A client library, seen through the types of npm's `socket.io-client`. */
export interface ClientLibrary {
  readonly io: typeof stockConnect;
  readonly Manager: typeof StockManager;
}

export type ClientOptions = Partial<ManagerOptions & SocketOptions>;

export interface Stage {
  readonly io: StockServer;
  readonly httpServer: HttpServer;
  readonly port: number;
  readonly url: string;
}

export function portOf(httpServer: { address(): AddressInfo | string | null }): number {
  const address = httpServer.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}

export function listening(httpServer: HttpServer, port: number = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    httpServer.once("error", reject);
    httpServer.listen(port, "127.0.0.1", () => resolve(portOf(httpServer)));
  });
}

/** Closes an HTTP server with its connections when the test ends. */
export function closeLater(httpServer: HttpServer): void {
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        httpServer.close(() => resolve());
        httpServer.closeAllConnections();
      }),
  );
}

/** A listening server of the library; closed when the test ends. */
export async function stage(
  library: ServerLibrary,
  options: Partial<ServerOptions> = {},
  port: number = 0,
): Promise<Stage> {
  const httpServer = createHttpServer();
  const io = new library.Server(httpServer, options);
  const bound = await listening(httpServer, port);
  closeLater(httpServer);
  onTestFinished(() => {
    const closed = closeServer(io);
    httpServer.closeAllConnections();
    return closed;
  });
  return { io, httpServer, port: bound, url: `http://127.0.0.1:${bound}` };
}

export function closeServer(io: StockServer): Promise<void> {
  return new Promise((resolve) => {
    void io.close(() => resolve());
  });
}

/** A client that neither shares its connection nor returns by itself, unless told; closed when the test ends. */
export function client(library: ClientLibrary, url: string, options: ClientOptions = {}): ClientSocket {
  const socket = library.io(url, { forceNew: true, reconnection: false, ...options });
  onTestFinished(() => {
    socket.disconnect();
    socket.io.engine?.close();
  });
  return socket;
}

/** As `client`, once it is connected. */
export async function connected(library: ClientLibrary, url: string, options?: ClientOptions): Promise<ClientSocket> {
  const socket = client(library, url, options);
  if (!socket.connected) await Promise.race([once(socket, "connect"), failure(socket)]);
  return socket;
}

function failure(socket: ClientSocket): Promise<never> {
  return new Promise((_, reject) => {
    socket.once("connect_error", (error: Error) => reject(error));
  });
}

/** Both ends of one connection: the server's socket found by the client's id. */
export async function pair(
  scene: Stage,
  library: ClientLibrary,
  options: ClientOptions = {},
  namespace: string = "/",
): Promise<{ socket: import("socket.io").Socket; peer: ClientSocket }> {
  const peer = await connected(library, scene.url + (namespace === "/" ? "" : namespace), options);
  const socket = scene.io.of(namespace).sockets.get(peer.id ?? "");
  if (socket === undefined) throw new Error("the server does not know the client's id");
  return { socket, peer };
}

/** Resolves when the client's connection has moved to WebSocket. */
export async function upgraded(socket: ClientSocket): Promise<void> {
  if (socket.io.engine.transport.name !== "websocket") await once(socket.io.engine, "upgrade");
}
