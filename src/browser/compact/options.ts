// browser/compact/ The options that the browser files read: names, units and defaults of Socket.IO 4.8. Others have no effect.
import type { Unchecked } from "../../event/event-map.js";
import type { TransportClass } from "../full/transports.js";

/** Of a socket. */
export interface SocketOptions {
  auth?: object | ((cb: (data: object) => void) => void);
  retries?: number;
  ackTimeout?: number;
}

/** Of a connection and its sockets. */
export interface Options extends SocketOptions, FullOptions {
  path?: string;
  addTrailingSlash?: boolean;
  query?: string | Record<string, Unchecked>;
  protocols?: string | string[];
  forceBase64?: boolean;
  timestampRequests?: boolean;
  timestampParam?: string;
  transportOptions?: { [transport: string]: Options };
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

/** What only the whole file has a use for: see browser/full/. */
export interface FullOptions {
  host?: string;
  hostname?: string;
  port?: string | number;
  secure?: boolean;
  transports?: (string | TransportClass)[];
  transportImplementations?: TransportClass[];
  tryAllTransports?: boolean;
  upgrade?: boolean;
  rememberUpgrade?: boolean;
  extraHeaders?: Record<string, string>;
  withCredentials?: boolean;
  requestTimeout?: number;
  maxSendBuffer?: number;
  maxSendBufferBytes?: number;
}
