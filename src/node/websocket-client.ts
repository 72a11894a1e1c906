// node/ `vaiven/websocket`: the client's opening handshake (RFC 6455 section 4.1) by node:http, so that agents, proxies and TLS work as everywhere.
import { lookup as lookUp } from "node:dns";
import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from "node:http";
import { type RequestOptions, request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Duplex } from "node:stream";
import { VaivenError } from "../errors.js";
import {
  type HandshakeAgreement,
  type HandshakeOffer,
  offerHandshake,
  verifyHandshake,
} from "../frame/handshake-client.js";
import { handshakeTurns } from "./handshake-turns.js";
import { nodePlatform } from "./platform.js";
import { invalid, type WebSocketOptions, type WebSocketSettings, webSocketSettings } from "./websocket-options.js";
import { WebSocketPeer } from "./websocket-peer.js";

/** What is kept of the body of a refusal. */
const KEPT_BODY_BYTES = 1000;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What another origin must not get to see. */
const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"]);

export interface WebSocketClientOptions extends WebSocketOptions {
  /** Subprotocols in order of preference. Default: none. */
  readonly protocols?: string | readonly string[];
  /** Headers of the handshake beside those that it needs itself, which win. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** How many redirects are followed, never from wss to ws, and without credentials to another origin. Default: 0. */
  readonly maxRedirects?: number;
  /**
   * Whether this handshake may run beside others with the same address and port. Otherwise they run one behind the other, in the order of the calls
   * (RFC 6455 section 4.1), and `handshakeTimeout` begins with each one's turn. Default: false.
   */
  readonly parallelHandshakes?: boolean;
  /** Ends the attempt, also while it waits for its turn. Once the WebSocket is open it has no effect. Default: none. */
  readonly signal?: AbortSignal;
  /** What goes to `https.request` besides: TLS options (`ca`, `cert`, `key`, `rejectUnauthorized` …), `agent`, `localAddress`, `lookup` … */
  readonly request?: Omit<
    RequestOptions,
    "headers" | "method" | "protocol" | "host" | "hostname" | "port" | "path" | "signal"
  >;
}

const OWN_OPTIONS: readonly string[] = [
  "protocols",
  "headers",
  "maxRedirects",
  "parallelHandshakes",
  "signal",
  "request",
] satisfies readonly (keyof WebSocketClientOptions)[];

/**
 * Opens a WebSocket. Reading begins in the next turn of the event loop, so that whoever awaits the promise can listen first.
 *
 * @param url - `ws:` or `wss:`; `http:` and `https:` mean the same. User name and password are sent as `Authorization: Basic`.
 * @throws VaivenError, all as rejections: `API_INVALID_ARGUMENT`, `API_INVALID_OPTION`; `HANDSHAKE_STATUS` if the server answers otherwise (`httpStatus`,
 * `detail.body`, `detail.location`); `HANDSHAKE_UPGRADE`, `HANDSHAKE_ACCEPT`, `HANDSHAKE_PROTOCOL`, `HANDSHAKE_EXTENSION` if its answer is none;
 * `HANDSHAKE_TIMEOUT` after `handshakeTimeout`; `HANDSHAKE_ABORTED` by `signal` (`cause` is its reason); `SESSION_TRANSPORT_ERROR` if the network fails.
 *
 * @example
 * const peer = await connect("ws://localhost:3000", { protocols: ["chat"] });
 * peer.send("hello");
 */
