// A program as Socket.IO's documentation writes it for the server. It compiles with npm's socket.io 4.8 and, unchanged, with ours.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  type BroadcastOperator,
  type DefaultEventsMap,
  type DisconnectReason,
  type Event,
  type ExtendedError,
  Namespace,
  type RemoteSocket,
  Server,
  type ServerOptions,
  Socket,
} from "socket.io";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;

interface ServerToClientEvents {
  noArg: () => void;
  basicEmit: (a: number, b: string, c: Uint8Array) => void;
  withAck: (d: string, callback: (e: number) => void) => void;
  withAckOfTwo: (callback: (err: Error, e: number) => void) => void;
  emptyAck: (callback: () => void) => void;
}
interface ClientToServerEvents {
  hello: () => void;
  message: (text: string) => void;
  create: (payload: { title: string }, callback: (result: { id: number } | { error: string }) => void) => void;
}
interface InterServerEvents {
  ping: () => void;
  count: (from: string, callback: (n: number) => void) => void;
}
interface SocketData {
  name: string;
  age: number;
}

type MyServer = Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;
type MySocket = Socket<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;
type MyNamespace = Namespace<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;

export const everyOption: Partial<ServerOptions> = {
  path: "/socket.io",
  serveClient: true,
  connectTimeout: 45_000,
  connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: true },
  cleanupEmptyChildNamespaces: true,
  pingInterval: 25_000,
  pingTimeout: 20_000,
  upgradeTimeout: 10_000,
  maxHttpBufferSize: 1e6,
  transports: ["polling", "websocket"],
  allowUpgrades: true,
  perMessageDeflate: {
    threshold: 2048,
    zlibDeflateOptions: { chunkSize: 8 * 1024 },
    zlibInflateOptions: { windowBits: 14, memLevel: 7 },
    clientNoContextTakeover: true,
    serverNoContextTakeover: true,
    serverMaxWindowBits: 10,
    concurrencyLimit: 20,
  },
  httpCompression: { threshold: 2048 },
  cookie: { name: "my-cookie", httpOnly: true, sameSite: "strict", maxAge: 86_400 },
  cors: {
    origin: ["https://my-frontend.com", /localhost/],
    allowedHeaders: ["my-custom-header"],
    methods: ["GET", "POST"],
    credentials: true,
  },
  allowEIO3: true,
  destroyUpgrade: true,
  destroyUpgradeTimeout: 1000,
  addTrailingSlash: false,
  allowRequest: (req, callback) => {
    const noOriginHeader = req.headers.origin === undefined;
    callback(null, noOriginHeader);
  },
};

