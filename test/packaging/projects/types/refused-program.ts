// What must not compile: each line below an expected error is refused by npm's types, and by ours. An error that does not occur is an error.
import { Server, type Socket } from "socket.io";
import { type Socket as ClientSocket, io as connect, Manager } from "socket.io-client";

interface ToServer {
  hello: () => void;
  text: (text: string, n: number) => void;
  ask: (question: string, callback: (answer: number) => void) => void;
}
interface ToClient {
  news: (text: string) => void;
  bare: () => void;
  ask: (question: string, callback: (answer: boolean) => void) => void;
}
interface Between {
  sync: (n: number, callback: (result: string) => void) => void;
  plain: (n: number) => void;
}
interface Data {
  name: string;
}

export function server(io: Server<ToServer, ToClient, Between, Data>): void {
  // @ts-expect-error a path is text
  new Server(3000, { path: 1 });
  // @ts-expect-error no such option
  new Server(3000, { pingIntervall: 1 });
  // @ts-expect-error milliseconds are a number
  new Server(3000, { pingInterval: "1" });
  // @ts-expect-error no such transport
  new Server(3000, { transports: ["carrier pigeon"] });
  // @ts-expect-error the argument is missing
  io.emit("news");
  // @ts-expect-error the argument has another type
  io.emit("news", 1);
  // @ts-expect-error one argument too many
  io.emit("bare", 1);
  // @ts-expect-error no such event
  io.emit("unknown");
  // @ts-expect-error an event of the other direction
  io.emit("text", "x", 1);
  // @ts-expect-error events of clients come to sockets
  io.on("text", () => {});
  // @ts-expect-error no such room
  io.to(1).emit("bare");
  // @ts-expect-error the argument has another type
  io.to("r").except("s").volatile.emit("news", 1);
  // @ts-expect-error one answer for each client
  io.timeout(1).emit("ask", "?", (_err: Error, _answer: boolean) => {});
  // @ts-expect-error no such event between servers
  io.serverSideEmit("news", "x");
  // @ts-expect-error the argument has another type
  io.serverSideEmit("plain", "x");
  // @ts-expect-error no acknowledgement in it
  io.serverSideEmitWithAck("plain", 1);
  // @ts-expect-error text, a pattern or a function
  io.of(1);
  // @ts-expect-error middlewares have two arguments
  io.use((_socket, _next, _more) => {});
  io.use((socket, next) => {
    // @ts-expect-error no such data
    socket.data.other = 1;
    // @ts-expect-error the data has another type
    socket.data.name = 1;
    // @ts-expect-error an error is wanted
    next("no");
  });
  // @ts-expect-error no such method
  io.broadcast.emit("bare");
}

export async function socket(socket: Socket<ToServer, ToClient, Between, Data>): Promise<void> {
  // @ts-expect-error no such event comes from the client
  socket.on("unknown", () => {});
  // @ts-expect-error the argument has another type
  socket.on("text", (_text: number) => {});
  // @ts-expect-error one argument too many
  socket.on("hello", (_more: string) => {});
  socket.on("ask", (question, callback) => {
    // @ts-expect-error text is no number
    question.toFixed();
    // @ts-expect-error the answer is a number
    callback("1");
    // @ts-expect-error the answer is missing
    callback();
  });
  socket.on("disconnect", (reason) => {
    // @ts-expect-error no such reason
    if (reason === "bored") return;
  });
  // @ts-expect-error the argument is missing
  socket.emit("news");
  // @ts-expect-error the argument has another type
  socket.emit("news", 1);
  // @ts-expect-error no such event goes to the client
  socket.emit("text", "x", 1);
  // @ts-expect-error the answer is true or false
  socket.emit("ask", "?", (_answer: string) => {});
  // @ts-expect-error the error comes first
  socket.timeout(1).emit("ask", "?", (answer: boolean) => answer);
  // @ts-expect-error the argument has another type
  socket.broadcast.emit("news", 1);
  // @ts-expect-error no acknowledgement in it
  await socket.emitWithAck("news", "x");
  // @ts-expect-error the acknowledgement is the promise
  await socket.emitWithAck("ask", "?", () => {});
  // @ts-expect-error the promise gives true or false
  const answer: string = await socket.emitWithAck("ask", "?");
  // @ts-expect-error the id is given
  socket.id = "x";
  // @ts-expect-error no such room
  socket.join(1);
  // @ts-expect-error the next one takes an error
  socket.use((_event, next) => next("no"));
  void answer;
}

export async function client(socket: ClientSocket<ToClient, ToServer>): Promise<void> {
  // @ts-expect-error no such option
  connect("http://x", { recconection: true });
  // @ts-expect-error attempts are a number
  connect("http://x", { reconnectionAttempts: "3" });
  // @ts-expect-error credentials are an object or a function
  connect("http://x", { auth: "secret" });
  // @ts-expect-error no event of a Manager
  new Manager("http://x").on("connect", () => {});
  // @ts-expect-error the attempt is a number
  new Manager("http://x").on("reconnect_attempt", (_attempt: string) => {});
  // @ts-expect-error no such event comes from the server
  socket.on("unknown", () => {});
  // @ts-expect-error an event of the other direction
  socket.emit("news", "x");
  // @ts-expect-error the argument has another type
  socket.emit("text", 1, 1);
  // @ts-expect-error one argument too many
  socket.emit("hello", 1);
  // @ts-expect-error the answer is a number
  socket.emit("ask", "?", (_answer: string) => {});
  // @ts-expect-error no acknowledgement in it
  await socket.emitWithAck("text", "x", 1);
  // @ts-expect-error the error comes first
  socket.timeout(1).emit("ask", "?", (answer: number) => answer);
  socket.on("disconnect", (reason) => {
    // @ts-expect-error no such reason
    if (reason === "bored") return;
  });
}
