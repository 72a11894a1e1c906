// browser/compact/ What carries a session of the small client, and the browser's WebSocket as one: an Engine.IO packet (protocol v4) a message.
import { transportError } from "../../http/client-request.js";
import { bytesOf } from "../packet-codec.js";
import { base64Of } from "../payload-codec.js";
import { type Engine, optionsOf, urlOf } from "./engine.js";
import type { Options } from "./options.js";
import type { BinaryMessage, Message } from "./parser.js";

/** One way to a server: made open, for a session that begins or that is to go on over it. */
export interface Transport {
  readonly name: string;
  /** Sends one Engine.IO packet, behind those before it. @internal */
  _send(packet: string | BinaryMessage): void;
  /** What was sent in this turn is together. False: the engine is told by {@link Engine._onDrain} when it has left. @internal */
  _flush(): boolean;
  /** Ends, behind what was sent; `reason` says who wished it. @internal */
  _finish(reason?: string): void;
}

/** Who hears of a transport: an engine, or what decides whether a session goes over to it. @internal */
export interface Sink {
  _onUsable?(): void;
  _onPacket(packet: Message): void;
  _end(reason: string, description?: unknown): void;
}

/** WebSocket. */
export class WebSocketTransport implements Transport {
  protected readonly opts: Options;
  private webSocket: WebSocket | undefined;

  constructor(engine: Engine, sink: Sink) {
    const opts = optionsOf(engine.opts, "websocket");
    this.opts = opts;
    const fail = (cause: unknown): void => sink._end("transport error", transportError("websocket error", cause));
    try {
      // Throws where the page's policy forbids the address.
      const socket = new WebSocket(urlOf("ws", "websocket", engine, opts), opts.protocols || []);
      this.webSocket = socket;
      socket.binaryType = "arraybuffer";
      socket.onopen = () => sink._onUsable && sink._onUsable();
      socket.onmessage = ({ data }) => sink._onPacket(data);
      socket.onerror = fail;
      socket.onclose = (event) =>
        sink._end("transport close", { description: "websocket connection closed", context: event });
    } catch (error) {
      setTimeout(() => fail(error));
    }
  }

  get name(): string {
    return "websocket";
  }

  /** @internal */
  _send(packet: string | BinaryMessage): void {
    const bytes = this.opts.forceBase64 && bytesOf(packet);
    (this.webSocket as WebSocket).send(bytes ? base64Of(bytes) : packet);
  }

  /** @internal */
  _flush(): boolean {
    return true;
  }

  /** @internal */
  _finish(): void {
    if (this.webSocket) this.webSocket.close();
  }
}
