// http/ HTTP long-polling, the client's end (Engine.IO protocol v4, "HTTP long-polling"): one GET and one POST at a time. Whoever can make requests has a transport.
//
//   opening ──first response──▶ open ──pause(done)──▶ pausing ──nothing under way──▶ done()
//      └──────────────────────────┴── failure, `close` packet, close(), discard() ──▶ ended
import { VaivenError } from "../errors.js";
import { Outgoing } from "../packet/outgoing.js";
import type { PayloadCodec, PayloadReceiver } from "../packet/payload.js";
import type { ClientTransportContext } from "../session/client-host.js";
import { readOpenData } from "../session/open-data.js";
import type { Cancel } from "../session/platform.js";
import type { ClientTransport, TransportSink } from "../session/transport.js";
import { requestUrl, transportClosed } from "./client-request.js";

/** Told how a request ended: by an error, or by the text of its answer. */
export type RequestDone = (error: VaivenError | undefined, text: string) => void;

/** Writes and reads the payloads of polling. */
export type PollingCodec = Pick<PayloadCodec, "write" | "read">;

/** The polling transport of a client. Hosts subclass it, and give their codec and the way to make a request. */
export abstract class PollingClient implements ClientTransport, PayloadReceiver {
  /** @internal */
  sink!: TransportSink;
  protected readonly context: ClientTransportContext;
  protected abstract readonly payload: PollingCodec;
  private sid: string | undefined;
  /** Bytes that the server takes in one payload; 0 where it did not say. */
  private maxPayload = 0;
  /** What waits for the POST that is under way, because one payload could not hold all. */
  private readonly waiting: Outgoing[] = [];
  /** The characters of the POST that is under way. */
  private posted = 0;
  private cancelGet: Cancel | undefined;
  private cancelPost: Cancel | undefined;
  private isOpen = false;
  private whenPaused: (() => void) | undefined;
  private isClosing = false;
  private hasEnded = false;

  constructor(context: ClientTransportContext) {
    this.context = context;
    this.sid = context.sid;
  }

  get name(): "polling" {
    return "polling";
  }

  get writable(): boolean {
    return this.isOpen && !this.cancelPost && !this.whenPaused && !this.isClosing && !this.hasEnded;
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
    this.poll();
  }

  send(batch: readonly Outgoing[]): void {
    for (const packet of batch) this.waiting.push(packet);
    this.post();
  }

  pause(done: () => void): void {
    this.whenPaused = done;
    this.settlePause();
  }

  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    // The server must know; while a POST is under way the close packet follows it, and before the first response there is nobody to tell.
    if (!this.isOpen) this.end(undefined);
    else if (!this.cancelPost && !this.hasEnded) this.sayClose();
  }

  discard(): void {
    this.hasEnded = true;
    if (this.cancelGet) this.cancelGet();
    if (this.cancelPost) this.cancelPost();
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
    this.ask(body, (error) => {
      this.cancelPost = undefined;
      this.posted = 0;
      if (error) this.end(error);
      else if (waiting.length) this.post();
      else if (this.isClosing) this.sayClose();
      else if (this.whenPaused) this.settlePause();
      else if (this.isOpen) this.sink.onWritable();
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
    this.ask(this.payload.write([CLOSE]), () => this.end(undefined));
  }

  private ask(body: string | undefined, done: RequestDone): void {
    const cancel = this.request(requestUrl("polling", "http", this.context, this.sid), body, done);
    if (body) this.cancelPost = cancel;
    else this.cancelGet = cancel;
  }

  private poll(): void {
    this.ask(undefined, (error, text) => {
      this.cancelGet = undefined;
      if (error) this.end(error);
      else this.read(text);
    });
  }

  private read(text: string): void {
    const { sink, context } = this;
    if (!this.isOpen && sink.onOpen) sink.onOpen();
    this.isOpen = true;
    context.flushQueue.enter();
    try {
      const error = this.payload.read(text, this);
      if (error) this.end(error);
    } finally {
      context.flushQueue.leave();
    }
    // What the sinks did may have changed the state.
    if (this.whenPaused) this.settlePause();
    else if (!this.isClosing && !this.hasEnded) this.poll();
  }

  /** One text packet of a payload. @internal */
  onText(packet: string): boolean {
    if (packet === "1") this.end(transportClosed("transport closed by the server", undefined));
    else {
      if (!this.sid) this.learnSession(packet);
      this.sink.onText(packet);
    }
    return !this.hasEnded;
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
    return !this.hasEnded;
  }

  private settlePause(): void {
    if (this.whenPaused && !this.cancelGet && !this.cancelPost && !this.hasEnded) this.whenPaused();
  }

  private end(error: VaivenError | undefined): void {
    if (this.hasEnded) return;
    this.discard();
    this.sink.onClose(error);
  }
}

const CLOSE = new Outgoing("1");
