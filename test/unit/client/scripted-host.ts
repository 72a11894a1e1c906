// A host whose transports do what a test says: what the client sends is recorded, what it receives is written by hand.
import { makeIo } from "../../../src/client/io.js";
import { BaseManager } from "../../../src/client/manager.js";
import type { ManagerOptions } from "../../../src/client/options.js";
import type { Socket } from "../../../src/client/socket.js";
import type { SocketOptions } from "../../../src/client/socket-options.js";
import type { VaivenError } from "../../../src/errors.js";
import type { Outgoing, WirePacket } from "../../../src/packet/outgoing.js";
import { PacketReader } from "../../../src/packet/packet-reader.js";
import { encodePacket } from "../../../src/packet/socket-packet.js";
import type { ClientHost, ClientTransportContext, SurroundingsListener } from "../../../src/session/client-host.js";
import { FlushQueue } from "../../../src/session/flush-queue.js";
import type { ClientTransport, TransportSink } from "../../../src/session/transport.js";
import { FakePlatform } from "../../support/fake-platform.js";

export const OPEN = '0{"sid":"engine","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}';

/** A WebSocket-like transport in a test's hands. */
export class ScriptedTransport implements ClientTransport {
  sink!: TransportSink;
  writable = false;
  readonly bufferedAmount = 0;
  readonly sent: WirePacket[] = [];
  opened = false;
  ended = false;
  readonly context: ClientTransportContext;

  constructor(context: ClientTransportContext) {
    this.context = context;
  }

  get name(): "websocket" {
    return "websocket";
  }

  open(): void {
    this.opened = true;
  }

  send(batch: readonly Outgoing[]): void {
    for (const { head, rest } of batch) this.sent.push(head, ...(rest ?? []));
  }

  close(): void {
    this.ended = true;
    this.sink.onClose(undefined);
  }

  discard(): void {
    this.ended = true;
  }

  /** The server answers with its open packet. */
  accept(open = OPEN): void {
    this.writable = true;
    this.sink.onOpen?.();
    this.sink.onText(open);
  }

  fail(error: VaivenError): void {
    this.ended = true;
    this.sink.onClose(error);
  }
}

export interface Scene {
  readonly platform: FakePlatform & { random(): number };
  readonly transports: ScriptedTransport[];
  readonly surroundings: SurroundingsListener[];
  /** The transport that was made last. */
  last(): ScriptedTransport;
  /** Ends the turn, and returns what was sent since the last call. */
  sent(): WirePacket[];
  /** What the server says. Packets of one call come in one read. */
  receive(...packets: (string | Uint8Array)[]): void;
  readonly io: ReturnType<typeof makeIo>;
  manager(opts?: Partial<ManagerOptions>): BaseManager;
  /** A socket of the main namespace; with `connected` (the default) as far as `connect`. */
  socket(opts?: Partial<ManagerOptions & SocketOptions>, connected?: boolean): Socket;
}

export function scene(overrides: Partial<ClientHost> = {}): Scene {
  const platform = Object.assign(new FakePlatform(), { random: () => 0.5 });
  const transports: ScriptedTransport[] = [];
  const surroundings: SurroundingsListener[] = [];
  const flushQueue = new FlushQueue(platform.soon);
  class Transport extends ScriptedTransport {
    constructor(context: ClientTransportContext) {
      super(context);
      transports.push(this);
    }
  }
  const host: ClientHost = {
    flushQueue,
    location: { protocol: "http:", host: "page.example:8080" },
    platform: () => platform,
    transports: { websocket: Transport },
    upgrade: undefined,
    encode: encodePacket,
    createReader: () => new PacketReader({ maxAttachments: 10, maxAttachmentBytes: 100 }),
    userBytes: (bytes) => bytes,
    blobBytes: undefined,
    watch: (listener) => {
      surroundings.push(listener);
      return () => void surroundings.splice(surroundings.indexOf(listener), 1);
    },
    ...overrides,
  };
  class Manager extends BaseManager {
    constructor(uri?: string | Partial<ManagerOptions>, opts?: Partial<ManagerOptions>) {
      super(host, uri, opts);
    }
  }
  const last = (): ScriptedTransport => transports[transports.length - 1]!;
  const receive = (...packets: (string | Uint8Array)[]): void => {
    flushQueue.enter();
    for (const packet of packets) {
      if (typeof packet === "string") last().sink.onText(packet);
      else last().sink.onBinary(packet);
    }
    flushQueue.leave();
    platform.settle();
  };
  return {
    platform,
    transports,
    surroundings,
    last,
    sent: () => {
      platform.settle();
      return transports.flatMap((transport) => transport.sent.splice(0));
    },
    receive,
    io: makeIo(host, Manager),
    manager: (opts) => new Manager("http://host.example", opts),
    socket: (opts, connected = true) => {
      const socket = new Manager("http://host.example", opts).socket("/", opts);
      if (connected) {
        last().accept();
        receive('40{"sid":"s1"}');
        platform.settle();
        last().sent.length = 0;
      }
      return socket;
    },
  };
}

/** Lets everything run that waits for promises. */
export async function microtasks(): Promise<void> {
  for (let hop = 0; hop < 30; hop++) await undefined;
}
