// A WebSocket in memory, byte by byte: the frames of both ends over two wires that deliver as many bytes as the test says.
import type { VaivenError } from "../../src/errors.js";
import { WebSocketConnection } from "../../src/frame/connection.js";
import type { ConnectionOutput, ConnectionSink } from "../../src/frame/contract.js";
import { type ConnectionRole, connectionProfile } from "../../src/frame/profile.js";
import type { Outgoing } from "../../src/packet/outgoing.js";
import type { ClientTransport, TransportName, TransportSink } from "../../src/session/transport.js";
import { FakePlatform } from "./fake-platform.js";
import type { Wire } from "./memory-transport.js";

const primitives = new FakePlatform();
const PROFILES = {
  client: connectionProfile({ role: "client", primitives }),
  server: connectionProfile({ role: "server", primitives }),
};

const NO_SINK: TransportSink = { onText() {}, onBinary() {}, onWritable() {}, onClose() {} };

/** One end. */
export class ByteSocket implements ClientTransport, ConnectionSink, ConnectionOutput {
  readonly name: TransportName = "websocket";
  readonly bufferedAmount = 0;
  readonly isCongested = false;
  sink: TransportSink = NO_SINK;
  opened = false;
  ended = false;
  /** The network takes nothing at the moment. */
  stalled = false;
  peer: ByteSocket | undefined = undefined;
  private readonly wire: Wire;
  private readonly connection: WebSocketConnection;

  constructor(role: ConnectionRole, wire: Wire) {
    this.wire = wire;
    this.connection = new WebSocketConnection(PROFILES[role], this, this);
  }

  get writable(): boolean {
    return this.opened && !this.ended && !this.stalled;
  }

  open(): void {
    this.wire.push(() => {
      if (this.ended || this.peer?.ended === true) return;
      this.opened = true;
      this.sink.onOpen?.();
    });
  }

  send(batch: readonly Outgoing[]): void {
    // As a socket of the system it takes what it is given; that it takes no more is only said.
    if (!this.opened || this.ended) throw new Error("sent while not open");
    for (const { head, rest = [] } of batch) {
      for (const packet of [head, ...rest]) {
        if (typeof packet === "string") this.connection.sendText(packet);
        else this.connection.sendBinary(packet);
      }
    }
  }

  /** The network takes bytes again. */
  release(): void {
    if (!this.stalled) return;
    this.stalled = false;
    if (this.writable) this.sink.onWritable();
  }

  close(): void {
    if (!this.ended) this.connection.close();
  }

  discard(): void {
    if (this.ended) return;
    this.ended = true;
    this.connection.terminate();
    this.end();
  }

  // ── what the frames say, and where they go ──

  write(frame: Uint8Array): void {
    // The frame may be another receiver's too, and who receives it changes it.
    this.wire.pushBytes(frame.slice(), (bytes) => {
      if (this.peer?.ended === false) this.peer.connection.receive(bytes);
    });
  }

  end(): void {
    this.wire.push(() => this.peer?.connection.transportClosed());
  }

  resumed(): void {}

  onText(text: string): void {
    if (!this.ended) this.sink.onText(text);
  }

  onBinary(bytes: Uint8Array): void {
    if (!this.ended) this.sink.onBinary(bytes);
  }

  onError(error: VaivenError): void {
    throw error;
  }

  onClose(): void {
    if (this.ended) return;
    this.ended = true;
    this.sink.onClose(undefined);
  }
}

/** Two ends of one connection. The server's end is open at once, the client's by `open()`. */
export function byteSocketPair(up: Wire, down: Wire): { client: ByteSocket; server: ByteSocket } {
  const client = new ByteSocket("client", up);
  const server = new ByteSocket("server", down);
  client.peer = server;
  server.peer = client;
  server.opened = true;
  return { client, server };
}
