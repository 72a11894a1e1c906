// entry/ `vaiven.js`, `vaiven.min.js`, `vaiven.esm.min.js`: the client that a page loads without a bundler.

import { makeIo } from "../browser/compact/io.js";
import type { Options } from "../browser/compact/options.js";
import { WebSocketTransport as WebSocket } from "../browser/compact/websocket.js";
import { FullManager as Manager, named } from "../browser/full/manager.js";
import { Fetch, XHR } from "../browser/full/polling.js";
import { FullSocket as Socket } from "../browser/full/socket.js";

const connect = makeIo(Manager);

/** A socket of the namespace that the path of `uri` names. Without `uri` the page's own server is meant. */
const io = (uri?: string | Options, opts?: Options): Socket => connect(...named(uri, opts)) as Socket;

/** The version of the Socket.IO protocol. */
export const protocol = 5;

// Its script puts `io` on the page as it is.
Object.assign(io, { io, connect: io, default: io, Manager, Socket, protocol, WebSocket, XHR });

export { Fetch, io, io as connect, io as default, Manager, Socket, WebSocket, XHR };
