// node/ One request and its answer over node:http (http/exchange.ts is the contract). Nothing here is made per request but the exchange itself.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AnswerHeaders, ContentCoding, Exchange, ExchangeOwner } from "../http/exchange.js";
import { compressLater, compressNow } from "./content-codings.js";
import { NodeRequest } from "./node-request.js";

/** About 0.2 ms of one core; beyond it the thread pool compresses. */
const SYNCHRONOUS_BYTES = 16 * 1024;
/** What is thrown away of a body that is too big, in multiples of its limit, before the connection is cut: a client that is told 413 in time can read it. */
const DISCARD_FACTOR = 4;

/** Where Node's objects keep their exchange, so that all share their listeners; no symbols: see websocket-server-transport.ts. */
type ExchangeResponse = ServerResponse & { vaivenExchange?: NodeExchange };
type ExchangeMessage = IncomingMessage & { vaivenExchange?: NodeExchange };

/** See the contract. It is its own `request`, reading Node's as it goes. */
export class NodeExchange extends NodeRequest implements Exchange {
  owner: ExchangeOwner | undefined = undefined;
  beforeAnswer: ((headers: AnswerHeaders) => void) | undefined = undefined;
  isAbandoned = false;
  private isAnswered = false;
  private isCorked = false;
  /** The body with which {@link uncork} ends the answer. */
  private corked: string | Uint8Array | undefined = undefined;
  private readonly res: ServerResponse;
  private body: Buffer[] | undefined = undefined;
  private bodyBytes = 0;
  private bodyLimit = 0;

  constructor(req: IncomingMessage, res: ServerResponse) {
    super(req);
    this.res = res;
    (res as ExchangeResponse).vaivenExchange = this;
    res.on("close", onResponseClose);
  }

  get pendingBytes(): number {
    return this.res.writableFinished || this.isAbandoned ? 0 : this.res.writableLength;
  }

  readBody(limit: number): void {
    const { req } = this;
    (req as ExchangeMessage).vaivenExchange = this;
    this.body = [];
    this.bodyLimit = limit;
    const announced = Number(req.headers["content-length"] ?? 0);
    if (announced > limit) this.refuseBody();
    req.on("data", onBodyData).on("end", onBodyEnd).on("error", ignore);
  }

  answer(status: number, headers: AnswerHeaders, body: string | Uint8Array, coding?: ContentCoding): void {
    if (this.isAnswered || this.isAbandoned) return;
    this.isAnswered = true;
    // What still comes of the body is heard by nobody.
    this.body = undefined;
    if (coding === undefined) {
      this.write(status, headers, body);
      return;
    }
    headers["Content-Encoding"] = coding;
    headers["Vary"] = "Accept-Encoding";
    const plain = typeof body === "string" ? Buffer.from(body) : body;
    if (plain.length <= SYNCHRONOUS_BYTES) {
      this.write(status, headers, compressNow(coding, plain));
      return;
    }
    compressLater(coding, plain, (error, compressed) => {
      if (error === null) this.write(status, headers, compressed);
      else this.res.destroy();
    });
  }

  cork(): void {
    this.isCorked = true;
  }

  uncork(): void {
    const { corked } = this;
    this.isCorked = false;
    this.corked = undefined;
    if (corked !== undefined) this.end(corked);
  }

  takeBody(chunk: Buffer): void {
    this.bodyBytes += chunk.length;
    if (this.body === undefined) {
      if (this.bodyBytes > this.bodyLimit * DISCARD_FACTOR) this.req.destroy();
      return;
    }
    if (this.bodyBytes > this.bodyLimit) this.refuseBody();
    else this.body.push(chunk);
  }

  finishBody(): void {
    const { body } = this;
    this.body = undefined;
    if (body === undefined || this.isAnswered) return;
    this.owner?.onBody(this, body.length === 1 ? body[0]! : Buffer.concat(body));
  }

  closed(): void {
    if (this.res.writableFinished) return;
    this.isAbandoned = true;
    this.body = undefined;
    this.owner?.onAbandoned(this);
  }

  private refuseBody(): void {
    this.body = undefined;
    this.owner?.onBodyTooBig(this);
  }

  private write(status: number, headers: AnswerHeaders, body: string | Uint8Array): void {
    const { res } = this;
    if (res.destroyed || res.headersSent) return;
    if (status !== 304)
      headers["Content-Length"] = String(typeof body === "string" ? Buffer.byteLength(body) : body.length);
    try {
      this.beforeAnswer?.(headers);
      res.writeHead(status, withVary(res, headers) as Record<string, string | string[]>);
    } catch (error) {
      // A header that a listener or middleware set cannot be written: its author must hear of it, and the client must not wait.
      process.emitWarning(error instanceof Error ? error : String(error));
      res.destroy();
      return;
    }
    // Nothing of the headers is on its way before the end is written.
    if (this.isCorked) this.corked = body;
    else this.end(body);
  }

  private end(body: string | Uint8Array): void {
    if (typeof body === "string") this.res.end(body, "utf8");
    else this.res.end(body);
  }
}

/** Headers given to `writeHead` replace those of middlewares; caches need what both say in `Vary`. */
function withVary(res: ServerResponse, headers: AnswerHeaders): AnswerHeaders {
  const earlier = res.getHeader("vary");
  if (earlier !== undefined && headers["Vary"] !== undefined)
    headers["Vary"] = `${String(earlier)}, ${String(headers["Vary"])}`;
  return headers;
}

function onResponseClose(this: ServerResponse): void {
  (this as ExchangeResponse).vaivenExchange?.closed();
}

function onBodyData(this: IncomingMessage, chunk: Buffer): void {
  (this as ExchangeMessage).vaivenExchange?.takeBody(chunk);
}

function onBodyEnd(this: IncomingMessage): void {
  (this as ExchangeMessage).vaivenExchange?.finishBody();
}

/** The end of the response tells of every way in which a request can fail. */
function ignore(): void {}
