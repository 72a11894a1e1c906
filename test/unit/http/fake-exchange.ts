// An exchange without a network: what it was answered is there to look at.
import type {
  AnswerHeaders,
  ContentCoding,
  Exchange,
  ExchangeOwner,
  HttpRequest,
  RequestHeaders,
} from "../../../src/http/exchange.js";

export class FakeExchange implements Exchange {
  readonly request: HttpRequest;
  owner: ExchangeOwner | undefined = undefined;
  beforeAnswer: ((headers: AnswerHeaders) => void) | undefined = undefined;
  isAbandoned = false;
  pendingBytes = 0;
  status: number | undefined = undefined;
  headers: AnswerHeaders = {};
  body: string | Uint8Array | undefined = undefined;
  coding: ContentCoding | undefined = undefined;
  bodyLimit: number | undefined = undefined;

  constructor(method = "GET", headers: RequestHeaders = {}, url = "/") {
    this.request = { method, url, headers, remoteAddress: "127.0.0.1", secure: false };
  }

  readBody(limit: number): void {
    this.bodyLimit = limit;
  }

  answer(status: number, headers: AnswerHeaders, body: string | Uint8Array, coding?: ContentCoding): void {
    if (this.status !== undefined) return;
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.coding = coding;
  }

  cork(): void {}

  uncork(): void {}

  /** The body of the request comes. */
  comes(body: string | Uint8Array): this {
    this.owner?.onBody(this, typeof body === "string" ? Buffer.from(body) : body);
    return this;
  }

  /** The client leaves. */
  leaves(): void {
    this.isAbandoned = true;
    this.owner?.onAbandoned(this);
  }
}
