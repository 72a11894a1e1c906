// Types: programs typed for npm's socket.io-client 4.8 compile with ours, and what must not compile does not.
import { expectTypeOf, test } from "vitest";
import type * as Stock from "../../node_modules/socket.io-client/build/esm/index.js";
import defaultIo, {
  connect,
  type DisconnectDescription,
  type ExtendedError,
  io,
  Manager,
  type ManagerOptions,
  protocol,
  type Socket,
  type SocketOptions,
} from "../../src/entry/client.js";

interface FromServer {
  news: (text: string, n: number) => void;
  ask: (question: string, answer: (yes: boolean) => void) => void;
}
interface FromClient {
  hello: (name: string) => void;
  add: (a: number, b: number, sum: (result: number) => void) => void;
  nothing: () => void;
}

test("sockets without event maps take any event", () => {
  const socket = io("http://localhost");
  expectTypeOf(socket).toEqualTypeOf<Socket>();
  socket.on("anything", (a, b) => expectTypeOf([a, b]).toBeArray());
  socket.emit("anything", 1, "two", { three: 3 }, (answer: string) => answer);
  socket.on("connect", () => {});
  socket.on("connect_error", (error) => expectTypeOf(error).toEqualTypeOf<ExtendedError>());
  socket.on("disconnect", (reason, details) => {
    expectTypeOf(reason).toEqualTypeOf<Socket.DisconnectReason>();
    expectTypeOf(details).toEqualTypeOf<DisconnectDescription | undefined>();
  });
  expectTypeOf(socket.id).toEqualTypeOf<string | undefined>();
});

test("event maps type listeners, emits and acknowledgements", () => {
  const socket: Socket<FromServer, FromClient> = io();
  socket.on("news", (text, n) => {
    expectTypeOf(text).toBeString();
    expectTypeOf(n).toBeNumber();
  });
  socket.once("ask", (question, answer) => {
    expectTypeOf(question).toBeString();
    answer(true);
    // @ts-expect-error a boolean is wanted
    answer("yes");
  });
  socket.emit("hello", "you");
  socket.emit("nothing");
  socket.emit("add", 1, 2, (result) => expectTypeOf(result).toBeNumber());
  socket.volatile.compress(false).emit("hello", "you");
  // @ts-expect-error no such event
  socket.emit("unknown");
  // @ts-expect-error a string is wanted
  socket.emit("hello", 1);
  // @ts-expect-error an event of the other direction
  socket.emit("news", "text", 1);
  // @ts-expect-error no such event
  socket.on("unknown", () => {});
});

test("timeouts put an error before the answer, promises give the answer", () => {
  const socket = io() as Socket<FromServer, FromClient>;
  socket.timeout(1000).emit("add", 1, 2, (error, result) => {
    expectTypeOf(error).toEqualTypeOf<Error>();
    expectTypeOf(result).toBeNumber();
  });
  expectTypeOf(socket.emitWithAck("add", 1, 2)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(socket.timeout(1000).emitWithAck("add", 1, 2)).toEqualTypeOf<Promise<number>>();
  // @ts-expect-error two numbers are wanted
  socket.emitWithAck("add", 1);
});

test("the shapes are those of Socket.IO's options and classes", () => {
  const options: Partial<ManagerOptions & SocketOptions> = {
    path: "/x",
    query: { a: 1 },
    transports: ["websocket", "polling"],
    auth: { token: "x" },
    extraHeaders: { a: "b" },
    reconnectionAttempts: 3,
    retries: 2,
    ackTimeout: 100,
    perMessageDeflate: { threshold: 10 },
    rejectUnauthorized: false,
  };
  const manager = new Manager("http://localhost", options);
  const socket = manager.socket("/admin", { auth: (cb) => cb({ token: 1 }) });
  expectTypeOf(manager.reconnectionDelay()).toBeNumber();
  expectTypeOf(manager.reconnection(true)).toEqualTypeOf(manager);
  manager.on("reconnect_attempt", (attempt) => expectTypeOf(attempt).toBeNumber());
  manager.on("reconnect_error", (error) => expectTypeOf(error).toEqualTypeOf<Error>());
  // @ts-expect-error no event of a Manager
  manager.on("connect", () => {});
  socket.io.engine.on("upgrade", (transport) => expectTypeOf(transport.name).toBeString());
  socket.io.opts.transports = ["websocket"];
  expectTypeOf(protocol).toBeNumber();
  expectTypeOf(connect).toEqualTypeOf(io);
  expectTypeOf(defaultIo).toEqualTypeOf(io);
  expectTypeOf(io.Manager).toEqualTypeOf<typeof Manager>();
  expectTypeOf(io.Socket).toEqualTypeOf<typeof Socket>();
});

test("option objects of Socket.IO's types are taken", () => {
  expectTypeOf<Omit<Partial<Stock.ManagerOptions>, "transports" | "transportImplementations">>().toExtend<
    Partial<ManagerOptions>
  >();
  expectTypeOf<Stock.SocketOptions>().toExtend<SocketOptions>();
  expectTypeOf<Stock.Socket.DisconnectReason>().toEqualTypeOf<Socket.DisconnectReason>();
  expectTypeOf<Stock.DisconnectDescription>().toEqualTypeOf<DisconnectDescription>();
});
