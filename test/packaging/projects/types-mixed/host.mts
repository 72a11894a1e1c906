// An ES module with a CommonJS plugin: both hold the same classes, at run time and in the types.
import { createServer } from "node:http";
import { type Namespace, Server } from "socket.io";
import { type Socket as ClientSocket, io as connect } from "socket.io-client";
import { attach, own } from "./plugin.cjs";

type ToServer = { join: (room: string, joined: (count: number) => void) => void };
type ToClient = { joined: (id: string) => void };

const io = new Server<ToServer, ToClient>(createServer());
export const namespace: Namespace<ToServer, ToClient> = attach(io);
export const theirs: Server<ToServer, ToClient> = own;
export const client: ClientSocket<ToClient, ToServer> = connect("http://localhost");
