// session/ A message transport whose packets take another form on the wire (packet/message-form.ts). The usual form needs none, and pays for none.
import { VaivenError } from "../errors.js";
import type { MessageForm } from "../packet/message-form.js";
import type { Outgoing } from "../packet/outgoing.js";
import { NO_SINK } from "./no-sink.js";
import type { Transport, TransportName, TransportSink } from "./transport.js";

/** Stands between a session and its transport, and rewrites what goes through. */
export class RewritingTransport implements Transport, TransportSink {
  /** Until a session takes it, which may not want it. */
  sink: TransportSink = NO_SINK;
  private readonly inner: Transport;
  private readonly form: MessageForm;
  private ended = false;

  constructor(inner: Transport, form: MessageForm) {
    this.inner = inner;
    this.form = form;
    inner.sink = this;
  }

  get name(): TransportName {
    return this.inner.name;
  }

  get writable(): boolean {
    return !this.ended && this.inner.writable;
  }

  get bufferedAmount(): number {
    return this.inner.bufferedAmount;
  }

  get webSocket(): object | undefined {
    return this.inner.webSocket;
  }

  send(batch: readonly Outgoing[]): void {
    if (!this.ended) this.inner.send(batch.map((packet) => this.form.write(packet)));
  }

  close(code?: number, reason?: string): void {
    this.inner.close(code, reason);
  }

  discard(): void {
    this.ended = true;
    this.inner.discard();
  }

  onText(text: string): void {
    if (this.ended) return;
    const bytes = this.form.readText(text);
    if (bytes === undefined) this.sink.onText(text);
    else this.deliver(bytes);
  }

  onBinary(bytes: Uint8Array): void {
    if (!this.ended) this.deliver(this.form.readBytes(bytes));
  }

  onWritable(): void {
    if (!this.ended) this.sink.onWritable();
  }

  onClose(error: VaivenError | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.sink.onClose(error);
  }

  private deliver(message: Uint8Array | VaivenError): void {
    if (!(message instanceof VaivenError)) {
      this.sink.onBinary(message);
      return;
    }
    this.ended = true;
    this.inner.close(1002, message.code);
    this.sink.onClose(message);
  }
}
