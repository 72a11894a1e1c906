// Test support: a second namespace of a delivery world, with plain events and a ledger of its own.
import type { BaseManager } from "../../src/client/manager.js";
import type { Socket as ClientSocket } from "../../src/client/socket.js";
import type { SocketOptions } from "../../src/client/socket-options.js";
import type { Server } from "../../src/server/server.js";
import type { AnySocket } from "../../src/server/socket.js";
import { DeliveryLedger } from "./delivery-ledger.js";

export class SideTalk extends DeliveryLedger {
  private socket: ClientSocket | undefined = undefined;
  private peer: AnySocket | undefined = undefined;
  private next = 1;

  serve(io: Server): void {
    const side = io.of("/side");
    side.on("session_lost", (session) => this.lost.push(session));
    side.on("connection", (socket) => {
      this.peer = socket;
      socket.on("event", (n: number) => this.up.heard.push(n));
    });
  }

  open(manager: BaseManager, options: Partial<SocketOptions>): void {
    this.socket?.off();
    const socket = manager.socket("/side", options);
    this.socket = socket;
    socket.on("event", (n: number) => this.down.heard.push(n));
    socket.on("connect", () => {
      this.joined.add(socket.id as string);
      if (socket.unconfirmed === undefined) return;
      this.unconfirmed.push(...socket.unconfirmed);
      this.reasons.push(String(socket.lossReason));
      socket.unconfirmed = undefined;
    });
    socket.connect();
  }

  emitUp(): void {
    const n = this.next++;
    this.up.sent.push(n);
    this.socket?.emit("event", n);
  }

  emitDown(isBroadcast: boolean): void {
    const { peer } = this;
    if (peer === undefined || this.lost.some(({ id }) => id === peer.id)) return;
    const n = this.next++;
    this.down.sent.push(n);
    this.receivers.set(n, peer);
    if (isBroadcast) peer.nsp.emit("event", n);
    else peer.emit("event", n);
  }

  /** The server dies. */
  die(): void {
    this.forgive("down");
    this.peer = undefined;
  }
}
