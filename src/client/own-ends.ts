// client/ What a client and a server of vaivén say to each other beyond Socket.IO, apart from delivery (ARCHITECTURE.md, "Between our own two ends"):
// errors through acknowledgements, the time of the return, and credentials that are renewed. Bound by entry/: the smallest browser file has none of it.
import { VaivenError } from "../errors.js";
import { asError, errorOf, wireErrorOf } from "../event/ack-errors.js";
import { Capability, controlOf } from "../packet/control-packet.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import { readAuth } from "./credentials.js";
import { guard } from "./guarded-emitter.js";
import type { BaseManager } from "./manager.js";
import type { Socket } from "./socket.js";

/** The capabilities of one client. @internal */
export interface OwnEnds {
  /** Their names, which travel: see control-packet.ts. */
  readonly caps: readonly string[];
  /** A packet as it travels. */
  write(io: BaseManager, packet: SocketPacket): SocketPacket;
  /** A control packet came. Returns the packet that it stands for, or else itself, which has more to say to who delivers. */
  read(io: BaseManager, packet: SocketPacket): SocketPacket;
}

const ALL = Capability.ACK_ERRORS | Capability.DRAIN | Capability.REFRESH;
/** A server that is to be left alone for longer says so again when we come. */
const LONGEST_RETURN_MS = 3_600_000;

/** All of them. */
export const ownEnds: OwnEnds = {
  caps: ["ack-errors", "drain", "refresh"],

  write(io, packet) {
    const { type, nsp, id, data } = packet;
    const error = type === PacketType.ACK && (data as unknown[])[0];
    // Without our own server an error is what JSON makes of it, as with Socket.IO.
    return error instanceof Error && io._takesErrors
      ? { type: PacketType.CONTROL, nsp, data: ["ack-error", id, wireErrorOf(error)] }
      : packet;
  },

  read(io, packet) {
    const { nsp } = packet;
    // Checked by its reader only as far as it is an array with a text in front.
    const message = controlOf(packet, ALL);
    const socket = io.nsps[nsp];
    if (!message) return packet;
    if (message[0] === "return") io._returnDelay = Math.min(message[1], LONGEST_RETURN_MS);
    else if (message[0] === "ack-error")
      return { type: PacketType.ACK, nsp, id: message[1], data: [errorOf(message[2])] };
    else if (socket && socket.active) {
      if (message[0] === "lapsed") socket._lapse = new VaivenError(message[1], "the server refuses the credentials");
      else if (message[0] === "refresh") refresh(socket);
    }
    return packet;
  },
};

function refresh(socket: Socket): void {
  const { io, id, nsp } = socket;
  const report = (error: unknown): void => io._report(asError(error));
  const answer = (data?: object): void => {
    if (!socket.connected || socket.id !== id) return;
    socket._say({ type: PacketType.CONTROL, nsp, data: ["refresh", data] }, report);
  };
  guard(io.platform().soon, () => readAuth(socket.auth, answer, report));
}
