// client/ What a client and a server of vaivén say to each other beyond Socket.IO, apart from delivery (ARCHITECTURE.md, "Between our own two ends"):
// errors through acknowledgements, the time of the return, and credentials that are renewed.
import { type ErrorCode, VaivenError } from "../errors.js";
import { asError, errorOf, wireErrorOf } from "../event/ack-errors.js";
import type { WireError } from "../packet/control-packet.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import { readAuth } from "./credentials.js";
import { guard } from "./guarded-emitter.js";
import type { BaseManager } from "./manager.js";
import type { Socket } from "./socket.js";

/** The names of the capabilities, which travel: see control-packet.ts. */
export const CAPABILITIES: readonly string[] = ["ack-errors", "drain", "refresh"];

/** A server that is to be left alone for longer says so again when we come. */
const LONGEST_RETURN_MS = 3_600_000;

/** A packet as it travels. */
export function asItTravels(io: BaseManager, packet: SocketPacket): SocketPacket {
  const { type, nsp, id, data } = packet;
  const error = type === PacketType.ACK && (data as unknown[])[0];
  // Without our own server an error is what JSON makes of it, as with Socket.IO.
  return error instanceof Error && io._takesErrors
    ? { type: PacketType.CONTROL, nsp, data: ["ack-error", id, wireErrorOf(error)] }
    : packet;
}

/** A control packet came. Returns the packet that it stands for, or else itself, for delivery, which may have more to do with it. */
export function readControl(io: BaseManager, packet: SocketPacket): SocketPacket {
  const { nsp } = packet;
  // Checked by its reader only as far as it is an array. What has not its form is passed over: here are the checks of `controlOf`, for what a server says.
  const [kind, first, second] = packet.data as unknown[];
  const { name, message } = Object(second) as Partial<WireError>;
  const socket = io.nsps[nsp];
  if (kind === "return" && typeof first === "number" && first >= 0)
    io._returnDelay = Math.min(first, LONGEST_RETURN_MS);
  else if (kind === "ack-error" && typeof first === "number" && isText(name) && isText(message))
    return { type: PacketType.ACK, nsp, id: first, data: [errorOf(second as WireError)] };
  else if (socket && socket.active) {
    if (kind === "lapsed" && isText(first))
      socket._lapse = new VaivenError(first as ErrorCode, "the server refuses the credentials");
    else if (kind === "refresh") refresh(socket);
  }
  return packet;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function refresh(socket: Socket): void {
  const { io, id, nsp } = socket;
  const report = (error: unknown): void => io._report(asError(error));
  const answer = (data?: object): void => {
    if (!socket.connected || socket.id !== id) return;
    socket._say({ type: PacketType.CONTROL, nsp, data: ["refresh", data] }, report);
  };
  guard(io.platform().soon, () => readAuth(socket, answer, report));
}
