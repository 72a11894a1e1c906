// http/ WebTransport, the client's end (Engine.IO protocol v4, "WebTransport"): one bidirectional stream, whose first packet says what for.
import { controlPacket } from "../packet/outgoing.js";
import type { ClientTransportContext } from "../session/client-host.js";
import { type StreamHost, StreamTransport, type WebTransportSession } from "../session/stream-transport.js";
import type { ClientTransport } from "../session/transport.js";
import { requestUrl, transportClosed, transportError } from "./client-request.js";

/** The WebTransport transport of a client. Hosts subclass it, and give the way to a session. */
export abstract class WebTransportClient extends StreamTransport implements ClientTransport {
  private readonly context: ClientTransportContext;
  private opened = false;

  constructor(context: ClientTransportContext, text: Pick<StreamHost, "textBytes" | "bytesText">) {
    super(Object.assign({ after: context.platform.after, flushQueue: context.flushQueue }, text), Infinity);
    this.context = context;
  }

  /** Begins a session. May throw. `options`: what `transportOptions` has for WebTransport. */
  protected abstract connect(url: string, options: object): WebTransportSession;

  open(): void {
    const { context } = this;
    const { sid, options } = context;
    const failed = (cause: unknown): void => this.end(cause);
    try {
      // Always over TLS, and without a query: servers find sessions by their path.
      const url = requestUrl(this.name, "http", context)
        .replace(/^http:/, "https:")
        .replace(/\?.*/, "");
      const own = options["transportOptions"] as Record<string, object> | undefined;
      const session = this.connect(url, own?.[this.name] ?? {});
      this.join(session);
      session.ready
        .then(() => session.createBidirectionalStream())
        .then((stream) => {
          if (this.isEnded) return;
          this.opened = true;
          this.begin(stream);
          this.send([controlPacket("open", sid && JSON.stringify({ sid }))]);
          this.sink.onOpen?.();
        }, failed);
    } catch (cause) {
      // There is no WebTransport here, or the page's policy forbids it.
      context.platform.soon(() => failed(cause));
    }
  }

  protected override end(cause: unknown): void {
    this.finish(
      this.opened
        ? transportClosed("webtransport connection closed", cause)
        : transportError("webtransport error", cause),
    );
  }
}
