// entry/ `vaiven-client/debug` in browsers: the client with its logs, which `localStorage.debug = "vaiven-client:*"` turns on.
import { browserHost } from "../browser/host.js";
import { type Io, makeIo } from "../client/io.js";
import type { ManagerOptions } from "../client/options.js";
import type { DefaultEventsMap, EventsMap } from "../event/event-map.js";
import { Manager as QuietManager } from "./client-browser.js";
import { logManager } from "./client-log.js";

/** One connection to one server, and the sockets that share it. Says what it does. */
export class Manager<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends QuietManager<ListenEvents, EmitEvents> {
  constructor(uri?: string | Partial<ManagerOptions>, opts?: Partial<ManagerOptions>) {
    super(uri, opts);
    logManager(this);
  }
}

const io: Io<typeof Manager> = makeIo(browserHost, Manager);

export {
  type DisconnectDescription,
  type EngineOptions,
  type ExtendedError,
  Fetch,
  type ManagerOptions,
  type ManagerReservedEvents,
  protocol,
  Socket,
  type SocketOptions,
  type SocketReservedEvents,
  WebSocket,
  XHR,
} from "./client-browser.js";
export { io, io as connect, io as default };