export function typedServer(): MyServer {
  const httpServer = createServer();
  const io = new Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>(httpServer, {
    cors: { origin: (origin, callback) => callback(null, origin === "https://example.com") },
  });
  const same: Holds<Same<typeof io, MyServer>> = true;
  void same;

  io.use((socket, next) => {
    const token: unknown = socket.handshake.auth.token;
    const agent: string | undefined = socket.handshake.headers["user-agent"];
    if (token === undefined || agent === undefined) {
      const err: ExtendedError = new Error("not authorized");
      err.data = { content: "Please retry later" };
      next(err);
      return;
    }
    socket.data.name = "john";
    next();
  });
  io.use(async (socket, next) => {
    try {
      socket.data.age = await Promise.resolve(42);
      next();
    } catch {
      next(new Error("unknown user"));
    }
  });

  io.on("connection", (socket) => {
    const inferred: Holds<Same<typeof socket, MySocket>> = true;
    void inferred;
    socket.emit("noArg");
    socket.emit("basicEmit", 1, "2", new Uint8Array([3]));
    socket.emit("withAck", "4", (e) => e.toFixed());
    socket.emit("emptyAck", () => {});
    socket.timeout(5000).emit("withAck", "4", (err, e) => {
      if (err) err.message.trim();
      else e.toFixed();
    });
    socket.timeout(5000).emit("withAckOfTwo", (err, e) => [err.message, e.toFixed()]);
    socket.on("hello", () => {});
    socket.on("create", (payload, callback) => {
      payload.title.trim();
      callback({ id: 1 });
      callback({ error: "nope" });
    });
    socket.once("message", (text) => text.trim());
    socket.off("hello", () => {});
    socket.removeAllListeners("message");
    socket.on("disconnecting", (reason, description) => {
      const known: DisconnectReason = reason;
      void [known, description];
      for (const room of socket.rooms) if (room !== socket.id) socket.to(room).emit("noArg");
    });
    socket.on("disconnect", (reason) => {
      if (reason === "server namespace disconnect" || reason === "ping timeout") void socket.data.name.trim();
    });
    socket.on("error", (err) => err.message);

    socket.broadcast.emit("noArg");
    socket.to("room1").to(["room2", "room3"]).except("room4").emit("basicEmit", 1, "2", Buffer.from("3"));
    socket.in("room1").volatile.compress(false).local.emit("noArg");
    socket
      .timeout(1000)
      .to("room")
      .emit("withAck", "x", (err, responses) => [err.message, responses.length]);
    void socket.join("room");
    void socket.join(["a", "b"]);
    void socket.leave("room");
    socket.use(([event, ...args], next) => (event === "x" && args.length > 1 ? next(new Error("no")) : next()));
    socket.use((event: Event, next: (err?: Error) => void) => next(event.length ? undefined : new Error("empty")));
    socket.onAny((event: string, ...args: unknown[]) => [event, args]);
    socket.prependAny((event, ...args) => [event, args]);
    socket.offAny();
    socket.onAnyOutgoing((event, ...args) => [event, args]);
    socket.prependAnyOutgoing(() => {});
    socket.offAnyOutgoing();
    void [socket.listenersAny().length, socket.listenersAnyOutgoing().length];
    socket.disconnect().disconnect(true);
    const facts: [string, boolean, boolean, boolean] = [
      socket.id,
      socket.connected,
      socket.disconnected,
      socket.recovered,
    ];
    void facts;
    const request: IncomingMessage = socket.request;
    const address: string = socket.handshake.address;
    const issued: number = socket.handshake.issued;
    const secure: boolean = socket.handshake.secure;
    void [request.url, address, issued, secure, socket.handshake.query.x, socket.handshake.time.length];
    const transport: string = socket.conn.transport.name;
    socket.conn.once("upgrade", () => socket.conn.transport.name);
    socket.conn.on("packet", ({ type, data }: { type: string; data: unknown }) => [type, data]);
    socket.conn.on("close", (reason: string) => reason);
    void [transport, socket.conn.protocol, socket.conn.remoteAddress, socket.conn.readyState];
    const { nsp } = socket;
    const parent: MyNamespace = nsp;
    parent.name.trim();
  });
  io.on("connect", (socket) => socket.emit("noArg"));
  io.of("/").adapter.on("create-room", (room: string) => room.trim());
  io.of("/").adapter.on("join-room", (room: string, id: string) => [room, id]);
  io.engine.on("connection_error", (err: { req: IncomingMessage; code: number; message: string; context: unknown }) => [
    err.req,
    err.code,
  ]);
  io.engine.on("initial_headers", (headers: Record<string, string>, _req: IncomingMessage) => {
    headers["set-cookie"] = "mycookie=456";
  });
  io.engine.use((_req: IncomingMessage, _res: ServerResponse, next: () => void) => next());
  io.engine.generateId = (req: IncomingMessage) => `${req.url}`;
  void io.engine.clientsCount;
  return io;
}

