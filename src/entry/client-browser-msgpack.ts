// entry/ `vaiven.msgpack.min.js`: the client for servers whose `parser` is `socket.io-msgpack-parser`.
import { msgpackHost } from "../browser/msgpack-host.js";
import { type Io, makeIo } from "../client/io.js";
import { BaseManager } from "../client/manager.js";
import type { ManagerOptions } from "../client/options.js";
import type { DefaultEventsMap, EventsMap } from "../event/event-map.js";

/** One connection to one server, and the sockets that share it. */
export class Manager<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends BaseManager<ListenEvents, EmitEvents> {
  constructor(uri?: string | Partial<ManagerOptions>, opts?: Partial<ManagerOptions>) {
    super(msgpackHost, uri, opts);
  }
}

const io: Io<typeof Manager> = makeIo(msgpackHost, Manager);

export { Fetch, XHR } from "../browser/polling-transport.js";
export { WebSocket } from "../browser/websocket-transport.js";
export { protocol } from "../client/io.js";
export type { ManagerReservedEvents } from "../client/manager.js";
export type { EngineOptions, ManagerOptions } from "../client/options.js";
export { Socket } from "../client/socket.js";
export type {
  DisconnectDescription,
  ExtendedError,
  SocketOptions,
  SocketReservedEvents,
} from "../client/socket-options.js";
export { io, io as connect, io as default };
