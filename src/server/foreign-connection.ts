// server/ A socket of a foreign Engine.IO server (`io.bind(engine)`) as a connection of ours (ARCHITECTURE.md, "Connections").
import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { readQuery } from "../http/target.js";
import type { Outgoing, WirePacket } from "../packet/outgoing.js";
import type { ConnectionOrigin } from "./client.js";
import type { CloseReason, Connection, ConnectionSink } from "./connection.js";
import type { EngineSocket } from "./engine-socket.js";

/** What is used of the foreign socket: Engine.IO's documented API. */
export interface ForeignSocket extends EventEmitter {
  readonly id: string;
  readonly protocol: number;
  readonly request: IncomingMessage;
  readonly remoteAddress?: string;
  readonly readyState: string;
  readonly transport: { readonly writable?: boolean; readonly name: string };
  send(data: string | Uint8Array, options?: { compress?: boolean }): unknown;
  close(discard?: boolean): unknown;
}

/** Wraps a foreign socket. */
export function foreignOrigin(socket: ForeignSocket): ConnectionOrigin {
  const { request } = socket;
  const { encrypted } = request.socket as { encrypted?: boolean };
  return {
    session: new ForeignConnection(socket),
    request,
    remoteAddress: socket.remoteAddress,
    secure: encrypted === true,
    query: readQuery(request.url ?? ""),
    socket: socket as unknown as EngineSocket,
  };
}

const NO_SINK: ConnectionSink = { onMessage() {}, onBinary() {}, onClose() {} };

class ForeignConnection implements Connection {
  sink: ConnectionSink = NO_SINK;
  private readonly socket: ForeignSocket;

  constructor(socket: ForeignSocket) {
    this.socket = socket;
    socket.on("data", (message: string | Uint8Array) => {
      // The foreign engine has taken the type digit off: the message begins at once.
      if (typeof message === "string") this.sink.onMessage(message, 0);
      else this.sink.onBinary(message);
    });
    // Its close tells the same; an `error` that nobody listens to would end the process.
    socket.on("error", () => {});
    socket.on("drain", () => this.sink.onDrain?.());
    socket.on("close", (reason: CloseReason, description?: unknown) => this.sink.onClose(reason, description));
  }

  get id(): string {
    return this.socket.id;
  }

  get protocol(): 3 | 4 {
    return this.socket.protocol === 3 ? 3 : 4;
  }

  get writable(): boolean {
    return this.socket.readyState === "open" && this.socket.transport.writable === true;
  }

  /** A foreign engine does not tell what it holds. */
  get bufferedAmount(): number {
    return 0;
  }

  send(packet: Outgoing): void {
    if (this.socket.readyState !== "open") return;
    const options = { compress: packet.compress };
    this.socket.send(bodyOf(packet.head), options);
    if (packet.rest !== undefined) for (const attachment of packet.rest) this.socket.send(bodyOf(attachment), options);
  }

  close(discard?: boolean): void {
    this.socket.close(discard);
  }
}

/** A message without its type digit, which the foreign engine writes. */
function bodyOf(packet: WirePacket): WirePacket {
  return typeof packet === "string" ? packet.slice(1) : packet;
}
