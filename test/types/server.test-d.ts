// Types: programs typed for Socket.IO 4.8 compile unchanged, and those that must not compile do not.
// `npm run check` compiles this file; each expected error is itself an error where it does not occur.
import { createServer } from "node:http";
import {
  type BroadcastOperator,
  type DefaultEventsMap,
  type DisconnectReason,
  type Event,
  type ExtendedError,
  type Namespace,
  type RemoteSocket,
  Server,
  type ServerOptions,
  type Socket,
} from "vaiven";

type Untyped = ReturnType<typeof JSON.parse>;
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<T>(): <U>(value: U, ..._check: Equal<T, U> extends true ? [] : [never]) => void {
  return () => {};
}

interface ClientToServer {
  hello: () => void;
  text: (text: string, n: number) => void;
  ask: (question: string, ack: (answer: number) => void) => void;
}
interface ServerToClient {
  news: (text: string) => void;
  bare: () => void;
  ask: (question: string, ack: (answer: boolean, more: string) => void) => void;
  ping2: (ack: () => void) => void;
}
interface Between {
  sync: (n: number, ack: (result: string) => void) => void;
  plain: (n: number) => void;
}
interface Data {
  name: string;
}

export function untyped(): void {
  const io = new Server(createServer(), { cors: { origin: "*" }, pingInterval: 5, transports: ["websocket"] });
  expectType<Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Untyped>>()(io as Server);
  new Server(3000);
  new Server({ path: "/x" } satisfies Partial<ServerOptions>);
  io.on("connection", (socket) => {
    socket.on("anything", (a, b) => a.b(b));
    socket.emit("anything", 1, "two", (answer: unknown) => answer);
    socket.to("room").to(["a", "b"]).except("c").volatile.emit("x", 1);
    socket.data.whatever = 1;
    socket.on("disconnect", (reason, description) => {
      expectType<DisconnectReason>()(reason);
      void description;
    });
    socket.on("disconnecting", (reason: DisconnectReason) => reason);
    void socket.emitWithAck("x", 1).then((value) => value.anything);
    socket.use(([name, ...args], next) => {
      void name;
      void args;
      next(new Error("no"));
    });
    socket.onAny((name, ...args) => [name, ...args]);
    socket.timeout(5).emit("x", (err: Error | null, answer: string) => [err, answer]);
    const { headers, auth, query } = socket.handshake;
    void [headers.authorization, auth.token, query.x];
  });
  io.use(async (socket, next) => {
    socket.data.user = await Promise.resolve(1);
    const error: ExtendedError = new Error("x");
    error.data = { content: "retry" };
    next(error);
  });
  io.of("/x").on("connect", (socket: Socket) => socket.join("r"));
  io.of(/^\/dynamic-\d+$/).use((_socket, next) => next());
  io.of((name, auth, next) => next(null, name === auth.name));
  io.emit("x", 1);
  io.timeout(5).emit("x", (err: Error | null, answers: unknown[]) => [err, answers]);
  void io.close();
  io.close(() => {});
}

export function typed(): void {
  const io = new Server<ClientToServer, ServerToClient, Between, Data>();
  const namespace: Namespace<ClientToServer, ServerToClient, Between, Data> = io.of("/x");
  expectType<Map<string, Socket<ClientToServer, ServerToClient, Between, Data>>>()(namespace.sockets);
  io.on("connection", (socket) => {
    expectType<Socket<ClientToServer, ServerToClient, Between, Data>>()(socket);
    socket.on("text", (text, n) => {
      expectType<string>()(text);
      expectType<number>()(n);
    });
    socket.on("ask", (question, ack) => {
      expectType<string>()(question);
      ack(1);
      // @ts-expect-error the answer is a number
      ack("1");
    });
    // @ts-expect-error no such event comes from the client
    socket.on("unknown", () => {});
    socket.emit("news", "x");
    socket.emit("bare");
    socket.emit("ask", "?", (answer, more) => {
      expectType<boolean>()(answer);
      expectType<string>()(more);
    });
    // @ts-expect-error the argument is missing
    socket.emit("news");
    // @ts-expect-error the argument has another type
    socket.emit("news", 1);
    // @ts-expect-error no such event goes to the client
    socket.emit("text", "x", 1);
    socket.timeout(5).emit("ask", "?", (err, answer) => {
      expectType<Error>()(err);
      expectType<boolean>()(answer);
    });
    socket.emitWithAck("ask", "?").then((answer) => expectType<boolean>()(answer));
    socket
      .timeout(5)
      .emitWithAck("ask", "?")
      .then((answer) => expectType<boolean>()(answer));
    // @ts-expect-error an event without acknowledgement
    socket.emitWithAck("news", "x");
    socket.broadcast.emit("news", "x");
    socket.to("r").emit("bare");
    // @ts-expect-error the argument has another type
    socket.to("r").emit("news", 1);
    socket
      .to("r")
      .timeout(5)
      .emit("ask", "?", (err, answers) => {
        expectType<Error>()(err);
        expectType<boolean[]>()(answers);
      });
    const name: string | undefined = socket.data.name;
    void name;
    // @ts-expect-error no such data
    socket.data.other = 1;
    socket.use((event: Event, next) => next(event.length > 1 ? undefined : new Error("empty")));
  });
  io.emit("news", "x");
  // @ts-expect-error the argument has another type
  io.emit("news", 1);
  // @ts-expect-error without a timeout a broadcast takes no acknowledgement
  io.emit("ask", "?", () => {});
  io.timeout(5).emit("ask", "?", (err, answers) => {
    expectType<Error>()(err);
    expectType<boolean[]>()(answers);
  });
  io.to("r")
    .timeout(5)
    .emit("ask", "?", (err, answers) => {
      expectType<Error>()(err);
      expectType<boolean[]>()(answers);
    });
  io.timeout(5)
    .emitWithAck("ask", "?")
    .then((answers) => expectType<boolean[]>()(answers));
  io.to("r")
    .timeout(5)
    .emitWithAck("ask", "?")
    .then((answers) => expectType<boolean[]>()(answers));
  io.fetchSockets().then((sockets) => {
    expectType<RemoteSocket<ServerToClient, Data>[]>()(sockets);
    for (const socket of sockets) {
      socket.emit("news", "x");
      expectType<string>()(socket.data.name);
      // @ts-expect-error the argument has another type
      socket.emit("news", 1);
    }
  });
  io.serverSideEmit("plain", 1);
  io.serverSideEmit("sync", 1, (err, results) => {
    expectType<Error>()(err);
    expectType<string[]>()(results);
  });
  io.serverSideEmitWithAck("sync", 1).then((results) => expectType<string[]>()(results));
  // @ts-expect-error no such event between servers
  io.serverSideEmit("news", "x");
  io.on("sync", (n, ack) => {
    expectType<number>()(n);
    ack("x");
  });
  io.on("new_namespace", (created) => {
    expectType<Namespace<ClientToServer, ServerToClient, Between, Data>>()(created);
  });
  // @ts-expect-error events of clients come to sockets
  io.on("text", () => {});
}

export function passes(io: Server<ClientToServer, ServerToClient>): void {
  const operator: BroadcastOperator<ServerToClient, Untyped> = io.local as BroadcastOperator<ServerToClient, Untyped>;
  operator.emit("news", "x");
  const send = (socket: Socket<ClientToServer, ServerToClient>): boolean => socket.emit("bare");
  io.on("connection", send);
}
