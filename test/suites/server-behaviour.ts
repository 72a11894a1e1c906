// The behaviour of a Socket.IO server, as one suite that runs over every server: npm's checks the suite, ours is checked.
import { describe } from "vitest";
import type { ServerLibrary } from "../support/scene.js";
import { describeAcknowledgements } from "./server/acknowledgements.js";
import { describeBroadcasts } from "./server/broadcasts.js";
import { describeConnectionEvents } from "./server/connection-events.js";
import { describeConnections } from "./server/connections.js";
import { describeEngine } from "./server/engine.js";
import { describeEvents } from "./server/events.js";
import { describeHandshake } from "./server/handshake.js";
import { describeHostileInput } from "./server/hostile-input.js";
import { describeHosting } from "./server/hosting.js";
import { describeImprovements } from "./server/improvements.js";
import { describeMiddleware } from "./server/middleware.js";
import { describeNamespaces } from "./server/namespaces.js";
import { describeOptions } from "./server/options.js";
import { describePolling } from "./server/polling.js";
import { describeRooms } from "./server/rooms.js";
import { describeServedFiles } from "./server/served-files.js";
import { describeUndocumentedNames } from "./server/undocumented-names.js";
import { describeUpgrade } from "./server/upgrade.js";
import { describeWebSocket } from "./server/websocket.js";

export interface ServerUnderTest extends ServerLibrary {
  /** Whether the improvements over Socket.IO 4.8.4 are expected too. */
  readonly improved: boolean;
}

export function describeServer(name: string, server: ServerUnderTest): void {
  describe(`${name}: server behaviour`, () => {
    describeHandshake(server);
    describeOptions(server);
    describePolling(server);
    describeWebSocket(server);
    describeUpgrade(server);
    describeHostileInput(server);
    describeNamespaces(server);
    describeMiddleware(server);
    describeEvents(server);
    describeAcknowledgements(server);
    describeRooms(server);
    describeBroadcasts(server);
    describeConnections(server);
    describeEngine(server);
    describeConnectionEvents(server);
    describeServedFiles(server);
    describeHosting(server);
    describeUndocumentedNames(server);
    if (server.improved) describeImprovements(server);
  });
}
