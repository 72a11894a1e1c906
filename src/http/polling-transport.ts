// http/ HTTP long-polling at the server: a GET is held until there is something to send, a POST carries what the client sends
// (Engine.IO protocol v4, "HTTP long-polling"; ARCHITECTURE.md, invariant 2).
//
//            onPoll()                send(batch)
//   idle ───────────────▶ held ─────────────────────▶ idle        at most one GET is held and one POST is being read;
//          client left: closed     close(): answers `1`, closed   a second one beside it closes the session
import { VaivenError } from "../errors.js";
import { EnginePacketCode } from "../packet/engine-packet.js";
import { controlPacket, type Outgoing } from "../packet/outgoing.js";
import type { PayloadReceiver } from "../packet/payload.js";
import type { FlushQueue } from "../session/flush-queue.js";
import { NO_SINK } from "../session/no-sink.js";
import type { Platform } from "../session/platform.js";
import type { Transport, TransportSink } from "../session/transport.js";
import { ANSWER_CODINGS, chooseCoding } from "./content-coding.js";
import type { Exchange, ExchangeOwner } from "./exchange.js";
import { callbackNumber, readForm, writeScript } from "./jsonp.js";

/** How bodies are written and read: by the codec of the session's protocol. */
export interface PollingPayloads {
  write(batch: readonly Outgoing[]): string | Uint8Array;
  read(payload: string, receiver: PayloadReceiver): VaivenError | undefined;
  /** Absent where the protocol has no bodies of bytes (Engine.IO 4). */
  readBytes?(payload: Uint8Array, receiver: PayloadReceiver): VaivenError | undefined;
}

/** What all polling transports of a server and of one protocol share. */
export interface PollingSettings {
  /** Largest body of a POST in bytes. */
  readonly maxBodyBytes: number;
  /** Answers of at least this many bytes are compressed where the client takes it; Infinity for never. */
  readonly compressFrom: number;
  readonly payloads: PollingPayloads;
  readonly platform: Platform;
  readonly flushQueue: FlushQueue;
}

/** A proxy repeats a request soon or not at all: the marks of this many requests are remembered. */
const STAMPS_REMEMBERED = 8;

const CLOSE: readonly Outgoing[] = [controlPacket("close")];
/** For a GET that came after the end: it is let go as for an upgrade, and told of the end by the same answer, as by Socket.IO's server. */
const LATE_CLOSE: readonly Outgoing[] = [controlPacket("noop"), ...CLOSE];
const BYTES = "application/octet-stream";

/** See the figure above. */
export class PollingTransport implements Transport, ExchangeOwner, PayloadReceiver {
  readonly name = "polling";
  sink: TransportSink = NO_SINK;
  private state: "open" | "closing" | "closed" = "open";
  private held: Exchange | undefined = undefined;
  /** The GET that was answered last, while its answer may still be on the way. */
  private answered: Exchange | undefined = undefined;
  private posting: Exchange | undefined = undefined;
  private pollStamps: string[] | undefined = undefined;
  private postStamps: string[] | undefined = undefined;
  private readonly settings: PollingSettings;
  /** The callback of a JSONP client. */
  private readonly callback: string | undefined;

  /** `jsonp` is the parameter `j` of the handshake of a JSONP client. */
  constructor(settings: PollingSettings, jsonp?: string) {
    this.settings = settings;
    this.callback = jsonp === undefined ? undefined : callbackNumber(jsonp);
  }

  get writable(): boolean {
    return this.held !== undefined && this.state === "open";
  }

  get bufferedAmount(): number {
    return this.answered?.pendingBytes ?? 0;
  }

