// server/ What comes first on a WebTransport session: `0` asks for a new session, `0{"sid":…}` offers this one for an upgrade (Engine.IO protocol v4, "WebTransport").
import { VaivenError } from "../errors.js";
import { Deadline, type DeadlineOwner } from "../session/deadlines.js";
import {
  type ByteStream,
  type StreamHost,
  StreamTransport,
  type WebTransportSession,
} from "../session/stream-transport.js";
import type { Transport, TransportSink } from "../session/transport.js";
import type { EngineHost } from "./host.js";

/** Who decides about a session that has said what it wants. */
export interface GreetingOwner {
  /** `sid` is undefined where a new session is wanted. */
  onGreeting(greeting: WebTransportGreeting, sid: string | undefined): void;
}

/** Clients wait for an answer after the probe: more packets than this before it are no client of the protocol. */
const MAX_EARLY_PACKETS = 8;

/** The transport at the server. */
class ServerStreamTransport extends StreamTransport {
  constructor(host: StreamHost, maxMessageBytes: number, session: WebTransportSession) {
    super(host, maxMessageBytes);
    this.join(session);
  }

  start(stream: ByteStream): void {
    this.begin(stream);
  }
}

/** Listens to the transport until its owner takes it, and keeps what comes meanwhile. */
export class WebTransportGreeting implements TransportSink, DeadlineOwner {
  private readonly transport: ServerStreamTransport;
  private readonly owner: GreetingOwner;
  private readonly deadlines: EngineHost["deadlines"];
  private readonly timeout: Deadline = new Deadline(this);
  private readonly early: (string | Uint8Array)[] = [];
  private state: "waiting" | "deciding" | "done" = "waiting";

  constructor(
    session: WebTransportSession,
    host: EngineHost,
    limits: { readonly maxPayload: number; readonly upgradeTimeout: number },
    owner: GreetingOwner,
  ) {
    const { platform } = host;
    const streams: StreamHost = {
      after: platform.after,
      flushQueue: host.flushQueue,
      textBytes(text) {
        const bytes = new Uint8Array(platform.textByteLength(text));
        platform.writeText(text, bytes, 0);
        return bytes;
      },
      bytesText: (bytes) =>
        platform.isUtf8(bytes, 0, bytes.length) ? platform.readText(bytes, 0, bytes.length, false) : undefined,
    };
    this.transport = new ServerStreamTransport(streams, limits.maxPayload, session);
    this.transport.sink = this;
    this.owner = owner;
    this.deadlines = host.deadlines;
    this.deadlines.set(this.timeout, limits.upgradeTimeout);
    session.incomingBidirectionalStreams
      .getReader()
      .read()
      .then(
        ({ value }) => {
          if (this.state === "done") return;
          if (value === undefined) this.refuse();
          else this.transport.start(value);
        },
        () => this.refuse(),
      );
  }

  /** Gives the transport to a session: `begin` replaces its sink. A no-op if the client has left. */
  accept(begin: (transport: Transport) => void): void {
    if (this.state === "done") return;
    this.finish();
    const { transport, early } = this;
    begin(transport);
    for (const packet of early) {
      if (transport.isEnded) return;
      if (typeof packet === "string") transport.sink.onText(packet);
      else transport.sink.onBinary(packet);
    }
  }

  /** Closes the session. */
  refuse(): void {
    this.finish();
    this.transport.discard();
  }

  onText(packet: string): void {
    if (this.state === "deciding") {
      this.keep(packet);
      return;
    }
    const sid = greetingOf(packet);
    if (sid instanceof VaivenError) {
      this.refuse();
      return;
    }
    this.state = "deciding";
    this.owner.onGreeting(this, sid);
  }

  onBinary(message: Uint8Array): void {
    if (this.state === "deciding") this.keep(message);
    else this.refuse();
  }

  onWritable(): void {}

  onClose(): void {
    this.finish();
  }

  onDeadline(): void {
    this.refuse();
  }

  private keep(packet: string | Uint8Array): void {
    if (this.early.push(packet) > MAX_EARLY_PACKETS) this.refuse();
  }

  private finish(): void {
    this.state = "done";
    this.deadlines.clear(this.timeout);
  }
}

function greetingOf(packet: string): string | undefined | VaivenError {
  if (packet === "0") return undefined;
  try {
    const { sid } = JSON.parse(packet.startsWith("0") ? packet.slice(1) : "") as { sid?: unknown };
    if (typeof sid === "string") return sid;
  } catch {
    // It is told below.
  }
  return new VaivenError("SESSION_HANDSHAKE_INVALID", "expected an open packet, with or without the id of a session");
}
