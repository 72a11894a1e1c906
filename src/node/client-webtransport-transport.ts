// node/ The WebTransport transport of a client, over a class with the W3C interface that the program has put into `globalThis.WebTransport`: Node has none of its own.
import { VaivenError } from "../errors.js";
import { WebTransportClient } from "../http/webtransport-client.js";
import type { ClientTransportContext } from "../session/client-host.js";
import type { WebTransportSession } from "../session/stream-transport.js";
import { nodePlatform } from "./platform.js";

type WebTransportClass = new (url: string, options: object) => WebTransportSession;

/** WebTransport on Node. */
export class NodeWebTransport extends WebTransportClient {
  constructor(context: ClientTransportContext) {
    super(context, {
      textBytes: (text) => Buffer.from(text),
      bytesText: (bytes) =>
        nodePlatform.isUtf8(bytes, 0, bytes.length) ? nodePlatform.readText(bytes, 0, bytes.length, false) : undefined,
    });
  }

  protected connect(url: string, options: object): WebTransportSession {
    const { WebTransport } = globalThis as { WebTransport?: WebTransportClass };
    if (WebTransport === undefined) {
      throw new VaivenError("API_UNAVAILABLE", "expected globalThis.WebTransport to be a class with the W3C interface");
    }
    return new WebTransport(url, options);
  }
}
