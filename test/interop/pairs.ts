// Interop: which server talks to which client. The first pair checks the tests themselves.
import { Server as StockServer } from "socket.io";
import { Manager as StockManager, io as stockIo } from "socket.io-client";
import { io, Manager } from "../../src/entry/client.js";
import { Manager as PageManager, io as pageIo } from "../../src/entry/client-browser-full.js";
import { Server } from "../../src/entry/server.js";
import type { ClientLibrary, ClientOptions, ServerLibrary } from "../support/scene.js";

export interface Pair {
  readonly name: string;
  readonly server: ServerLibrary;
  readonly client: ClientLibrary;
}

const stockServer: ServerLibrary = { Server: StockServer };
const stockClient: ClientLibrary = { io: stockIo, Manager: StockManager };
const ourServer: ServerLibrary = { Server: Server as unknown as typeof StockServer };
const ourClient: ClientLibrary = {
  io: io as unknown as typeof stockIo,
  Manager: Manager as unknown as typeof StockManager,
};

export const REFERENCE: Pair = { name: "npm client, npm server", server: stockServer, client: stockClient };
export const OURS: Pair = { name: "our client, our server", server: ourServer, client: ourClient };
/** The client of `vaiven.min.js`: whoever uses it calls `stubPage`. */
export const PAGE: Pair = {
  name: "our page, our server",
  server: ourServer,
  client: { io: pageIo as unknown as typeof stockIo, Manager: PageManager as unknown as typeof StockManager },
};
export const MIXED: readonly Pair[] = [
  { name: "npm client, our server", server: ourServer, client: stockClient },
  { name: "our client, npm server", server: stockServer, client: ourClient },
];
export const PAIRS: readonly Pair[] = [REFERENCE, ...MIXED, OURS];

/** The ways to carry a connection, as client options. */
export const WAYS: Readonly<Record<"polling" | "websocket" | "upgrade", ClientOptions>> = {
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  upgrade: { transports: ["polling", "websocket"] },
};
