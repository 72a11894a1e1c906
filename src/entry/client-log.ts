// entry/ The client's logs: `vaiven-client:manager` and `vaiven-client:engine`, or by Socket.IO's names `socket.io-client:manager` and
// `engine.io-client:socket`. On Node they are always there to be asked for; browsers get them from `vaiven-client/debug`.
import type { BaseManager } from "../client/manager.js";
import { logOf } from "./debug-log.js";

/** Logs what a Manager does: connections, attempts, packets. */
export function logManager(manager: BaseManager): void {
  const log = logOf("vaiven-client:manager", "socket.io-client:manager");
  const logEngine = logOf("vaiven-client:engine", "engine.io-client:socket");
  if (log !== undefined) {
    manager.on("open", () => log("open: %s", manager.uri));
    manager.on("error", (error) => log("error: %s", error.message));
    manager.on("close", (reason) => log("closed: %s", reason));
    manager.on("reconnect_attempt", (attempt) => log("attempt %d", attempt));
    manager.on("reconnect", (attempt) => log("connected again at attempt %d", attempt));
    manager.on("reconnect_failed", () => log("gave up"));
    manager.on("packet", ({ type, nsp, data }) => log("packet of type %d for %s %o", type, nsp, data));
  }
  if (logEngine !== undefined) {
    manager.on("open", () => {
      const { engine } = manager;
      logEngine("%s opened over %s", engine.id, engine.transport.name);
      engine.on("upgrade", (transport) => logEngine("%s went over to %s", engine.id, transport.name));
      engine.on("upgradeError", (error) => logEngine("%s stays with its transport: %s", engine.id, error.message));
      engine.on("packetCreate", ({ type, data }) => logEngine("%s sends %s %o", engine.id, type, data));
      engine.on("close", (reason) => logEngine("%s closed: %s", engine.id, reason));
    });
  }
}
