// session/ A transport over one bidirectional stream of a WebTransport session (W3C WebTransport; Engine.IO protocol v4, "WebTransport"). Both ends.
import { VaivenError } from "../errors.js";
import type { Outgoing, WirePacket } from "../packet/outgoing.js";
import { StreamDecoder, streamHeader } from "../packet/stream-frame.js";
import type { FlushScheduler } from "./flush-queue.js";
import type { Clock } from "./platform.js";
import type { Transport, TransportSink } from "./transport.js";

interface Reader<T> {
  read(): Promise<{ readonly done: boolean; readonly value?: T | undefined }>;
}

/** What is used of a bidirectional stream. */
export interface ByteStream {
  readonly readable: { getReader(): Reader<Uint8Array> };
  readonly writable: {
    getWriter(): { write(chunk: Uint8Array): Promise<unknown>; close(): Promise<unknown> };
  };
}

/** What is used of a WebTransport session: each object with the W3C interface has it. */
export interface WebTransportSession {
  readonly ready: Promise<unknown>;
  readonly closed: Promise<unknown>;
  readonly incomingBidirectionalStreams: { getReader(): Reader<ByteStream> };
  createBidirectionalStream(): Promise<ByteStream>;
  close(info?: { closeCode?: number; reason?: string }): void;
}

/** What a stream transport is given by its host. */
export interface StreamHost {
  readonly after: Clock["after"];
  readonly flushQueue: FlushScheduler;
  textBytes(text: string): Uint8Array;
  /** Undefined for bytes that are no UTF-8. */
  bytesText(bytes: Uint8Array): string | undefined;
}

/** This many bytes may wait in the stream before the peer counts as slow. */
const HIGH_WATER_MARK = 16 * 1024;
/** How long the peer may take for what was sent before a close. */
const CLOSE_TIMEOUT_MS = 10_000;
/** How long it may take to read the end of the stream. Peers that do nothing then (npm's) are closed after it. */
const LINGER_MS = 500;

/** See session/transport.ts. Its session is its own: closed with it. */
export class StreamTransport implements Transport {
  sink!: TransportSink;
  protected session: WebTransportSession | undefined = undefined;
  private readonly streams: StreamHost;
  private readonly decoder: StreamDecoder;
  private writer: ReturnType<ByteStream["writable"]["getWriter"]> | undefined = undefined;
  private waiting = 0;
  private congested = false;
  private ended = false;

  constructor(host: StreamHost, maxMessageBytes: number) {
    this.streams = host;
    this.decoder = new StreamDecoder(maxMessageBytes);
  }

  get name(): "webtransport" {
    return "webtransport";
  }

  get writable(): boolean {
    return this.writer !== undefined && !this.congested;
  }

  get bufferedAmount(): number {
    return this.waiting;
  }

  /** Whether nothing is told any more. */
  get isEnded(): boolean {
    return this.ended;
  }

  send(batch: readonly Outgoing[]): void {
    const frames: Uint8Array[] = [];
    let size = 0;
    const add = (packet: WirePacket): void => {
      const isBinary = typeof packet !== "string";
      const bytes = isBinary ? packet : this.streams.textBytes(packet);
      const header = streamHeader(bytes.length, isBinary);
      frames.push(header, bytes);
      size += header.length + bytes.length;
    };
    for (const { head, rest = [] } of batch) {
      add(head);
      rest.forEach(add);
    }
    const joined = new Uint8Array(size);
    let at = 0;
    for (const frame of frames) {
      joined.set(frame, at);
      at += frame.length;
    }
    this.waiting += size;
    if (this.waiting > HIGH_WATER_MARK) this.congested = true;
    // A write that fails is followed by the end of the reading, which tells why.
    this.writer?.write(joined).then(
      () => {
        this.waiting -= size;
        if (!this.congested || this.waiting > 0) return;
        this.congested = false;
        if (this.writer !== undefined) this.sink.onWritable();
      },
      () => {},
    );
  }

  close(closeCode?: number, reason?: string): void {
    const { session, writer } = this;
    this.writer = undefined;
    if (writer === undefined) return;
    const end = (): void => session?.close(Object.assign({}, closeCode && { closeCode }, reason && { reason }));
    const stop = this.streams.after(CLOSE_TIMEOUT_MS, end, true);
    const linger = (): void => {
      stop();
      if (!this.ended) this.streams.after(LINGER_MS, end, true);
    };
    // What was sent goes first: a session that is closed drops what was not read. A peer that has read it all, up to the end, closes the session.
    writer.close().then(linger, end);
  }

  discard(): void {
    this.ended = true;
    this.writer = undefined;
    this.session?.close();
  }

  /** The session is there. */
  protected join(session: WebTransportSession): void {
    this.session = session;
    const end = (cause: unknown): void => this.end(cause);
    session.closed.then(end, end);
  }

  /** The stream is there. */
  protected begin(stream: ByteStream): void {
    this.writer = stream.writable.getWriter();
    const reader = stream.readable.getReader();
    const read = (): void => {
      reader.read().then(
        ({ done, value }) => {
          if (this.ended) return;
          if (value) this.receive(value);
          if (done) this.end(undefined);
          else read();
        },
        (cause) => this.end(cause),
      );
    };
    read();
  }

  /** The stream or the session is gone: `cause` is what the platform says. */
  protected end(cause: unknown): void {
    this.finish(new VaivenError("SESSION_TRANSPORT_CLOSED", "the WebTransport session ended", { cause }));
  }

  protected finish(error: VaivenError | undefined): void {
    if (this.ended) return;
    this.discard();
    this.sink.onClose(error);
  }

  private receive(chunk: Uint8Array): void {
    const { flushQueue } = this.streams;
    flushQueue.enter();
    try {
      const error = this.decoder.push(chunk, (packet, isBinary) => {
        if (this.ended) return;
        if (isBinary) {
          this.sink.onBinary(packet);
          return;
        }
        const text = this.streams.bytesText(packet);
        if (text !== undefined) this.sink.onText(text);
        else this.finish(new VaivenError("PACKET_INVALID_PAYLOAD", "expected a text packet in UTF-8"));
      });
      if (error !== undefined) this.finish(error);
    } finally {
      flushQueue.leave();
    }
  }
}
