// browser/compact/ The options that the small client reads: names, units and defaults of Socket.IO 4.8. Others have no effect.
import type { Unchecked } from "../../event/event-map.js";

/** Of a socket. */
export interface SocketOptions {
  auth?: object | ((cb: (data: object) => void) => void);
  retries?: number;
  ackTimeout?: number;
}

/** Of a connection and its sockets. */
export interface Options extends SocketOptions {
  path?: string;
  addTrailingSlash?: boolean;
  query?: string | Record<string, Unchecked>;
  protocols?: string | string[];
  forceBase64?: boolean;
  timestampRequests?: boolean;
  timestampParam?: string;
  transportOptions?: { websocket?: Options };
  closeOnBeforeunload?: boolean;
  parser?: Unchecked;
  autoConnect?: boolean;
  forceNew?: boolean;
  "force new connection"?: boolean;
  multiplex?: boolean;
  reconnection?: boolean;
  reconnectionAttempts?: number;
  reconnectionDelay?: number;
  reconnectionDelayMax?: number;
  randomizationFactor?: number;
  timeout?: number | boolean;
}
