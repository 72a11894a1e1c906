// Test support: Engine.IO v4 and Socket.IO v5 spoken by bytes, over node:http and `ws`, with no client library between.
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from "node:http";
import { WebSocket } from "ws";
import { inTime } from "./waiting.js";

const SEPARATOR = "\x1e";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** One plain HTTP request on a connection of its own. */
export function ask(port: number, path: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { host: "127.0.0.1", port, path, method, headers, agent: false };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          text: whole.toString("utf8"),
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** The fields of the packet that opens a session (Engine.IO v4, "Handshake"). */
export interface OpenPacket {
  readonly sid: string;
  readonly upgrades: string[];
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly maxPayload: number;
}

/** A polling session by hand: every GET and POST is made by the test. */
export class RawPolling {
  readonly port: number;
  readonly path: string;
  readonly open: OpenPacket;
  readonly answer: Answer;

  constructor(port: number, path: string, answer: Answer) {
    this.port = port;
    this.path = path;
    this.answer = answer;
    this.open = JSON.parse(answer.text.slice(1)) as OpenPacket;
  }

  get url(): string {
    return `${this.path}?EIO=4&transport=polling&sid=${this.open.sid}`;
  }

  get(): Promise<Answer> {
    return inTime(ask(this.port, this.url), "the answer to a GET of a polling session");
  }

  post(
    body: string | Buffer,
    headers: Record<string, string> = { "content-type": "text/plain;charset=UTF-8" },
  ): Promise<Answer> {
    return inTime(ask(this.port, this.url, { method: "POST", headers, body }), "the answer to a POST");
  }

  /** The packets of one GET. */
  async packets(): Promise<string[]> {
    const answer = await this.get();
    if (answer.status !== 200) throw new Error(`GET answered ${answer.status}: ${answer.text}`);
    return answer.text.split(SEPARATOR);
  }

  /** GETs until `count` packets other than pings have come. */
  async collect(count: number): Promise<string[]> {
    const packets: string[] = [];
    while (packets.length < count) packets.push(...(await this.packets()).filter((packet) => packet !== "2"));
    return packets;
  }

  /** Joins a namespace and returns its CONNECT answer. */
  async join(namespace: string = "/", auth?: unknown): Promise<string> {
    await this.post(connectPacket(namespace, auth));
    const [packet] = await this.collect(1);
    return packet ?? "";
  }
}

/** Opens a session over polling. */
export async function openPolling(
  port: number,
  { path = "/socket.io/", query = "" }: { path?: string; query?: string } = {},
): Promise<RawPolling> {
  const answer = await ask(port, `${path}?EIO=4&transport=polling${query}`);
  if (answer.status !== 200) throw new Error(`the handshake was answered ${answer.status}: ${answer.text}`);
  return new RawPolling(port, path, answer);
}

/** A WebSocket whose messages are read one by one. */
export class RawWebSocket {
  readonly ws: WebSocket;
  /** Resolves with code and reason when the connection is closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  isClosed: boolean = false;
  private readonly inbox: (string | Buffer)[] = [];
  private readonly waiting: ((message: string | Buffer) => void)[] = [];

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data: Buffer, isBinary) => {
      const message = isBinary ? data : data.toString("utf8");
      const waiter = this.waiting.shift();
      if (waiter === undefined) this.inbox.push(message);
      else waiter(message);
    });
    this.closed = new Promise((resolve) => {
      ws.on("close", (code, reason) => {
        this.isClosed = true;
        resolve({ code, reason: reason.toString("utf8") });
      });
    });
    ws.on("error", () => {});
  }

  send(message: string | Buffer): void {
    this.ws.send(message);
  }

  next(): Promise<string | Buffer> {
    const message = this.inbox.shift();
    if (message !== undefined) return Promise.resolve(message);
    const coming = new Promise<string | Buffer>((resolve) => this.waiting.push(resolve));
    return inTime(coming, "a WebSocket message");
  }

  /** The next message that is text and no ping. */
  async text(): Promise<string> {
    for (;;) {
      const message = await this.next();
      if (typeof message === "string" && message !== "2") return message;
    }
  }

  /** Messages read by nobody so far. */
  get unread(): readonly (string | Buffer)[] {
    return this.inbox;
  }

  async join(namespace: string = "/", auth?: unknown): Promise<string> {
    this.send(connectPacket(namespace, auth));
    return this.text();
  }

  close(): void {
    this.ws.terminate();
  }
}

/** A WebSocket to the server, once it is open; the open packet is left unread. */
export function dial(
  port: number,
  query: string = "EIO=4&transport=websocket",
  { path = "/socket.io/", headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<RawWebSocket> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}${path}?${query}`, { headers, perMessageDeflate: false });
    const raw = new RawWebSocket(ws);
    ws.on("open", () => resolve(raw));
    ws.on("error", reject);
  });
}

/** The status and body with which the server refuses a WebSocket handshake. */
export function refusedUpgrade(
  port: number,
  query: string,
  { path = "/socket.io/", headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}${path}?${query}`, { headers });
    ws.on("open", () => {
      ws.terminate();
      reject(new Error("the upgrade was accepted"));
    });
    ws.on("unexpected-response", (_request, response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
      });
      response.on("error", reject);
    });
    ws.on("error", reject);
  });
}

/** Opens a session over WebSocket and reads the open packet. */
export async function openWebSocket(
  port: number,
  options?: { path?: string; headers?: Record<string, string> },
): Promise<{ raw: RawWebSocket; open: OpenPacket }> {
  const raw = await dial(port, undefined, options);
  const first = await raw.next();
  if (typeof first !== "string" || !first.startsWith("0"))
    throw new Error(`expected an open packet, came ${String(first)}`);
  return { raw, open: JSON.parse(first.slice(1)) as OpenPacket };
}

/** `40`, with namespace and auth where they are given. */
export function connectPacket(namespace: string = "/", auth?: unknown): string {
  const prefix = namespace === "/" ? "40" : `40${namespace},`;
  return auth === undefined ? prefix : prefix + JSON.stringify(auth);
}
