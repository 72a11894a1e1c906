// A user's CommonJS program in TypeScript: require() answers a function that carries the classes, and so do its types.
import { createServer } from "node:http";

import socketIo = require("socket.io");
import connect = require("socket.io-client");

export const called: socketIo.Server = socketIo(createServer());
export const listening: socketIo.Server = socketIo.listen(createServer(), { path: "/socket.io" });
export const constructed: socketIo.Server = new socketIo.Server();
export const client: connect.Socket = connect("http://localhost", { forceNew: true });
export const manager: connect.Manager = new connect.Manager("http://localhost");
