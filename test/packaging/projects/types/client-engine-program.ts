// A program that looks below a client's socket, and that passes sockets around as applications do. It compiles with npm's socket.io-client 4.8 and, unchanged, with ours.

import {
  connect,
  type DisconnectDescription,
  Fetch,
  io,
  Manager,
  type ManagerOptions,
  type ManagerReservedEvents,
  Socket,
  type SocketOptions,
  type SocketReservedEvents,
  WebSocket,
  XHR,
} from "socket.io-client";

interface ServerToClientEvents {
  news: (text: string, urgent?: boolean) => void;
  list: (...items: number[]) => void;
  ask: (question: string, answer: (yes: boolean, why?: string) => void) => void;
}
interface ClientToServerEvents {
  nothing: () => void;
  hello: (name?: string) => void;
  upload: (bytes: Uint8Array, done: (size: number) => void) => void;
  save: (text: string, done: (err: Error, id: string) => void) => void;
  settled: (done: () => void) => void;
}
type Anything = ReturnType<typeof JSON.parse>;
type MySocket = Socket<ServerToClientEvents, ClientToServerEvents>;

export function engine(socket: Socket): void {
  const { engine } = socket.io;
  const id: string = engine.id;
  const waiting: number = engine.writeBuffer.length;
  for (const { type, data } of engine.writeBuffer) void [type.length, data.length];
  engine.on("open", () => {});
  engine.on("handshake", (data) => [data.sid.trim(), data.pingInterval.toFixed(), data.upgrades.join()]);
  engine.on("packet", ({ type, data }) => [type.trim(), data.slice(1)]);
  engine.on("packetCreate", ({ type, data }) => [type.trim(), data?.byteLength]);
  engine.on("data", (data: string) => data.trim());
  engine.on("message", (data: ArrayBuffer) => data.byteLength);
  engine.on("heartbeat", () => {});
  engine.on("ping", () => {});
  engine.on("pong", () => {});
  engine.on("flush", () => {});
  engine.on("drain", () => {});
  engine.on("error", (err: string | Error) => err);
  engine.on("upgrading", (transport) => transport.name.trim());
  engine.on("upgrade", (transport) => transport.name.trim());
  engine.on("upgradeError", (err) => err.message);
  engine.on("close", (reason: string, description?: DisconnectDescription) => [reason, description]);
  engine.once("close", (reason) => reason.trim());
  engine.off("close");
  engine.write('2["low"]', { compress: false }, () => {}).send('2["low"]');
  if (engine.readyState === "open") engine.close();
  void [id, waiting, engine.transport.name === "websocket", engine.transport.writable];
}

export function sockets(): void {
  const made: ReturnType<typeof io> = connect();
  const typed: MySocket = io("https://example.com", { transports: [WebSocket, XHR] });
  const other = new Manager().socket("/") as MySocket;
  const anything: Socket<Anything, Anything> = typed;
  const loose: { on(event: string, listener: (...args: Anything[]) => void): unknown } = anything;
  loose.on("news", () => {});
  const options: Parameters<typeof io>[1] = { transports: [XHR, WebSocket] };
  const auth: SocketOptions["auth"] = (cb) => cb({});
  const partial: Partial<ManagerOptions & SocketOptions> = { ...options, auth, transports: [Fetch] };
  const id: MySocket["id"] = typed.id;
  for (const packet of typed.sendBuffer) void [packet.type, packet.nsp.trim(), packet.id?.toFixed(), packet.data[0]];
  for (const args of typed.receiveBuffer) void args[0].trim();
  if (typed.auth && typeof typed.auth !== "function") typed.auth.token = "x";
  const reserved: SocketReservedEvents["disconnect"] = (reason) => reason.trim();
  const attempt: ManagerReservedEvents["reconnect_attempt"] = (n) => n.toFixed();
  typed.on("disconnect", reserved);
  typed.io.on("reconnect_attempt", attempt);
  typed.io.on("packet", ({ type, nsp, data }) => [type, nsp.trim(), data.x]);
  typed.io.on("close", (reason: string, description?: DisconnectDescription) => [reason, description]);
  typed.io.engine?.on("close", () => {});
  void [made.active, other.connected, partial, id, typed instanceof Socket, typed.io instanceof Manager];
}

export async function optional(socket: MySocket): Promise<void> {
  socket.on("news", (text) => text.trim());
  socket.on("news", (text, urgent) => [text.trim(), urgent === true]);
  socket.on("list", (...items) => items.map((item) => item.toFixed()));
  socket.on("ask", (question, answer) => answer(question === "?"));
  socket.on("ask", async (question, answer) => answer(question === "?", await Promise.resolve("because")));
  socket.emit("nothing");
  socket.emit("hello");
  socket.emit("hello", "x");
  socket.emit("hello", undefined);
  socket.emit("settled", () => {});
  socket.timeout(5).emit("settled", (err) => err.message);
  socket.timeout(5).emit("upload", new Uint8Array(1), (err, size) => [err.message, size.toFixed()]);
  socket.compress(false).timeout(5).volatile.emit("nothing");
  const size: number = await socket.emitWithAck("upload", new Uint8Array(1));
  const later: number = await socket.timeout(5).emitWithAck("upload", new Uint8Array(1));
  const nothing: unknown = await socket.emitWithAck("settled");
  void [size, later, nothing];
}

/** A wrapper over any event map. */
export class Client<
  L extends { [event: string]: (...args: Anything[]) => void },
  E extends { [event: string]: (...args: Anything[]) => void },
> {
  readonly socket: Socket<L, E>;

  constructor(url: string) {
    this.socket = io(url, { autoConnect: false });
    this.socket.on("connect", () => this.socket.id);
    this.socket.on("connect_error", (err) => err.data);
  }

  stop(): void {
    this.socket.removeAllListeners().disconnect();
  }
}

/** A Manager of a program's own. */
export class OwnManager extends Manager {
  constructor() {
    super("https://example.com", { autoConnect: false });
    this.on("reconnect", () => this.engine.id);
  }
}
