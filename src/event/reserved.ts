// event/ Names that no program may emit: both ends use them for what happens to the socket itself (Socket.IO protocol v5, "Event").
import { VaivenError } from "../errors.js";
import { RESERVED_EVENTS } from "../packet/socket-packet.js";

/** @throws VaivenError `API_RESERVED_EVENT` if `event` is a reserved name. */
export function refuseReserved(event: unknown): void {
  if (RESERVED_EVENTS.has(event as string)) {
    throw new VaivenError("API_RESERVED_EVENT", `"${String(event)}" is a reserved event name`);
  }
}
