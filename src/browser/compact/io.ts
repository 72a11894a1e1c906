// browser/compact/ `io()` of the small client: a socket of a namespace, over a connection that the namespaces of one server share.
import { serverAddress } from "../../http/server-address.js";
import { Manager } from "./manager.js";
import type { Options } from "./options.js";
import type { Socket } from "./socket.js";

const shared: Record<string, Manager> = {};

/** A socket of the namespace that the path of `uri` names. Without `uri` the page's own server is meant. */
export function io(uri?: string | Options, given?: Options): Socket {
  const url = typeof uri === "string" ? uri : undefined;
  const opts = (url === undefined && (uri as Options | undefined)) || given || {};
  const { secure, hostname, port, namespace } = serverAddress(url, location);
  const id = `${secure} ${hostname} ${port} ${opts.path || "/socket.io"}`;
  const known = shared[id];
  // A second socket of one namespace needs a connection of its own.
  const isOwn = opts.forceNew || opts["force new connection"] || opts.multiplex === false;
  const manager = isOwn || !known || known.nsps[namespace] ? new Manager(url, opts) : known;
  if (!isOwn && !known) shared[id] = manager;
  return manager.socket(namespace, opts);
}
