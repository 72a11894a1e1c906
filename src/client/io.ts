// client/ `io()`: a socket of a namespace, over a connection that the namespaces of one server share.
import { serverAddress } from "../http/server-address.js";
import type { ClientHost } from "../session/client-host.js";
import type { BaseManager } from "./manager.js";
import type { ManagerOptions } from "./options.js";
import { Socket } from "./socket.js";
import type { SocketOptions } from "./socket-options.js";

/** The version of the Socket.IO protocol. */
export const protocol = 5;

type Options = Partial<ManagerOptions & SocketOptions>;

/** `io`, with everything that a script finds on it. */
export interface Io<M> {
  /** A socket of the main namespace of the page's own server. */
  (opts?: Options): Socket;
  /** A socket of the namespace that the path of `uri` names. Without `uri` the page's own server is meant. */
  (uri?: string, opts?: Options): Socket;
  readonly io: Io<M>;
  readonly connect: Io<M>;
  readonly Manager: M;
  readonly Socket: typeof Socket;
  readonly protocol: number;
}

/** Makes `io` for a host; `Manager` is that host's. */
export function makeIo<M extends new (uri: string | undefined, opts: Options) => BaseManager>(
  host: ClientHost,
  Manager: M,
): Io<M> {
  const shared: Record<string, BaseManager> = {};
  const io = (uri?: string | Options, given?: Options): Socket => {
    const opts: Options = (typeof uri === "object" ? uri : given) || {};
    const url = typeof uri === "string" ? uri : undefined;
    if (url === undefined && (opts.hostname || opts.host)) return new Manager(url, opts).socket("/", opts);
    const { secure, host: server, namespace } = serverAddress(url, host.location, uri);
    const id = `${secure} ${server} ${opts.path || "/socket.io"}`;
    const known = shared[id];
    // A second socket of one namespace needs a connection of its own.
    const isOwn = opts.forceNew || opts["force new connection"] || opts.multiplex === false;
    let manager = isOwn || (known && known.nsps[namespace]) ? undefined : known;
    if (!manager) {
      manager = new Manager(url, opts);
      if (!isOwn && !known) shared[id] = manager;
    }
    return manager.socket(namespace, opts);
  };
  return Object.assign(io, { io, connect: io, Manager, Socket, protocol }) as unknown as Io<M>;
}
