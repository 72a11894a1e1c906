// node/ Several engines and the user's own listeners on one HTTP server: who answers which request (server/host.ts, `attach`).
import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** Who answers the requests below a path: server/host.ts, `HttpRoute`. */
export interface Route {
  owns(url: string): boolean;
  handleRequest(req: IncomingMessage, res: ServerResponse): void;
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly destroyUpgradeAfter: number | undefined;
  /** Whether only upgrades are its own: plain requests go on as if it were not there. */
  readonly upgradesOnly?: boolean;
}

type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

/** The last request of a connection, by its response; no symbol: see websocket-server-transport.ts. */
type UsedSocket = Duplex & { vaivenResponse?: ServerResponse | undefined };

const routesOf = new WeakMap<HttpServer, HttpRoutes>();

/** Sends what `route` owns to it, before the listeners that the server has now. */
export function addRoute(server: HttpServer, route: Route): void {
  let routes = routesOf.get(server);
  if (routes === undefined) {
    routes = new HttpRoutes(server);
    routesOf.set(server, routes);
  }
  routes.add(route);
}

/** Undoes {@link addRoute}; with the last route the server's own listeners are back. */
export function removeRoute(server: HttpServer, route: Route): void {
  const routes = routesOf.get(server);
  if (routes?.remove(route) === true) routesOf.delete(server);
}

/** The routes of one server. It stands in the place of the `request` listeners that it found. */
class HttpRoutes {
  private readonly server: HttpServer;
  private readonly routes: Route[] = [];
  private readonly others: RequestListener[];
  private readonly onRequest: RequestListener;
  private readonly onUpgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

  constructor(server: HttpServer) {
    this.server = server;
    this.others = server.listeners("request") as RequestListener[];
    this.onRequest = (req, res) => this.request(req, res);
    this.onUpgrade = (req, socket, head) => this.upgrade(req, socket, head);
    server.removeAllListeners("request");
    server.on("request", this.onRequest);
    server.on("upgrade", this.onUpgrade);
  }

  add(route: Route): void {
    this.routes.push(route);
  }

  /** True if that was the last one. */
  remove(route: Route): boolean {
    const index = this.routes.indexOf(route);
    if (index === -1) return false;
    this.routes.splice(index, 1);
    if (this.routes.length > 0) return false;
    this.server.removeListener("request", this.onRequest);
    this.server.removeListener("upgrade", this.onUpgrade);
    for (const listener of this.others) this.server.on("request", listener);
    return true;
  }

  private owner(url: string, isUpgrade: boolean): Route | undefined {
    // The longest path first would need an order; of two routes for one URL the first one that was attached answers.
    return this.routes.find((route) => (isUpgrade || route.upgradesOnly !== true) && route.owns(url));
  }

  private request(req: IncomingMessage, res: ServerResponse): void {
    (req.socket as UsedSocket).vaivenResponse = res;
    const route = this.owner(req.url ?? "/", false);
    if (route !== undefined) {
      route.handleRequest(req, res);
      return;
    }
    for (const listener of this.others) listener.call(this.server, req, res);
  }

  private upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const route = this.owner(req.url ?? "/", true);
    const { vaivenResponse } = socket as UsedSocket;
    // A WebSocket that is the first on its connection shall not get a field for it.
    if (vaivenResponse !== undefined) (socket as UsedSocket).vaivenResponse = undefined;
    if (route === undefined) this.cutUnanswered(socket);
    // What is still to be answered of the requests before it would be written among its frames.
    else if (vaivenResponse?.writableFinished === false) socket.destroy();
    else route.handleUpgrade(req, socket, head);
  }

  /** Another listener may answer the upgrade. If none does, the socket would stay open for ever. */
  private cutUnanswered(socket: Duplex): void {
    const delays = this.routes.flatMap(({ destroyUpgradeAfter }) => destroyUpgradeAfter ?? []);
    if (delays.length === 0) return;
    socket.on("error", ignore);
    const before = bytesWritten(socket);
    const timer = setTimeout(
      () => {
        // Answers to requests before it may be written still. Who takes it reads: nothing else tells when the client leaves.
        if (socket.writable && (bytesWritten(socket) === before || !isRead(socket))) socket.end(() => socket.destroy());
      },
      Math.max(...delays),
    );
    timer.unref();
  }
}

function bytesWritten(socket: Duplex): unknown {
  return "bytesWritten" in socket ? socket.bytesWritten : undefined;
}

function isRead(socket: Duplex): boolean {
  return socket.listenerCount("data") > 0 || socket.listenerCount("readable") > 0;
}

/** Without it the client's reset would end the process while nobody else listens. */
function ignore(): void {}