export async function connect(url: string | URL, options: WebSocketClientOptions = {}): Promise<WebSocketPeer> {
  const settings = webSocketSettings("client", options, OWN_OPTIONS);
  const { protocols = [], maxRedirects = 0, parallelHandshakes = false, signal } = options;
  if (!Number.isSafeInteger(maxRedirects) || maxRedirects < 0) {
    throw invalid(`expected maxRedirects to be a whole number from 0, got ${String(maxRedirects)}`);
  }
  if (typeof parallelHandshakes !== "boolean") {
    throw invalid(`expected parallelHandshakes to be true or false, got ${String(parallelHandshakes)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid(`expected signal to be an AbortSignal, got ${String(signal)}`);
  }
  const makeOffer = (): HandshakeOffer =>
    offerHandshake(nodePlatform, {
      protocols: typeof protocols === "string" ? [protocols] : protocols,
      deflate: settings.profile.deflate,
    });
  return new Promise((resolve, reject) =>
    new Attempt(settings, options, makeOffer, resolve, reject).begin(targetOf(url)),
  );
}

/** One call of {@link connect}: as many requests as redirects want, and one end. */
class Attempt {
  private readonly settings: WebSocketSettings;
  private readonly options: WebSocketClientOptions;
  private readonly makeOffer: () => HandshakeOffer;
  private readonly resolve: (peer: WebSocketPeer) => void;
  private readonly reject: (error: VaivenError) => void;
  private offer: HandshakeOffer;
  private request: ClientRequest | undefined = undefined;
  private timer: NodeJS.Timeout | undefined = undefined;
  private giveTurnBack: (() => void) | undefined = undefined;
  private isOver = false;
  private redirects = 0;
  private dropsCredentials = false;

  constructor(
    settings: WebSocketSettings,
    options: WebSocketClientOptions,
    makeOffer: () => HandshakeOffer,
    resolve: (peer: WebSocketPeer) => void,
    reject: (error: VaivenError) => void,
  ) {
    this.settings = settings;
    this.options = options;
    this.makeOffer = makeOffer;
    this.offer = makeOffer();
    this.resolve = resolve;
    this.reject = reject;
  }

  begin(url: URL): void {
    const { signal } = this.options;
    if (signal?.aborted) {
      this.onAbort();
      return;
    }
    signal?.addEventListener("abort", this.onAbort);
    this.startClock();
    this.askInTurn(url);
  }

  private readonly onAbort = (): void => {
    const cause: unknown = this.options.signal?.reason;
    this.fail(
      new VaivenError("HANDSHAKE_ABORTED", `the handshake was ended by its signal: ${String(cause)}`, { cause }),
    );
  };

  private startClock(): void {
    clearTimeout(this.timer);
    const { handshakeTimeout } = this.settings;
    this.timer = setTimeout(() => {
      this.fail(new VaivenError("HANDSHAKE_TIMEOUT", `expected an answer within ${handshakeTimeout} ms, got none`));
    }, handshakeTimeout);
  }

  private askInTurn(url: URL): void {
    const { request: more, parallelHandshakes } = this.options;
    if (parallelHandshakes) {
      this.ask(url, {});
      return;
    }
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    const remote = knownRemote(url.hostname, more);
    if (remote !== undefined) {
      this.inTurn([`${remote}:${port}`], () => this.ask(url, {}));
      return;
    }
    const find = more?.lookup ?? lookUp;
    // The connection waits between its name and its address.
    const lookup: LookupFunction = (hostname, options, found) =>
      find(hostname, options, (error, address, family) => {
        const addresses = typeof address === "string" ? [address] : (address ?? []).map((each) => each.address);
        this.inTurn(
          addresses.map((each) => `${each}:${port}`),
          () => found(error, address, family),
        );
      });
    this.ask(url, { lookup });
  }

  /** The time of those before is not this one's: each of them has its own limit. */
  private inTurn(remotes: readonly string[], begin: () => void): void {
    let hasBegun = false;
    let hasWaited = false;
    const giveBack = handshakeTurns.take(remotes, () => {
      hasBegun = true;
      if (hasWaited) this.startClock();
      begin();
    });
    // It may have come to its end meanwhile.
    if (this.isOver) {
      giveBack();
      return;
    }
    this.giveTurnBack = giveBack;
    if (hasBegun) return;
    hasWaited = true;
    clearTimeout(this.timer);
  }

  private ask(url: URL, found: Pick<RequestOptions, "lookup">): void {
    let request: ClientRequest;
    try {
      request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
        // A connection of its own: one that an agent kept may be about to end.
        agent: false,
        ...this.options.request,
        ...found,
        ...(this.dropsCredentials && { auth: null }),
        headers: this.headers(),
      });
    } catch (cause) {
      this.fail(new VaivenError("API_INVALID_OPTION", `the request cannot be made: ${String(cause)}`, { cause }));
      return;
    }
    this.request = request;
    request.on("error", (cause) => {
      if (request !== this.request) return;
      this.fail(
        new VaivenError("SESSION_TRANSPORT_ERROR", `cannot connect to ${url.host}: ${cause.message}`, { cause }),
      );
    });
    request.on("upgrade", (response, socket, head) => this.upgraded(response, socket, head));
    request.on("response", (response) => this.refused(url, response));
    request.end();
  }

  private headers(): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = {};
    for (const [name, value] of Object.entries(this.options.headers ?? {})) {
      if (!this.dropsCredentials || !CREDENTIALS.has(name.toLowerCase()))
        headers[name] = typeof value === "string" ? value : [...value];
    }
    // Behind the program's, and so in their place where they have the same name.
    for (const [name, value] of this.offer.headers) headers[name] = value;
    return headers;
  }

  private upgraded(response: IncomingMessage, socket: Duplex, head: Buffer): void {
    const answer = this.verify(response);
    if (answer instanceof VaivenError) {
      socket.on("error", () => {});
      socket.destroy();
      this.fail(answer);
      return;
    }
    this.over();
    if ("setNoDelay" in socket && typeof socket.setNoDelay === "function") socket.setNoDelay(true);
    const peer = new WebSocketPeer(socket, this.settings, answer.protocol, answer.deflate);
    this.resolve(peer);
    setImmediate(() => WebSocketPeer.start(peer, head));
  }

  private refused(url: URL, response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (REDIRECTS.has(status) && location !== undefined && this.redirects < (this.options.maxRedirects ?? 0)) {
      this.follow(url, location, response);
      return;
    }
    const chunks: Buffer[] = [];
    let kept = 0;
    const tell = (): void => {
      const body = Buffer.concat(chunks).toString("utf8").slice(0, KEPT_BODY_BYTES);
      const error = this.verify(response);
      if (!(error instanceof VaivenError)) return;
      const { code, httpStatus, message } = error;
      const detail = { body, ...(location === undefined ? {} : { location }) };
      const why = body === "" ? message : `${message}: ${body}`;
      this.fail(new VaivenError(code, why, httpStatus === undefined ? { detail } : { httpStatus, detail }));
    };
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      kept += chunk.length;
      if (kept >= KEPT_BODY_BYTES) tell();
    });
    response.on("error", () => {});
    response.on("close", tell);
  }

  private follow(from: URL, location: string, response: IncomingMessage): void {
    response.on("error", () => {});
    this.request?.destroy();
    this.giveTurnBack?.();
    this.redirects++;
    let to: URL;
    try {
      to = targetOf(new URL(location, from));
    } catch (cause) {
      this.fail(new VaivenError("HANDSHAKE_STATUS", `cannot follow the redirect to "${location}"`, { cause }));
      return;
    }
    if (from.protocol === "https:" && to.protocol !== "https:") {
      this.fail(new VaivenError("HANDSHAKE_STATUS", `expected a redirect to wss: from wss:, got "${location}"`));
      return;
    }
    if (to.origin !== from.origin) this.dropsCredentials = true;
    // Section 4.1: "The nonce MUST be selected randomly for each connection."
    this.offer = this.makeOffer();
    this.askInTurn(to);
  }

  private verify(response: IncomingMessage): HandshakeAgreement | VaivenError {
    try {
      return verifyHandshake(this.offer, {
        status: response.statusCode ?? 0,
        header: (name) => {
          const value = response.headers[name];
          return typeof value === "object" ? value.join(", ") : value;
        },
      });
    } catch (error) {
      if (error instanceof VaivenError) return error;
      throw error;
    }
  }

  private fail(error: VaivenError): void {
    if (this.isOver) return;
    this.over();
    const { request } = this;
    this.request = undefined;
    request?.destroy();
    this.reject(error);
  }

  private over(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    this.options.signal?.removeEventListener("abort", this.onAbort);
    this.giveTurnBack?.();
  }
}

/**
 * What stands for the host where it is known before the connection is made: its address; where somebody else finds the address (a proxy's agent), the
 * name, as RFC 6455 says. Undefined for a name that has to be looked up.
 */
function knownRemote(hostname: string, request: WebSocketClientOptions["request"]): string | undefined {
  if (typeof request?.socketPath === "string") return request.socketPath;
  if (request !== undefined && (request.createConnection !== undefined || request.agent)) return hostname;
  const address = hostname.replace(/^\[|\]$/g, "");
  return isIP(address) === 0 ? undefined : address;
}

/**
 * As node:http takes it.
 * @throws VaivenError `API_INVALID_ARGUMENT`
 */
function targetOf(url: string | URL): URL {
  let target: URL;
  try {
    target = new URL(String(url).replace(/^ws(?=s?:)/i, "http"));
  } catch (cause) {
    throw new VaivenError("API_INVALID_ARGUMENT", `expected a URL, got "${String(url)}"`, { cause });
  }
  if (target.protocol !== "http:" && target.protocol !== "https:") {
    throw new VaivenError("API_INVALID_ARGUMENT", `expected a ws: or wss: URL, got "${String(url)}"`);
  }
  // `hash` is "" also where the fragment is there and empty.
  if (target.href.includes("#")) {
    throw new VaivenError(
      "API_INVALID_ARGUMENT",
      `expected a URL without fragment (RFC 6455 section 3), got "${String(url)}"`,
    );
  }
  return target;
}
