// server/ The doors through which npm's adapters and admin-ui enter (design, "Public classes and plugins"), where they need code of their own.
//
//   nsp._ids, nsp.sockets, nsp.prependListener        Namespace
//   nsp._onServerSideEmit                             Namespace
//   nsp.server.encoder, nsp.server.opts, io._nsps     Server
//   socket.acks, socket.notifyOutgoingListeners       Socket
//   socket.data replaceable                           Socket
//   socket.client.writeToEngine(encoded, opts)        here, called by Client
import { outgoingOf } from "../packet/default-parser.js";
import type { Outgoing } from "../packet/outgoing.js";
import type { Connection } from "./connection.js";

/** An adapter hands the same array for every receiver of a broadcast: it is made into a packet once. */
const made = new WeakMap<readonly (string | Uint8Array)[], Outgoing>();

/** Where packets go: a connection, or a socket that counts them. */
export type PacketTarget = Pick<Connection, "writable" | "send">;

/** Sends messages that `encoder.encode` made, in their order and with nothing between. Volatile ones are dropped where they would have to wait. */
export function writeToEngine(
  target: PacketTarget,
  encoded: readonly (string | Uint8Array)[],
  options: { volatile?: boolean; compress?: boolean } = {},
): void {
  const isVolatile = options.volatile === true;
  const compress = options.compress !== false;
  if (isVolatile && !target.writable) return;
  let packet = made.get(encoded);
  if (packet === undefined || packet.volatile !== isVolatile || packet.compress !== compress) {
    packet = outgoingOf(encoded, { volatile: isVolatile, compress });
    packet.shared = true;
    made.set(encoded, packet);
  }
  target.send(packet);
}
