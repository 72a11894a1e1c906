// entry/ `vaiven-client` and `vaiven/client` on Node: Socket.IO's client API over node:http and node:net.
import { type DeliveryFactory, delivery } from "../client/delivery.js";
import { type Io, makeIo } from "../client/io.js";
import { BaseManager } from "../client/manager.js";
import type { ManagerOptions } from "../client/options.js";
import type { DefaultEventsMap, EventsMap } from "../event/event-map.js";
import { nodeHost } from "../node/client-host.js";
import { logManager } from "./client-log.js";

/** One connection to one server, and the sockets that share it. */
export class Manager<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends BaseManager<ListenEvents, EmitEvents> {
  /** @internal */
  override readonly _delivery: DeliveryFactory | undefined = delivery();

  constructor(uri?: string | Partial<ManagerOptions>, opts?: Partial<ManagerOptions>) {
    super(nodeHost, uri, opts);
    logManager(this);
  }
}

const io: Io<typeof Manager> = makeIo(nodeHost, Manager);

export { type DeliveryFactory, type DeliveryOptions, type DeliveryStorage, delivery } from "../client/delivery.js";
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
// One polling is all that Node needs: whichever name a program for pages gives it.
export { NodePolling as Fetch, NodePolling as NodeXHR, NodePolling as XHR } from "../node/client-polling-transport.js";
export { NodeWebSocket, NodeWebSocket as WebSocket } from "../node/client-websocket-transport.js";
export { NodeWebTransport as WebTransport } from "../node/client-webtransport-transport.js";
export { io, io as connect, io as default };
