// browser/ The WebTransport transport over the browser's own WebTransport. Not in the browser files, whose size counts: programs give the class (entry/client-browser-webtransport.ts).
import { WebTransportClient } from "../http/webtransport-client.js";
import type { ClientTransportContext } from "../session/client-host.js";
import type { WebTransportSession } from "../session/stream-transport.js";

/** WebTransport in a browser. */
class BrowserWebTransport extends WebTransportClient {
  constructor(context: ClientTransportContext) {
    super(context, {
      textBytes: (text) => new TextEncoder().encode(text),
      bytesText: (bytes) => new TextDecoder().decode(bytes),
    });
  }

  protected connect(url: string, options: object): WebTransportSession {
    return new WebTransport(url, options);
  }
}

export { BrowserWebTransport as WebTransport };
