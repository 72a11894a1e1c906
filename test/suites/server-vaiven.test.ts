// The server suite over ours.
import type { Server as StockServer } from "socket.io";
import { Server } from "../../src/entry/server.js";
import { describeServer } from "./server-behaviour.js";

describeServer("vaiven", { Server: Server as unknown as typeof StockServer, improved: true });
