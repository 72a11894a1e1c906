// http/ contract: one HTTP request and its one answer, as the pure stage sees them. node/http-exchange.ts implements it.

/** Header names in lower case; values as Node gives them (repeated `set-cookie` only as a list). */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Header names as they are to be written. A list writes the header once for each value. */
export type AnswerHeaders = Record<string, string | readonly string[]>;

/** What is known of a request before its body. */
export interface HttpRequest {
  readonly method: string;
  /** The request target as it came, in origin form: `/socket.io/?EIO=4&transport=polling`. */
  readonly url: string;
  readonly headers: RequestHeaders;
  /** The address of the peer of the socket; undefined once it is gone. */
  readonly remoteAddress: string | undefined;
  /** Whether the socket is encrypted. A proxy in front may say otherwise: see trusted-proxy.ts. */
  readonly secure: boolean;
}

/** Codings of a body that a host can make. */
export type ContentCoding = "br" | "gzip" | "deflate";

/** Who takes the body of a request and is told of its end. Called at most once each, never after the answer. */
export interface ExchangeOwner {
  /** The whole body. It belongs to the receiver. */
  onBody(exchange: Exchange, body: Uint8Array): void;
  /** More than the limit was announced or came; what follows is thrown away by the host, which closes the connection behind the answer. */
  onBodyTooBig(exchange: Exchange): void;
  /** The client left before it had the whole answer, also while that was on its way. */
  onAbandoned(exchange: Exchange): void;
}

/** One request that waits for its answer. Holding it is keeping it. Nothing here throws because of the peer. */
export interface Exchange {
  readonly request: HttpRequest;
  /** Is told when the client leaves. May be set and replaced at any time before the answer. */
  owner: ExchangeOwner | undefined;
  /** Sees the headers of the answer before they are written, and may change them: cookie, `headers` and `initial_headers` listeners. */
  beforeAnswer: ((headers: AnswerHeaders) => void) | undefined;
  /** Whether the client has left, so that nobody waits for an answer any more. */
  readonly isAbandoned: boolean;
  /** Bytes of the answer that the operating system has not taken. */
  readonly pendingBytes: number;
  /** Reads the body for {@link owner}, which is set. Only for requests with a body; once. */
  readBody(limit: number): void;
  /**
   * Answers. `Content-Length` is added, `Vary` is joined with what middlewares set; with `coding` the body is compressed first (large bodies outside of this turn) and `Content-Encoding` is added.
   * The second answer, and one to a client that left, is a no-op.
   */
  answer(status: number, headers: AnswerHeaders, body: string | Uint8Array, coding?: ContentCoding): void;
  /** An answer that is given from now on leaves at {@link uncork}. */
  cork(): void;
  uncork(): void;
}