export async function typedPromises(io: MyServer, socket: MySocket): Promise<void> {
  const answer = await socket.emitWithAck("withAck", "x");
  const answerIsNumber: Holds<Same<typeof answer, number>> = true;
  const timed = await socket.timeout(1000).emitWithAck("withAck", "x");
  const timedIsNumber: Holds<Same<typeof timed, number>> = true;
  const second = await socket.emitWithAck("withAckOfTwo");
  const secondIsNumber: Holds<Same<typeof second, number>> = true;
  const many = await io.timeout(1000).emitWithAck("withAck", "x");
  const manyAreNumbers: Holds<Same<typeof many, number[]>> = true;
  const some = await io.to("room").timeout(1000).emitWithAck("withAck", "x");
  const someAreNumbers: Holds<Same<typeof some, number[]>> = true;
  const others = await socket.broadcast.timeout(1000).emitWithAck("withAck", "x");
  const othersAreNumbers: Holds<Same<typeof others, number[]>> = true;
  const counts = await io.serverSideEmitWithAck("count", "x");
  const countsAreNumbers: Holds<Same<typeof counts, number[]>> = true;
  void [answerIsNumber, timedIsNumber, secondIsNumber, manyAreNumbers, someAreNumbers, othersAreNumbers];
  void countsAreNumbers;

  const sockets = await io.in("room1").except("room2").fetchSockets();
  const remotes: RemoteSocket<ServerToClientEvents, SocketData>[] = sockets;
  for (const remote of remotes) {
    void [remote.id, remote.handshake.headers, remote.rooms.size, remote.data.name.trim()];
    remote.emit("noArg");
    remote.join("x");
    remote.leave("x");
    remote.disconnect(true);
    const [reply] = [await remote.timeout(5).emitWithAck("withAck", "x")];
    void reply;
  }
  io.socketsJoin(["a", "b"]);
  io.in("a").socketsLeave("b");
  io.in("a").disconnectSockets(true);
  const ids: Set<string> = await io.in("a").allSockets();
  void ids;
}

export function typedNamespaces(io: MyServer): void {
  const nsp = io.of("/admin");
  nsp.on("connection", (socket: MySocket) => socket.nsp.name);
  nsp.emit("basicEmit", 1, "2", new Uint8Array());
  const parent = io.of(/^\/dynamic-\d+$/);
  parent.on("connection", (socket) => socket.nsp.emit("noArg"));
  parent.use((_socket, next) => next());
  io.of((name, auth, next) => next(null, name.startsWith("/x") && auth.token === "y"));
  io.on("new_namespace", (created) => created.name.trim());
  io.serverSideEmit("ping");
  io.serverSideEmit("count", "x", (err, counts) => [err.message, counts.length]);
  io.on("ping", () => {});
  io.on("count", (from, callback) => callback(from.length));
  io.emit("noArg");
  io.local.volatile.emit("noArg");
  io.timeout(1000).emit("withAck", "x", (err, responses) => [err.message, responses.map((n) => n.toFixed())]);
  io.except(["a"]).compress(true).emit("noArg");
  const rooms: Map<string, Set<string>> = io.sockets.adapter.rooms;
  const members: Map<string, Set<string>> = io.sockets.adapter.sids;
  const one: MySocket | undefined = io.sockets.sockets.get("x");
  void [rooms, members, one];
  io.close();
  void io.close(() => {}).then(() => {});
}

export function untyped(): Server {
  const io = new Server(3000);
  const other = new Server({ path: "/x" });
  other.attach(3001, { cors: { origin: "*" } }).listen(createServer());
  io.on("connection", (socket: Socket) => {
    const { username, roomId } = socket.handshake.auth;
    socket.data.anything = [username, roomId];
    socket.on("any event", (a, b, callback) => callback(a.b.c, b));
    socket.on("async", async (x) => await x);
    socket.emit("any event", 1, "two", { three: [Buffer.from([4])] }, (answer: string) => answer);
    socket.timeout(1).emit("x", (err: Error, answer: number) => [err, answer]);
    socket.send("hello", 1).write("world");
    socket
      .to("x")
      .timeout(1)
      .emit("y", (err: Error, answers: string[]) => [err, answers]);
  });
  const emitted: boolean = io.emit("x", { y: 1 });
  io.send("x").write("y");
  io.in("x").emit("y");
  io.serverSideEmit("hello", "world");
  void emitted;
  return io;
}

export class Chat {
  private readonly nsp: Namespace;
  constructor(private readonly io: Server) {
    this.nsp = io.of("/chat");
    this.nsp.on("connection", this.onConnection.bind(this));
  }
  private onConnection(socket: Socket): void {
    this.io.emit("joined", socket.id);
    register(this.io, socket);
  }
}

function register(io: Server, socket: Socket): void {
  socket.on("order:create", (payload: { id: number }) => io.to(`${payload.id}`).emit("created"));
}

export function broadcaster(io: Server): BroadcastOperator<DefaultEventsMap, never> {
  const operator = io.to("x") as BroadcastOperator<DefaultEventsMap, never>;
  void [io.sockets instanceof Namespace, Socket.name];
  return operator;
}

export const accepts = (socket: Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, { id: string }>): string =>
  socket.data.id;
