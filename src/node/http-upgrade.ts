// node/ One upgrade request until it is answered (RFC 6455 section 4.2; server/host.ts is the contract).
import { type IncomingMessage, ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { VaivenError } from "../errors.js";
import type { DeflateOptions } from "../frame/deflate.js";
import { answerHandshake, formatAnswer, type HandshakeAcceptance } from "../frame/handshake-server.js";
import type { ConnectionProfile } from "../frame/profile.js";
import type { AnswerHeaders } from "../http/exchange.js";
import type { Transport } from "../session/transport.js";
import type { ForeignWebSockets } from "./foreign-websocket.js";
import { NodeRequest } from "./node-request.js";
import { nodePlatform } from "./platform.js";
import { WebSocketServerTransport } from "./websocket-server-transport.js";

/** How long a client that was refused may take to read why. */
const REFUSAL_TIMEOUT_MS = 5000;

/** What the handshake itself says, and what has no place in an answer without a body. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "upgrade",
  "connection",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
  "content-length",
  "content-type",
  "transfer-encoding",
]);

/** How WebSockets of one engine are accepted. */
export interface NodeWebSocketAcceptor {
  readonly settings: {
    readonly maxMessageBytes: number;
    readonly deflate: DeflateOptions | undefined;
    readonly maxFragments?: number | undefined;
    readonly maxTinyFragments?: number | undefined;
  };
  readonly profile: ConnectionProfile;
  /** Who accepts them instead of us, with `wsEngine`. */
  readonly foreign: ForeignWebSockets | undefined;
}

/** Who has a socket after its handshake. */
interface AcceptedSocket {
  /** Writes `answer`, the handshake's, and tells the program; what it sends leaves together with it. Throws what the program throws, the answer being written. */
  begin(answer: string): void;
  /** Begins to read; `head` is what was read already. */
  start(head: Uint8Array): void;
}

/** See the contract of server/host.ts, `UpgradeExchange`. It is its own `request`. */
export class NodeUpgrade extends NodeRequest {
  private readonly socket: Duplex;
  private readonly head: Buffer;
  private isAnswered = false;

  constructor(req: IncomingMessage, socket: Duplex, head: Buffer) {
    super(req);
    this.socket = socket;
    this.head = head;
    // http has taken its listeners off; an error that nobody listens to would end the process.
    socket.on("error", destroyAfterError);
  }

  get isPending(): boolean {
    return !this.isAnswered && this.socket.writable;
  }

  middlewareResponse(): ServerResponse {
    return new MiddlewareResponse(this.req, this);
  }

  refuse(status: number, message: string, headers: AnswerHeaders = {}): void {
    if (!this.isPending) return;
    const all = { ...headers, Connection: "close", "Content-Length": String(Buffer.byteLength(message)) };
    const type = "Content-Type" in all || "content-type" in all ? "" : "Content-Type: text/plain; charset=UTF-8\r\n";
    this.endWith(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}\r\n${type}${headerLines(all)}\r\n${message}`);
  }

  accept(
    { profile, foreign }: NodeWebSocketAcceptor,
    headers: AnswerHeaders,
    begin: (transport: Transport) => void,
  ): Error | undefined {
    if (foreign !== undefined) {
      if (!this.isPending) return undefined;
      this.isAnswered = true;
      foreign.accept(this.req, this.socket, this.head, withoutOwn(headers), begin);
      return undefined;
    }
    return this.shakeHands(profile, firstProtocol, headers, (socket, { deflate }) => {
      const transport = new WebSocketServerTransport(socket, profile, deflate);
      return {
        begin: (text) => transport.answer(text, begin),
        start: (head) => transport.start(head),
      };
    });
  }

  /**
   * Answers the handshake. If it is accepted, `make` gets the socket; what `begin` of the answer sends leaves with the handshake's, and `start` then
   * reads. Otherwise the client has its refusal, and the answer is the error.
   * @throws what `selectProtocol` and `begin` throw
   */
  shakeHands(
    profile: ConnectionProfile,
    selectProtocol: (offered: readonly string[]) => string | undefined,
    headers: AnswerHeaders,
    make: (socket: Duplex, answer: HandshakeAcceptance) => AcceptedSocket,
  ): VaivenError | undefined {
    if (!this.isPending) return undefined;
    const { req, socket } = this;
    const answer = answerHandshake(
      { method: this.method, httpVersion: req.httpVersion, header: (name) => headerOf(req, name) },
      nodePlatform,
      { selectProtocol, deflate: profile.deflate },
    );
    if (!answer.accepted) {
      this.endWith(formatAnswer(answer));
      return answer.error;
    }
    this.isAnswered = true;
    const own = formatAnswer(answer);
    const lines = headerLines(withoutOwn(headers));
    if ("setNoDelay" in socket) (socket as Socket).setTimeout(0).setNoDelay(true);
    forgetHttp(socket);
    const accepted = make(socket, answer);
    try {
      accepted.begin(lines === "" ? own : `${own.slice(0, -2)}${lines}\r\n`);
    } finally {
      accepted.start(this.head);
    }
    return undefined;
  }

  private endWith(text: string): void {
    this.isAnswered = true;
    const { socket } = this;
    socket.end(text);
    // Unread bytes would turn the end into a reset, which may take the answer with it.
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), REFUSAL_TIMEOUT_MS);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
  }
}

/** What middlewares see of an upgrade: headers are kept for the answer, and whoever ends it has refused. */
export class MiddlewareResponse extends ServerResponse {
  private readonly upgrade: Pick<NodeUpgrade, "refuse">;

  constructor(req: IncomingMessage, upgrade: Pick<NodeUpgrade, "refuse">) {
    super(req);
    this.upgrade = upgrade;
  }

  override writeHead(status: number, ...rest: unknown[]): this {
    this.statusCode = status;
    const headers = rest.find((argument) => typeof argument === "object" && argument !== null);
    for (const [name, value] of entriesOf(headers ?? {})) this.setHeader(name, value as string);
    return this;
  }

  override write(): boolean {
    return true;
  }

  override end(...args: unknown[]): this {
    const [body] = args;
    const headers: AnswerHeaders = {};
    for (const [name, value] of Object.entries(this.getHeaders())) {
      if (value !== undefined && name !== "transfer-encoding")
        headers[name] = typeof value === "number" ? String(value) : value;
    }
    // An upgrade cannot be answered with success by anything but the handshake.
    const status = this.statusCode < 300 ? 403 : this.statusCode;
    this.upgrade.refuse(status, typeof body === "string" ? body : "", headers);
    return this;
  }
}

/** What `writeHead` takes: an object, or an array of names and values, one behind the other or in pairs. */
function entriesOf(headers: object): [string, unknown][] {
  if (!Array.isArray(headers)) return Object.entries(headers);
  const flat: unknown[] = headers.flat();
  return Array.from({ length: flat.length >> 1 }, (_, pair) => [String(flat[2 * pair]), flat[2 * pair + 1]]);
}

function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === "object" ? value.join(", ") : value;
}

/** Programs that name subprotocols want one: the client's favourite. */
function firstProtocol(offered: readonly string[]): string | undefined {
  return offered[0];
}

function withoutOwn(headers: AnswerHeaders): AnswerHeaders {
  const kept: AnswerHeaders = {};
  for (const [name, value] of Object.entries(headers)) if (!OWN_HEADERS.has(name.toLowerCase())) kept[name] = value;
  return kept;
}

/** A header that cannot be written would let its value write others: it is left out, and its author is warned. */
function headerLines(headers: AnswerHeaders): string {
  let lines = "";
  for (const [name, value] of Object.entries(headers)) {
    // Listeners of programs give numbers too, as to `setHeader`.
    for (const each of Array.isArray(value) ? value : [value]) {
      try {
        validateHeaderName(name);
        validateHeaderValue(name, each);
        lines += `${name}: ${each}\r\n`;
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }
  return lines;
}

/** What every socket of Node's does when its peer has ended. It has no effect where halves may end one by one, and as a second listener of `end` it costs an array. */
const NET_END_LISTENER: unknown = new Socket().listeners("end")[0];

/**
 * Takes http's listeners and ours off `socket`; those of the user's stay. All are taken off first, so that Node makes its table of listeners
 * anew: the one that http has filled and emptied takes 800 bytes, the new one 250.
 */
function forgetHttp(socket: Duplex): void {
  const halfOpen = socket.allowHalfOpen;
  const kept: { event: string | symbol; listener: (...args: unknown[]) => void }[] = [];
  for (const event of socket.eventNames()) {
    if (event === "timeout") continue;
    for (const listener of socket.rawListeners(event)) {
      if (listener !== destroyAfterError && !(halfOpen && listener === NET_END_LISTENER))
        kept.push({ event, listener: listener as (...args: unknown[]) => void });
    }
  }
  socket.removeAllListeners();
  for (const { event, listener } of kept) socket.on(event, listener);
}

function destroyAfterError(this: Duplex): void {
  this.destroy();
}
