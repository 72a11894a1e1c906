// server/ Leaving well: our own clients are told when to come back, so that they do not do it all at once (control packet `return`).
import { Capability, encodeControl } from "../packet/control-packet.js";
import type { Client } from "./client.js";
import type { AnyNamespace } from "./namespace.js";

/** How a server leaves. */
export interface CloseOptions {
  /**
   * Milliseconds over which the clients of vaivén come back, evenly: each is told its own time, and comes then instead of after its `reconnectionDelay`.
   * New clients are refused from now on, with 503 and `Retry-After`; the HTTP server stops listening once everybody has what was sent, or has not taken it for `pingTimeout`.
   * HTTP connections that are still open as many milliseconds after that are cut.
   * Clients of Socket.IO are closed too, and come back as they do. Default: nobody is told, and the HTTP server stops listening at once.
   */
  readonly drain?: number;
}

/** Spreads the return of the clients in `namespaces` over `span` milliseconds. */
export function tellReturnTimes(namespaces: Iterable<AnyNamespace>, span: number): void {
  const clients = new Set<Client>();
  for (const { sockets } of namespaces) {
    for (const { client } of sockets.values()) if ((client._caps & Capability.DRAIN) !== 0) clients.add(client);
  }
  let told = 0;
  for (const { connection } of clients) {
    connection.send(encodeControl("/", ["return", Math.round((++told * span) / clients.size)]));
  }
}
