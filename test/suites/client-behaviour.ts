// The behaviour of a Socket.IO client, as one suite that runs over every client against npm's server.
import { describe } from "vitest";
import type { ClientUnderTest } from "./client/client-under-test.js";
import { describeConnecting } from "./client/connecting.js";
import { describeClientEvents } from "./client/events.js";
import { describeClientImprovements } from "./client/improvements.js";
import { describeManager } from "./client/manager.js";
import { describeManagerEdges } from "./client/manager-edges.js";
import { describeParameters } from "./client/parameters.js";
import { describeReconnection } from "./client/reconnection.js";
import { describeRequests } from "./client/requests.js";
import { describeTransports } from "./client/transports.js";

export function describeClient(name: string, client: ClientUnderTest): void {
  describe(`${name}: client behaviour`, () => {
    describeConnecting(client);
    if (!client.isCompact) {
      describeTransports(client);
      describeParameters(client);
    }
    describeManagerEdges(client);
    if (!client.isPage) describeRequests(client);
    describeClientEvents(client);
    describeReconnection(client);
    describeManager(client);
    if (client.improved) describeClientImprovements(client);
  });
}