  /** The client asks for what there is. `stamp` is the parameter that tells its requests apart. */
  onPoll(exchange: Exchange, stamp: string | undefined): void {
    if (this.state === "closed") {
      answerEmpty(exchange, 400);
      return;
    }
    if (this.held !== undefined) {
      answerEmpty(exchange, 400);
      this.fail(
        new VaivenError("HTTP_REQUEST_OVERLAP", "expected one GET at a time, got another one beside the held one"),
      );
      return;
    }
    if (stamp !== undefined && isRepeated((this.pollStamps ??= []), stamp)) {
      answerEmpty(exchange, 400);
      this.fail(
        new VaivenError(
          "HTTP_REQUEST_REPEATED",
          "expected every GET once, got one again: what it was answered may be lost",
        ),
      );
      return;
    }
    exchange.owner = this;
    this.held = exchange;
    if (this.state === "closing") {
      this.finishClosing(LATE_CLOSE);
      return;
    }
    const { flushQueue } = this.settings;
    flushQueue.enter();
    try {
      this.sink.onWritable();
    } finally {
      flushQueue.leave();
    }
  }

  /** The client sends something. */
  onPost(exchange: Exchange, stamp: string | undefined): void {
    // While closing too: the client may be closing at the same time, and then no poll comes that could be answered.
    if (this.state === "closed") {
      answerEmpty(exchange, 400);
      return;
    }
    // Whoever repeats a request, a proxy mostly, has the answer coming that the first one got.
    if (stamp !== undefined && isRepeated((this.postStamps ??= []), stamp)) {
      answerOk(exchange);
      return;
    }
    if (this.posting !== undefined) {
      answerEmpty(exchange, 400);
      this.fail(new VaivenError("HTTP_REQUEST_OVERLAP", "expected one POST at a time, got another one beside it"));
      return;
    }
    if (this.settings.payloads.readBytes === undefined && carriesBytes(exchange)) {
      answerEmpty(exchange, 400);
      this.fail(
        new VaivenError("HTTP_BAD_REQUEST", "expected a payload of text, got bytes, which only Engine.IO 3 sends"),
      );
      return;
    }
    exchange.owner = this;
    this.posting = exchange;
    exchange.readBody(this.settings.maxBodyBytes);
  }

  send(batch: readonly Outgoing[]): void {
    const exchange = this.held;
    if (exchange === undefined || this.state === "closed" || batch.length === 0) return;
    this.held = undefined;
    this.answered = exchange;
    this.answer(exchange, batch);
  }

  close(): void {
    if (this.state !== "open") return;
    this.state = "closing";
    if (this.held !== undefined) this.finishClosing(CLOSE);
  }

  discard(): void {
    this.state = "closed";
    this.sink = NO_SINK;
    const { held, posting } = this;
    this.held = undefined;
    this.posting = undefined;
    if (held !== undefined) this.answer(held, CLOSE);
    // Its body will be heard by nobody: the client must not believe that it was.
    if (posting !== undefined) answerEmpty(posting, 400);
  }

  // ── the exchanges ──

  onBody(exchange: Exchange, body: Uint8Array): void {
    if (exchange !== this.posting) return;
    // It is here; what handlers do to the session meanwhile is not its failure.
    this.posting = undefined;
    const { flushQueue } = this.settings;
    let error: VaivenError | undefined;
    flushQueue.enter();
    try {
      error = this.readBody(exchange, body);
    } finally {
      answerOk(exchange);
      if (error !== undefined) this.fail(error);
      flushQueue.leave();
    }
  }

  onBodyTooBig(exchange: Exchange): void {
    if (exchange !== this.posting) return;
    this.posting = undefined;
    const limit = this.settings.maxBodyBytes;
    const error = new VaivenError(
      "HTTP_BODY_TOO_BIG",
      `expected a body of at most ${limit} bytes (maxHttpBufferSize), got more`,
      {
        httpStatus: 413,
        detail: { limit },
      },
    );
    exchange.answer(413, { "Content-Type": "text/plain; charset=UTF-8" }, error.message);
    // A poll that were answered with the end would hide from the client what it has done: this is an error to it, as the answer above.
    if (this.held !== undefined) answerEmpty(this.held, 400);
    this.held = undefined;
    this.fail(error);
  }

