// Test support: a server over connections that exist in memory only, and a clock that the test moves.
import { EventEmitter } from "node:events";
import { HeaderTable, RequestSnapshot } from "../../../src/http/request-snapshot.js";
import { readQuery } from "../../../src/http/target.js";
import type { Outgoing } from "../../../src/packet/outgoing.js";
import { Client } from "../../../src/server/client.js";
import type { CloseReason, Connection, ConnectionSink } from "../../../src/server/connection.js";
import type { EngineSocket } from "../../../src/server/engine-socket.js";
import { Server, type ServerHost } from "../../../src/server/server.js";
import type { ServerOptions } from "../../../src/server/server-options.js";
import { Deadlines } from "../../../src/session/deadlines.js";
import { FakePlatform } from "../../support/fake-platform.js";

/** The server's end of a connection; the test is the peer. */
export class FakeConnection implements Connection {
  readonly id: string;
  readonly protocol: 3 | 4;
  writable = true;
  bufferedAmount = 0;
  sink: ConnectionSink = { onMessage() {}, onBinary() {}, onClose() {} };
  closed: "no" | "flushed" | "discarded" = "no";
  readonly sent: Outgoing[] = [];

  private readonly clock: FakePlatform | undefined;

  /** With `clock`, whose turn ends behind each {@link receive}. */
  constructor(id: string, protocol: 3 | 4 = 4, clock?: FakePlatform) {
    this.id = id;
    this.protocol = protocol;
    this.clock = clock;
  }

  send(packet: Outgoing): void {
    if (this.closed === "no") this.sent.push(packet);
  }

  close(discard?: boolean): void {
    if (this.closed === "no") this.closed = discard === true ? "discarded" : "flushed";
  }

  /** The peer sends texts (without Engine.IO's type digit) and bytes. */
  receive(...messages: (string | Uint8Array)[]): void {
    for (const message of messages) {
      if (typeof message === "string") this.sink.onMessage(`4${message}`, 1);
      else this.sink.onBinary(message);
    }
    this.clock?.settle();
  }

  /** The transport ends. */
  end(reason: CloseReason = "transport close", description?: unknown): void {
    this.closed = "flushed";
    this.sink.onClose(reason, description);
  }

  /** What was sent since the last call: texts without the type digit, bytes as hex. */
  take(): string[] {
    return this.sent.splice(0).flatMap(({ head, rest }) => [head, ...(rest ?? [])].map(show));
  }
}

function show(packet: string | Uint8Array): string {
  return typeof packet === "string" ? packet.slice(1) : Buffer.from(packet).toString("hex");
}

export interface MemoryServer {
  readonly io: Server;
  readonly clock: FakePlatform;
  /** What was said to whoever runs the server. */
  readonly warnings: readonly string[];
  /** Errors that reached `io.onError`: the code, the event and what was thrown. */
  readonly errors: { code: string; event: unknown; cause: unknown }[];
  /** A connection that joined nothing yet. */
  connect(url?: string, protocol?: 3 | 4): FakeConnection;
  /** A connection in the namespaces, with what it was sent forgotten. */
  join(...namespaces: string[]): FakeConnection;
}

export function memoryServer(options: Partial<ServerOptions> = {}): MemoryServer {
  const clock = new FakePlatform();
  let ids = 0;
  const warnings: string[] = [];
  const host = {
    platform: clock,
    deadlines: new Deadlines(clock),
    randomId: () => `id-${ids++}`,
    warn: (text: string) => void warnings.push(text),
  } as unknown as ServerHost;
  const io = new Server(host, options);
  const errors: MemoryServer["errors"] = [];
  io.onError((error, { event }) => errors.push({ code: error.code, event, cause: error.cause }));
  const names = new HeaderTable();
  let connections = 0;
  const connect = (url = "/socket.io/?EIO=4&transport=websocket", protocol: 3 | 4 = 4): FakeConnection => {
    const connection = new FakeConnection(`session-${connections++}`, protocol, clock);
    const request = new RequestSnapshot("GET", url, ["Host", "example.com"], "10.0.0.1", false, names);
    new Client(io, {
      session: connection,
      request,
      remoteAddress: "10.0.0.1",
      secure: false,
      query: readQuery(url),
      socket: new EventEmitter() as EngineSocket,
    });
    return connection;
  };
  const join = (...namespaces: string[]): FakeConnection => {
    const connection = connect();
    for (const name of namespaces.length > 0 ? namespaces : ["/"]) connection.receive(name === "/" ? "0" : `0${name},`);
    connection.take();
    return connection;
  };
  return { io, clock, warnings, errors, connect, join };
}
