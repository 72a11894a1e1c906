// node/ A request of node:http as the pure stages see it (http/exchange.ts, `HttpRequest`). Whoever answers one is its own request: nothing is made for it.
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import type { HttpRequest, RequestHeaders } from "../http/exchange.js";

/** Reads Node's request as it is asked. */
export abstract class NodeRequest implements HttpRequest {
  protected readonly req: IncomingMessage;

  constructor(req: IncomingMessage) {
    this.req = req;
  }

  get request(): HttpRequest {
    return this;
  }

  get method(): string {
    return this.req.method ?? "GET";
  }

  get url(): string {
    return this.req.url ?? "/";
  }

  get headers(): RequestHeaders {
    return this.req.headers;
  }

  get remoteAddress(): string | undefined {
    return this.req.socket.remoteAddress;
  }

  get secure(): boolean {
    return isEncrypted(this.req);
  }
}

/** Whether the client has shown a certificate. Whoever asked for it will look at it later. */
export function hasCertificate({ socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket && "raw" in (socket.getPeerCertificate() ?? {});
}

/** Whether the request came over TLS. */
export function isEncrypted(req: IncomingMessage): boolean {
  return "encrypted" in req.socket && req.socket.encrypted === true;
}
