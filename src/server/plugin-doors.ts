// server/ The doors through which npm's adapters, admin-ui and plugins enter (ARCHITECTURE.md, "Public classes and plugins"), where they need code of their own.
//
//   nsp._ids, nsp.sockets, nsp.prependListener        Namespace
//   nsp._onServerSideEmit                             Namespace
//   nsp.server.encoder, nsp.server.opts, io._nsps     Server
//   socket.acks, socket.notifyOutgoingListeners       Socket
//   socket.data replaceable                           Socket
//   socket.onevent replaceable, socket.ack(id)        Socket, and the client's
//   socket.client.writeToEngine(encoded, opts)        here, called by Client
//   socket.packet(packet, opts)                       Socket
import type { VaivenError } from "../errors.js";
import { outgoingOf } from "../packet/default-parser.js";
import type { Outgoing } from "../packet/outgoing.js";
import type { Connection } from "./connection.js";
import { refuseTooBig } from "./packet-size.js";

/** An adapter hands the same array for every receiver of a broadcast: it is made into a packet once. */
const made = new WeakMap<readonly (string | Uint8Array)[], Outgoing>();

/** Where packets go: a connection, or a socket that counts them. */
export type PacketTarget = Pick<Connection, "writable" | "send">;

/**
 * Sends messages that `encoder.encode` made, in their order and with nothing between. Volatile ones are dropped where they would have to wait;
 * those that are together larger than `limit` are not sent either: the answer is the error.
 */
export function writeToEngine(
  target: PacketTarget,
  encoded: readonly (string | Uint8Array)[],
  limit: number,
  options: { volatile?: boolean; compress?: boolean } = {},
): VaivenError | undefined {
  const isVolatile = options.volatile === true;
  const compress = options.compress !== false;
  if (isVolatile && !target.writable) return undefined;
  let packet = made.get(encoded);
  if (packet === undefined || packet.volatile !== isVolatile || packet.compress !== compress) {
    packet = outgoingOf(encoded, { volatile: isVolatile, compress });
    packet.shared = true;
    made.set(encoded, packet);
  }
  const tooBig = refuseTooBig(packet, limit, "a packet of an adapter");
  if (tooBig === undefined) target.send(packet);
  return tooBig;
}
