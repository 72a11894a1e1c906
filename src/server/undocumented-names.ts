// server/ Names that Socket.IO does not document and that programs use all the same (docs/reference/server-api.md, "Names that are not documented").
// Importing this file installs them. Nothing else in src/ may use them.
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import type { Engine } from "./engine.js";
import { type AnyServer, Server } from "./server.js";
import { type AnySocket, Socket } from "./socket.js";

declare module "./server.js" {
  interface Server<
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = Unchecked,
  > {
    /** @deprecated Use `io.engine`. */
    readonly eio: Engine;
  }
}

declare module "./socket.js" {
  interface Socket<
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = Unchecked,
  > {
    /** @deprecated Leave the rooms of `socket.rooms`. Its own room is left too: nobody reaches the socket by its id any more. */
    leaveAll(): void;
  }
}

Object.defineProperty(Server.prototype, "eio", {
  configurable: true,
  get(this: AnyServer) {
    return this.engine;
  },
});

Object.defineProperty(Socket.prototype, "leaveAll", {
  configurable: true,
  writable: true,
  value: function (this: AnySocket): void {
    for (const room of [...this.rooms]) void this.leave(room);
  },
});
