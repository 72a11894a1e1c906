// A program as Socket.IO's documentation writes it for the client. It compiles with npm's socket.io-client 4.8 and, unchanged, with ours.
import defaultIo, {
  connect,
  type DisconnectDescription,
  type ExtendedError,
  Fetch,
  io,
  Manager,
  type ManagerOptions,
  protocol,
  Socket,
  type SocketOptions,
  WebSocket,
  XHR,
} from "socket.io-client";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;

interface ServerToClientEvents {
  news: (text: string, n: number) => void;
  ask: (question: string, callback: (yes: boolean) => void) => void;
}
interface ClientToServerEvents {
  hello: (name: string) => void;
  add: (a: number, b: number, callback: (sum: number) => void) => void;
  save: (text: string, callback: (err: Error, id: string) => void) => void;
  message: (text: string) => void;
}

export const everyOption: Partial<ManagerOptions & SocketOptions> = {
  forceNew: true,
  multiplex: false,
  addTrailingSlash: false,
  autoUnref: true,
  closeOnBeforeunload: true,
  extraHeaders: { "my-custom-header": "1234" },
  forceBase64: true,
  path: "/my-custom-path/",
  protocols: ["my-protocol-v1"],
  query: { x: 42 },
  rememberUpgrade: true,
  timestampParam: "ts",
  timestampRequests: true,
  transportOptions: { polling: { extraHeaders: { authorization: "bearer 1234" } } },
  transports: ["websocket", "polling"],
  tryAllTransports: true,
  upgrade: false,
  withCredentials: true,
  requestTimeout: 10_000,
  reconnection: true,
  reconnectionAttempts: Number.POSITIVE_INFINITY,
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
  timeout: 20_000,
  autoConnect: false,
  auth: { token: "123" },
  retries: 3,
  ackTimeout: 10_000,
  rejectUnauthorized: false,
  ca: "x",
  cert: "x",
  key: "x",
  passphrase: "x",
  perMessageDeflate: { threshold: 1024 },
};

export function typedClient(): Socket<ServerToClientEvents, ClientToServerEvents> {
  const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://localhost:3000", {
    auth: (cb) => cb({ token: localToken() }),
  });
  socket.on("connect", () => socket.id);
  socket.on("connect_error", (err) => {
    const extended: ExtendedError = err;
    void [err.message, extended.data?.content];
    if (socket.active) return;
    socket.auth = { token: "abcd" };
    socket.connect();
  });
  socket.on("disconnect", (reason, details) => {
    const known: Socket.DisconnectReason = reason;
    const more: DisconnectDescription | undefined = details;
    if (known === "io server disconnect") socket.connect();
    void more;
  });
  socket.on("news", (text, n) => [text.trim(), n.toFixed()]);
  socket.once("ask", (question, callback) => callback(question === "?"));
  socket.emit("hello", "x");
  socket.emit("add", 1, 2, (sum) => sum.toFixed());
  socket.timeout(1).emit("add", 1, 2, (err, sum) => (err ? err.message : sum.toFixed()));
  socket.timeout(1).emit("save", "x", (err, refusal, id) => [err.message, refusal.message, id.trim()]);
  socket.volatile.emit("hello", "x");
  socket.compress(false).emit("hello", "x");
  socket.send("text");
  socket.onAny((event, ...args) => [event, args]);
  socket.prependAny((event: string) => event.trim());
  socket.offAny();
  socket.onAnyOutgoing((event, ...args) => [event, args]);
  socket.offAnyOutgoing();
  socket.off("news");
  socket.off("news", () => {});
  socket.off();
  socket.removeAllListeners();
  socket.listeners("news").length.toFixed();
  socket.hasListeners("news");
  void [socket.connected, socket.disconnected, socket.recovered, socket.active, socket.sendBuffer.length];
  socket.open().close().connect().disconnect();
  return socket;
}

export async function typedPromises(socket: Socket<ServerToClientEvents, ClientToServerEvents>): Promise<void> {
  const sum = await socket.emitWithAck("add", 1, 2);
  const sumIsNumber: Holds<Same<typeof sum, number>> = true;
  void sumIsNumber;
  await socket.timeout(1).emitWithAck("add", 1, 2);
}

export function manager(): void {
  const options: Partial<ManagerOptions> = { reconnectionDelayMax: 10_000, query: { "my-key": "my-value" } };
  const shared = new Manager("https://example.com", options);
  const main: Socket = shared.socket("/");
  const sharedToo: Manager = main.io;
  const admin = shared.socket("/admin", { auth: { token: "123" } });
  shared.on("open", () => {});
  shared.on("error", (err) => err.message);
  shared.on("ping", () => {});
  shared.on("packet", (packet) => packet.type);
  shared.on("close", (reason, description) => [reason, description]);
  shared.on("reconnect", (attempt) => attempt.toFixed());
  shared.on("reconnect_attempt", (attempt) => attempt.toFixed());
  shared.on("reconnect_error", (err) => err.message);
  shared.on("reconnect_failed", () => {});
  shared.open((err) => err?.message);
  shared.connect();
  shared.reconnection(false).reconnectionAttempts(1).reconnectionDelay(2).reconnectionDelayMax(3).timeout(4);
  const facts: [boolean | undefined, number | undefined] = [shared.reconnection(), shared.reconnectionAttempts()];
  main.io.on("reconnect", () => main.io.engine.transport.name);
  main.io.engine.once("upgrade", () => main.io.engine.transport.name);
  main.io.engine.on("packet", ({ type, data }) => [type, data]);
  main.io.engine.on("close", (reason) => reason);
  main.io.opts.transports = ["polling"];
  if (main.io.opts.query) main.io.opts.query.x = "y";
  void [facts, admin.io === shared, sharedToo];
}

export function untyped(): Socket {
  const socket = io();
  const sameType: Holds<Same<typeof socket, Socket>> = true;
  void sameType;
  socket.on("anything", (a, b, callback) => callback(a.b.c, b));
  socket.emit("anything", 1, "two", { three: 3 }, (answer: string) => answer);
  socket.emit("with ack", (response: { status: string }) => response.status);
  for (const made of [connect("http://x", { path: "/y" }), defaultIo("/z"), io({ forceNew: true })]) made.close();
  const classes: [typeof Manager, typeof Socket, number] = [Manager, Socket, protocol];
  void classes;
  io({ transports: [Fetch, WebSocket] });
  io({ transports: [XHR] });
  return io("https://example.com/admin", { transports: ["websocket"], withCredentials: true });
}

function localToken(): string {
  return "token";
}
