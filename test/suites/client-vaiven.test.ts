// The client suite over ours.
import type { io as StockIo, Manager as StockManager } from "socket.io-client";
import { io, Manager } from "../../src/entry/client.js";
import { describeClient } from "./client-behaviour.js";

describeClient("vaiven-client", {
  io: io as unknown as typeof StockIo,
  Manager: Manager as unknown as typeof StockManager,
  improved: true,
});