  onAbandoned(exchange: Exchange): void {
    if (exchange === this.held) {
      this.held = undefined;
      this.fail(new VaivenError("SESSION_TRANSPORT_ERROR", "poll connection closed prematurely"));
    } else if (exchange === this.posting) {
      this.posting = undefined;
      this.fail(new VaivenError("SESSION_TRANSPORT_ERROR", "data request connection closed prematurely"));
    } else if (exchange === this.answered) {
      this.answered = undefined;
      this.fail(new VaivenError("SESSION_TRANSPORT_ERROR", "poll connection closed before the answer had been sent"));
    }
  }

  // ── the packets of a payload ──

  onText(packet: string): boolean {
    this.sink.onText(packet);
    return this.state !== "closed";
  }

  onBinary(message: Uint8Array): boolean {
    this.sink.onBinary(message);
    return this.state !== "closed";
  }

  private readBody(exchange: Exchange, body: Uint8Array): VaivenError | undefined {
    const { platform, payloads } = this.settings;
    if (payloads.readBytes !== undefined && carriesBytes(exchange)) return payloads.readBytes(body, this);
    const text = platform.isUtf8(body, 0, body.length) ? platform.readText(body, 0, body.length, false) : undefined;
    const payload = text === undefined || this.callback === undefined ? text : readForm(text);
    if (payload !== undefined) return payloads.read(payload, this);
    return new VaivenError(
      "PACKET_INVALID_PAYLOAD",
      'expected a payload in UTF-8, and in the field "d" of a JSONP form',
    );
  }

  private answer(exchange: Exchange, batch: readonly Outgoing[]): void {
    const { compressFrom, payloads, platform } = this.settings;
    let body = payloads.write(batch);
    let type = BYTES;
    let size = body.length;
    if (typeof body === "string") {
      type = this.callback === undefined ? "text/plain; charset=UTF-8" : "text/javascript; charset=UTF-8";
      if (this.callback !== undefined) body = writeScript(this.callback, body);
      // Three bytes a unit at most: a short text needs no counting.
      size = body.length * 3 >= compressFrom ? platform.textByteLength(body) : 0;
    }
    const coding =
      size >= compressFrom && batch.every(mayBeCompressed)
        ? chooseCoding(exchange.request.headers["accept-encoding"], ANSWER_CODINGS)
        : undefined;
    exchange.answer(200, { "Content-Type": type, "cache-control": "no-store" }, body, coding);
  }

  private finishClosing(answer: readonly Outgoing[]): void {
    const { held, sink } = this;
    this.state = "closed";
    this.held = undefined;
    this.sink = NO_SINK;
    if (held !== undefined) this.answer(held, answer);
    sink.onClose(undefined);
  }

  private fail(error: VaivenError): void {
    if (this.state === "closed") return;
    const { held, posting, sink } = this;
    this.state = "closed";
    this.held = undefined;
    this.posting = undefined;
    this.sink = NO_SINK;
    if (held !== undefined) this.answer(held, CLOSE);
    if (posting !== undefined) answerEmpty(posting, 400);
    sink.onClose(error);
  }
}

function carriesBytes({ request }: Exchange): boolean {
  const type = request.headers["content-type"];
  return typeof type === "string" && type.trimStart().toLowerCase().startsWith(BYTES);
}

/** Whether `stamp` is among the latest; remembers it. */
function isRepeated(latest: string[], stamp: string): boolean {
  if (latest.includes(stamp)) return true;
  if (latest.length === STAMPS_REMEMBERED) latest.shift();
  latest.push(stamp);
  return false;
}

/** A body is compressed as one: a single message that must not be keeps all of it as it is. Packets of the engine itself do not count. */
function mayBeCompressed({ compress, head }: Outgoing): boolean {
  return compress || (typeof head === "string" && !head.startsWith(EnginePacketCode.message));
}

function answerOk(exchange: Exchange): void {
  exchange.answer(200, { "Content-Type": "text/html", "cache-control": "no-store" }, "ok");
}

function answerEmpty(exchange: Exchange, status: number): void {
  exchange.answer(status, { "cache-control": "no-store" }, "");
}
