// http/ HTTP long-polling, the client's end (Engine.IO protocol v4, "HTTP long-polling"): one GET and one POST at a time. Whoever can make requests has a transport.
//
//   idle ──open()──▶ opening ──first response──▶ open ──pause(done)──▶ pausing ──nothing under way──▶ paused
//                       └───────────────┴── failure, `close` packet, close(), discard() ──▶ closed
import { VaivenError } from "../errors.js";
import { EnginePacketCode } from "../packet/engine-packet.js";
import { controlPacket, type Outgoing } from "../packet/outgoing.js";
import type { PayloadCodec, PayloadReceiver } from "../packet/payload.js";
import type { ClientTransportContext } from "../session/client-host.js";
import { readOpenData } from "../session/open-data.js";
import type { Cancel } from "../session/platform.js";
import type { ClientTransport, TransportSink } from "../session/transport.js";
import { requestUrl, transportClosed } from "./client-request.js";

/** Told how a request ended: by an error, or by the text of its answer. */
export type RequestDone = (error: VaivenError | undefined, text: string) => void;

type State = "idle" | "opening" | "open" | "pausing" | "paused" | "closed";

/** Writes and reads the payloads of polling. */
export type PollingCodec = Pick<PayloadCodec, "write" | "read">;

/** The polling transport of a client. Hosts subclass it, and give their codec and the way to make a request. */
export abstract class PollingClient implements ClientTransport, PayloadReceiver {
  sink!: TransportSink;
  protected readonly context: ClientTransportContext;
  protected abstract readonly payload: PollingCodec;
  private state: State = "idle";
  private sid: string | undefined;
  private cancelGet: Cancel | undefined;
  private cancelPost: Cancel | undefined;
  /** The characters of the POST that is under way. */
  private posted = 0;
  /** What waits for the POST that is under way, because one payload could not hold all. */
  private readonly waiting: Outgoing[] = [];
  /** Bytes that the server takes in one payload; 0 where it did not say. */
  private maxPayload = 0;
  private whenPaused: (() => void) | undefined;
  private closing = false;

  constructor(context: ClientTransportContext) {
    this.context = context;
    this.sid = context.sid;
  }

  get name(): "polling" {
    return "polling";
  }

  get writable(): boolean {
    return this.state === "open" && this.cancelPost === undefined && !this.closing;
  }

  get bufferedAmount(): number {
    return this.posted + this.waiting.reduce((size, packet) => size + this.sizeOf(packet), 0);
  }

  /**
   * Makes one request: a GET, or a POST where `body` is given, and calls `done` once, later, with an error or with the text of a 200.
   * The returned function ends it without a call of `done`.
   */
  protected abstract request(url: string, body: string | undefined, done: RequestDone): Cancel;

  open(): void {
    this.state = "opening";
    this.poll();
  }

  send(batch: readonly Outgoing[]): void {
    for (const packet of batch) this.waiting.push(packet);
    this.post();
  }

  pause(done: () => void): void {
    if (this.state === "closed") return;
    this.state = "pausing";
    this.whenPaused = done;
    this.settlePause();
  }

  close(): void {
    if (this.state === "closed" || this.closing) return;
    this.closing = true;
    // The server must know; while a POST is under way the close packet follows it, and before the first response there is nobody to tell.
    if (this.state === "opening") this.end(undefined);
    else if (this.cancelPost === undefined) this.sayClose();
  }

  discard(): void {
    this.state = "closed";
    this.cancelGet?.();
    this.cancelPost?.();
  }

  private url(): string {
    return requestUrl("polling", "http", this.context, this.sid);
  }

  /** Posts the longest beginning of what waits that one payload may hold, and at least one packet. */
  private post(): void {
    const { waiting, maxPayload } = this;
    let count = 0;
    for (let size = 0; count < waiting.length; count++) {
      size += this.sizeOf(waiting[count] as Outgoing);
      if (count && maxPayload && size > maxPayload) break;
    }
    const body = this.payload.write(waiting.splice(0, count));
    this.posted = body.length;
    this.cancelPost = this.request(this.url(), body, (error) => {
      this.cancelPost = undefined;
      this.posted = 0;
      if (error) this.end(error);
      else if (waiting.length) this.post();
      else if (this.closing) this.sayClose();
      else if (this.state === "pausing") this.settlePause();
      else if (this.state === "open") this.sink.onWritable();
    });
  }

  /** Upper bound of what a packet takes: bytes travel as base64 with one character in front, and a separator stands between packets. */
  private sizeOf({ head, rest }: Outgoing): number {
    const { textByteLength } = this.context.platform;
    return [head, ...(rest || [])].reduce(
      (size, part) => size + (typeof part === "string" ? textByteLength(part) + 1 : Math.ceil(part.length / 3) * 4 + 2),
      0,
    );
  }

  private sayClose(): void {
    this.cancelPost = this.request(this.url(), this.payload.write([CLOSE]), () => this.end(undefined));
  }

  private poll(): void {
    this.cancelGet = this.request(this.url(), undefined, (error, text) => {
      this.cancelGet = undefined;
      if (error !== undefined) this.end(error);
      else this.read(text);
    });
  }

  private read(text: string): void {
    if (this.state === "opening") {
      this.state = "open";
      this.sink.onOpen?.();
    }
    const { flushQueue } = this.context;
    let error: VaivenError | undefined;
    flushQueue.enter();
    try {
      error = this.payload.read(text, this);
    } finally {
      flushQueue.leave();
    }
    if (error !== undefined) this.end(error);
    // What the sinks did may have changed the state.
    if ((this.state as State) !== "open") this.settlePause();
    else if (!this.closing) this.poll();
  }

  /** One text packet of a payload. @internal */
  onText(packet: string): boolean {
    if (packet === EnginePacketCode.close) this.end(transportClosed("transport closed by the server", undefined));
    else {
      if (this.sid === undefined) this.learnSession(packet);
      this.sink.onText(packet);
    }
    return (this.state as State) !== "closed";
  }

  /** The first packet opens the session; every further request names it. Whether it is well-formed is for the session to say. */
  private learnSession(packet: string): void {
    const data = readOpenData(packet.slice(1));
    if (data instanceof VaivenError) return;
    this.sid = data.sid;
    this.maxPayload = data.maxPayload;
  }

  /** One binary packet of a payload. @internal */
  onBinary(message: Uint8Array): boolean {
    this.sink.onBinary(message);
    return (this.state as State) !== "closed";
  }

  private settlePause(): void {
    if (this.state !== "pausing" || this.cancelGet !== undefined || this.cancelPost !== undefined) return;
    this.state = "paused";
    this.whenPaused?.();
  }

  private end(error: VaivenError | undefined): void {
    if (this.state === "closed") return;
    this.discard();
    this.sink.onClose(error);
  }
}

const CLOSE: Outgoing = controlPacket("close");
