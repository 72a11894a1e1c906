// server/ A broadcast that reports who has it (ARCHITECTURE.md, "Between our own two ends"): received, not handled.
import type { BroadcastOptions, SocketId } from "../adapter/contract.js";
import { VaivenError } from "../errors.js";
import type { SocketPacket } from "../packet/socket-packet.js";
import { DEFAULT_BROADCAST_TIMEOUT } from "./broadcast-acks.js";
import type { DeliveredSocket } from "./delivered-socket.js";
import type { NamespaceAdapter } from "./namespace.js";
import { SessionAwareAdapter } from "./session-aware-adapter.js";

/** Who received a broadcast. */
export interface BroadcastReport {
  /** The sockets whose clients have said that they have the event. */
  confirmed: SocketId[];
  /** The sockets of which that is not known: they have not said so in time, have not come back, or their clients are not ours. They may have it. */
  unconfirmed: SocketId[];
}

/** Sends `packet` and resolves when all receivers are known to have it, or when the time is over. */
export function broadcastConfirmed(
  adapter: NamespaceAdapter,
  packet: SocketPacket,
  options: BroadcastOptions,
): Promise<BroadcastReport> {
  if (!(adapter instanceof SessionAwareAdapter)) {
    return Promise.reject(
      new VaivenError(
        "API_UNAVAILABLE",
        "emitConfirmed needs the option connectionStateRecovery, and the adapter in memory: others do not say who receives",
      ),
    );
  }
  const timeout = options.flags?.timeout ?? DEFAULT_BROADCAST_TIMEOUT;
  const report: BroadcastReport = { confirmed: [], unconfirmed: [] };
  return new Promise((resolve) => {
    // Volatile would contradict it.
    const receivers = adapter.broadcastTo(packet, { ...options, flags: { ...options.flags, volatile: false } });
    let missing = receivers.length;
    const settle = (id: SocketId, list: SocketId[]): void => {
      list.push(id);
      if (--missing === 0) resolve(report);
    };
    if (missing === 0) resolve(report);
    for (const socket of receivers) {
      if (socket.isDelivered !== true) settle(socket.id, report.unconfirmed);
      else {
        const told = (error: VaivenError | undefined): void =>
          settle(socket.id, error === undefined ? report.confirmed : report.unconfirmed);
        (socket as DeliveredSocket)._whenConfirmed(told, timeout);
      }
    }
  });
}
