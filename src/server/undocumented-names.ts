// server/ Names that Socket.IO does not document and that programs use all the same (docs/reference/server-api.md, "Names that are not documented").
// Importing this file installs them. Nothing else in src/ may use them.
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import type { Engine } from "./engine.js";
import { type AnyServer, Server } from "./server.js";
import { type AnySocket, Socket } from "./socket.js";

/** A packet as `onevent` gets it: the event's name and arguments, an acknowledgement's function the last of them. */
type EventPacket = Pick<SocketPacket, "type" | "nsp"> & { data: unknown[] };

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
    /** @deprecated Use `onAny`. Programs replace it by a function that calls it, to see every event: set, it is called in place of the listeners. */
    onevent: (packet: EventPacket) => void;
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

/** What `EventReceiver` calls for each event: replaced on the one socket whose program wants to be asked, so that the others pay nothing. */
interface Receiving {
  receive(event: unknown[]): void;
}
const { receive } = Socket.prototype as unknown as Receiving;

function onevent(this: AnySocket, packet: EventPacket): void {
  receive.call(this, packet.data);
}

Object.defineProperty(Socket.prototype, "onevent", {
  configurable: true,
  get: () => onevent,
  set(this: AnySocket, replacement: (packet: EventPacket) => void) {
    Object.defineProperties(this, {
      onevent: { configurable: true, enumerable: true, writable: true, value: replacement },
      receive: {
        configurable: true,
        writable: true,
        value(this: AnySocket, event: unknown[]): void {
          const call = (): void => this.onevent({ type: PacketType.EVENT, nsp: this.nsp.name, data: event });
          this.nsp._errors.guard(call, { socket: this, event: event[0] });
        },
      },
    });
  },
});
