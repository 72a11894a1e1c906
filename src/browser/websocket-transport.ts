// browser/ The WebSocket transport over the browser's own WebSocket: one Engine.IO packet a message.
import { VaivenError } from "../errors.js";
import { requestUrl, transportClosed, transportError } from "../http/client-request.js";
import type { Outgoing, WirePacket } from "../packet/outgoing.js";
import type { ClientTransportContext } from "../session/client-host.js";
import type { ClientTransport, TransportSink } from "../session/transport.js";
import { partOf, readBinaryText } from "./payload-codec.js";

/** WebSocket in a browser. */
class BrowserWebSocket implements ClientTransport {
  /** @internal */
  sink!: TransportSink;
  writable = false;
  private readonly context: ClientTransportContext;
  private socket: WebSocket | undefined;

  constructor(context: ClientTransportContext) {
    this.context = context;
  }

  get name(): "websocket" {
    return "websocket";
  }

  get bufferedAmount(): number {
    return this.socket ? this.socket.bufferedAmount : 0;
  }

  open(): void {
    const { context } = this;
    let socket: WebSocket;
    try {
      // Throws where the page's policy forbids the address.
      this.socket = socket = new WebSocket(requestUrl("websocket", "ws", context), context.options.protocols || []);
    } catch (error) {
      context.platform.soon(() => this.end(transportError("websocket error", error)));
      return;
    }
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.writable = true;
      if (this.sink.onOpen) this.sink.onOpen();
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      const bytes = typeof data === "string" ? readBinaryText(data) : new Uint8Array(data);
      if (bytes instanceof VaivenError) this.end(bytes);
      else if (bytes) this.sink.onBinary(bytes);
      else this.sink.onText(data as string);
    };
    socket.onerror = (event) => this.end(transportError("websocket error", event));
    socket.onclose = (event) => this.end(transportClosed("websocket connection closed", event));
  }

  send(batch: readonly Outgoing[]): void {
    for (const { head, rest } of batch) {
      this.write(head);
      if (rest) for (const packet of rest) this.write(packet);
    }
  }

  close(code?: number, reason?: string): void {
    this.writable = false;
    if (this.socket) this.socket.close(code, reason);
  }

  discard(): void {
    const { socket } = this;
    this.writable = false;
    this.socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
    socket.close();
  }

  private write(packet: WirePacket): void {
    const { forceBase64 } = this.context.options;
    if (this.socket) this.socket.send(forceBase64 ? partOf(packet) : (packet as string | Uint8Array<ArrayBuffer>));
  }

  private end(error: VaivenError): void {
    const { sink } = this;
    this.discard();
    sink.onClose(error);
  }
}

export { BrowserWebSocket as WebSocket };
