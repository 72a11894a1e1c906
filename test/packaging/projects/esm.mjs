// An ES module program under Socket.IO's names, beside a CommonJS plugin. Prints what it found as JSON.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import serverDefault, { Namespace, Server, Socket } from "socket.io";
import { WebSocketServer } from "socket.io/websocket";
import clientDefault, * as clientModule from "socket.io-client";

const { Socket: ClientSocket, connect, io, Manager, protocol } = clientModule;
const { Fetch, NodeWebSocket, NodeXHR, WebSocket, WebTransport, XHR } = clientModule;

const require = createRequire(import.meta.url);
const plugin = require("socket.io");
const pluginClient = require("socket.io-client");
const server = new Server(createServer());

console.log(
  JSON.stringify({
    esmServerIsCommonJs: server instanceof plugin.Server,
    commonJsServerIsEsm: plugin(createServer()) instanceof Server,
    sameNamespace: Namespace === plugin.Namespace,
    sameSocket: Socket === plugin.Socket,
    sameFunction: serverDefault === plugin,
    sameManager: Manager === pluginClient.Manager,
    sameWebSocketServer: WebSocketServer === require("socket.io/websocket").WebSocketServer,
    sameClientSocket: ClientSocket === pluginClient.Socket,
    client: [typeof clientDefault, typeof io, typeof connect],
    transports: [Fetch, NodeXHR, XHR, NodeWebSocket, WebSocket, WebTransport].map((type) => type.prototype.name),
    protocol,
  }),
);
