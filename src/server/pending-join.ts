// server/ A namespace that a client has asked to join, until that is decided (Socket.IO protocol v5, "Connection to a namespace").
import type { SocketPacket } from "../packet/socket-packet.js";
import type { Client } from "./client.js";
import type { JoinOutcome } from "./namespace.js";
import type { AnySocket } from "./socket.js";

/** A namespace that the client has asked to join, until that is decided, and what came for it meanwhile. */
export class PendingJoin implements JoinOutcome {
  packets: SocketPacket[] | undefined = undefined;
  size = 0;
  /** Undefined while it is asked whether there is such a namespace, or a session to recover. */
  socket: AnySocket | undefined = undefined;
  private readonly client: Client;
  private readonly name: string;

  constructor(client: Client, name: string) {
    this.client = client;
    this.name = name;
  }

  onSocket(socket: AnySocket): void {
    this.socket = socket;
  }

  onRefused(): void {
    this.client._forgetPending(this.name);
  }

  onJoined(socket: AnySocket): void {
    this.client._onJoined(this.name, socket, this);
  }
}
