// browser/compact/ `io()` of the small client: a socket of a namespace, over a connection that the namespaces of one server share.
import { serverAddress } from "../../http/server-address.js";
import { type Manager, split } from "./manager.js";
import type { Options } from "./options.js";
import type { Socket } from "./socket.js";

/** `io`. */
export type Io = (uri?: string | Options, given?: Options) => Socket;

/** Makes `io` for a Manager. */
export function makeIo(Maker: typeof Manager): Io {
  const shared: Record<string, Manager> = {};
  return (uri, given) => {
    const [url, opts] = split(uri, given);
    const { secure, host, namespace } = serverAddress(url, location);
    const id = `${secure} ${host} ${opts.path || "/socket.io"}`;
    const known = shared[id];
    // A second socket of one namespace needs a connection of its own.
    const isOwn = opts.forceNew || opts["force new connection"] || opts.multiplex === false;
    const manager = isOwn || !known || known.nsps[namespace] ? new Maker(url, opts) : known;
    if (!isOwn && !known) shared[id] = manager;
    return manager.socket(namespace, opts);
  };
}
