// entry/ `vaiven.websocket.min.js`: the small client, for pages that need no polling. Its only transport is WebSocket.
import { type Io, makeIo } from "../browser/compact/io.js";
import { Manager } from "../browser/compact/manager.js";
import { Socket } from "../browser/compact/socket.js";

const io: Io = makeIo(Manager);

/** The version of the Socket.IO protocol. */
export const protocol = 5;

// Its script puts `io` on the page as it is.
Object.assign(io, { io, connect: io, default: io, Manager, Socket, protocol });

export { io, io as connect, io as default, Manager, Socket };
