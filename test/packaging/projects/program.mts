// A user's program: it must compile in each way of resolving modules, with libraries checked.
import { createServer } from "node:http";
import { type Namespace, Server, type ServerOptions, type Socket } from "socket.io";
import { connect as connectWebSocket, type WebSocketPeer, WebSocketServer } from "socket.io/websocket";
import { type Socket as ClientSocket, io as connect, Manager, type ManagerOptions } from "socket.io-client";
import { fileStore, type OutboxStore } from "socket.io-client/outbox";

interface ToServer {
  double: (number: number, answer: (result: number) => void) => void;
}
interface ToClient {
  greeting: (text: string) => void;
}

const options: Partial<ServerOptions> = { path: "/socket.io", pingInterval: 25_000 };
export const server: Server<ToServer, ToClient> = new Server<ToServer, ToClient>(createServer(), options);

server.on("connection", (socket: Socket<ToServer, ToClient>) => {
  socket.on("double", (number, answer) => answer(number * 2));
  socket.emit("greeting", "bienvenida");
});

export const chat: Namespace = new Server().of("/chat");

const clientOptions: Partial<ManagerOptions> = { reconnectionDelay: 1000 };
export const client: ClientSocket<ToClient, ToServer> = connect("http://localhost", clientOptions);
client.on("greeting", (text) => console.log(text.toUpperCase()));
client.emit("double", 21, (result) => console.log(result.toFixed()));

export const manager: Manager = new Manager("http://localhost");

export const webSockets: WebSocketServer = new WebSocketServer({ origins: "*", verify: async () => true });
webSockets.on("connection", (peer: WebSocketPeer, request) => peer.send(request.url ?? ""));
export const opening: Promise<WebSocketPeer> = connectWebSocket("ws://localhost", { protocols: "chat" });
opening.then((peer) => peer.on("message", (data) => console.log(typeof data === "string" ? data : data.length)));

// Node's alone: a bundler takes the form for browsers.
export const store: OutboxStore = fileStore("outbox");
