// entry/ `vaiven.msgpack.min.js`: the client of the whole file for servers whose `parser` is `socket.io-msgpack-parser`.
import { makeIo } from "../browser/compact/io.js";
import type { Options } from "../browser/compact/options.js";
import { WebSocketTransport as WebSocket } from "../browser/compact/websocket.js";
import { FullManager, named } from "../browser/full/manager.js";
import { XHR } from "../browser/full/polling.js";
import { FullSocket as Socket } from "../browser/full/socket.js";
import { Decoder, Encoder } from "../browser/msgpack-parser.js";

/** One connection to one server, and the sockets that share it. */
class Manager extends FullManager {
  constructor(uri?: string | Options, given?: Options) {
    const [url, opts] = named(uri, given);
    // As other defaults it goes into the program's own object, in which the program may look for it.
    opts.parser = opts.parser || { Encoder, Decoder };
    super(url, opts);
  }
}

const connect = makeIo(Manager);

/** A socket of the namespace that the path of `uri` names. Without `uri` the page's own server is meant. */
const io = (uri?: string | Options, opts?: Options): Socket => connect(...named(uri, opts)) as Socket;

/** The version of the Socket.IO protocol. */
export const protocol = 5;

// Its script puts `io` on the page as it is.
Object.assign(io, { io, connect: io, default: io, Manager, Socket, protocol, WebSocket, XHR });

export { io, io as connect, io as default, Manager, Socket, WebSocket, XHR };
