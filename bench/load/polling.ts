// Load generator: HTTP long-polling with prepared requests, two kept-alive connections a client as a browser has (Engine.IO 4, polling).
import type { Load } from "../loads.js";
import { Connection, type Target } from "./connection.js";
import { type Driver, Window } from "./driver.js";
import { Latency } from "./latency.js";

const BODY = "0123456789abcdef0123456789abcdef";
const MESSAGE = `42["echo","${BODY}"]`;
const SAMPLED_EVERY = 10;

const BROWSER_HEADERS = [
  "Connection: keep-alive",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Accept: */*",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: es-ES,es;q=0.9,en-US;q=0.8,en;q=0.7",
  "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; _ga=GA1.1.1234567890.1234567890",
  "Sec-Fetch-Dest: empty",
  "Sec-Fetch-Mode: cors",
  "Sec-Fetch-Site: same-origin",
].join("\r\n");

function getRequest(port: number, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${BROWSER_HEADERS}\r\n\r\n`);
}

function postRequest(port: number, path: string, body: string): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\n${BROWSER_HEADERS}`;
  return Buffer.from(
    `${head}\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** Kept-alive responses on one connection. One of the length that was last read as `expected` is not read again. */
class Exchanges {
  #connection: Connection;
  #expected: string;
  #expectedBytes = -1;
  #pending = Buffer.alloc(0);
  /** Called with a body, or with the expected one for a response that was recognised by its length. */
  onBody: (body: string) => void = () => {};

  constructor(connection: Connection, expected: string) {
    this.#connection = connection;
    this.#expected = expected;
    connection.receive = (chunk, bytes) => this.#received(chunk, bytes);
  }

  send(request: Buffer): void {
    this.#connection.socket.write(request);
  }

  close(): void {
    this.#connection.close();
  }

  #received(chunk: Buffer, bytes: number): void {
    if (this.#pending.length === 0 && bytes === this.#expectedBytes) {
      this.onBody(this.#expected);
      return;
    }
    this.#pending = Buffer.concat([this.#pending, chunk.subarray(0, bytes)]);
    const headEnd = this.#pending.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const head = this.#pending.toString("latin1", 0, headEnd);
    const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
    const body = isChunked ? this.#chunkedBody(headEnd + 4) : this.#plainBody(head, headEnd + 4);
    if (body === undefined) return;
    if (!head.startsWith("HTTP/1.1 200")) throw new Error(`polling answered: ${head.slice(0, 100)} ${body}`);
    if (body === this.#expected && this.#pending.length === bytes) this.#expectedBytes = bytes;
    this.#pending = Buffer.alloc(0);
    this.onBody(body);
  }

  #plainBody(head: string, start: number): string | undefined {
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (this.#pending.length < start + length) return undefined;
    return this.#pending.toString("utf8", start, start + length);
  }

  /** Only short bodies come here: they are one chunk and the last one. */
  #chunkedBody(start: number): string | undefined {
    const text = this.#pending.toString("utf8", start);
    if (!text.endsWith("0\r\n\r\n")) return undefined;
    const lengthEnd = text.indexOf("\r\n");
    return text.slice(lengthEnd + 2, lengthEnd + 2 + Number.parseInt(text, 16));
  }
}

/** One message in flight: POST, its "ok", and the reply as the body of the held GET; then the next. */
class PollingClient {
  #poll: Exchanges;
  #post: Exchanges;
  #get: Buffer = Buffer.alloc(0);
  #message: Buffer = Buffer.alloc(0);
  #pong: Buffer = Buffer.alloc(0);
  #port: number;
  #isSampled: boolean;
  #driver: PollingDriver;
  #isPosting = false;
  #hasReply = false;
  #needsPong = false;
  #sentAt = 0;

  constructor(port: number, isSampled: boolean, driver: PollingDriver, fail: (error: Error) => void) {
    this.#port = port;
    this.#isSampled = isSampled;
    this.#driver = driver;
    this.#poll = new Exchanges(new Connection(port, fail), MESSAGE);
    this.#post = new Exchanges(new Connection(port, fail), "ok");
  }

  async open(isSocketIo: boolean, index: number): Promise<void> {
    const base = isSocketIo ? "/socket.io/?EIO=4&transport=polling" : `/?sid=${index}`;
    const path = isSocketIo ? await this.#openSession(base) : base;
    this.#get = getRequest(this.#port, path);
    this.#message = postRequest(this.#port, path, MESSAGE);
    this.#pong = postRequest(this.#port, path, "3");
    this.#poll.onBody = (body) => this.#polled(body);
    this.#post.onBody = () => this.#posted();
    this.#poll.send(this.#get);
  }

  async #openSession(base: string): Promise<string> {
    const opened = await body(this.#poll, getRequest(this.#port, base));
    const sid = /^0.*"sid":"([^"]+)"/.exec(opened)?.[1];
    if (sid === undefined) throw new Error(`no session: ${opened}`);
    const path = `${base}&sid=${sid}`;
    const ok = await body(this.#post, postRequest(this.#port, path, "40"));
    const connected = await body(this.#poll, getRequest(this.#port, path));
    if (ok !== "ok" || !connected.startsWith("40")) throw new Error(`no CONNECT: ${ok} ${connected}`);
    return path;
  }

  send(): void {
    this.#sentAt = this.#isSampled ? performance.now() : 0;
    this.#isPosting = true;
    this.#post.send(this.#message);
  }

  #polled(payload: string): void {
    this.#poll.send(this.#get);
    for (const packet of payload.split("\x1e")) {
      if (packet === "2") this.#needsPong = true;
      else if (packet === MESSAGE) this.#hasReply = true;
      else throw new Error(`unexpected over polling: ${packet.slice(0, 200)}`);
    }
    this.#advance();
  }

  #posted(): void {
    this.#isPosting = false;
    this.#advance();
  }

  #advance(): void {
    if (this.#isPosting) return;
    if (this.#needsPong) {
      this.#needsPong = false;
      this.#isPosting = true;
      this.#post.send(this.#pong);
      return;
    }
    if (!this.#hasReply) return;
    this.#hasReply = false;
    if (this.#isSampled) this.#driver.samples.add(performance.now() - this.#sentAt);
    if (this.#driver.replied()) this.send();
  }

  close(): void {
    this.#poll.close();
    this.#post.close();
  }
}

function body(exchanges: Exchanges, request: Buffer): Promise<string> {
  return new Promise((resolve) => {
    exchanges.onBody = resolve;
    exchanges.send(request);
  });
}

export class PollingDriver implements Driver {
  messages = 0;
  readonly samples: Latency = new Latency();
  #load: Load;
  #target: Target;
  #clients: PollingClient[] = [];
  #window = new Window();
  #outstanding = 0;

  constructor(load: Load, target: Target) {
    this.#load = load;
    this.#target = target;
  }

  async prepare(): Promise<void> {
    const { port, subject } = this.#target;
    for (let index = 0; index < this.#load.clients; index++) {
      const client = new PollingClient(port, index % SAMPLED_EVERY === 0, this, (error) => this.#window.fail(error));
      this.#clients.push(client);
      await client.open(subject.speaks === "socket.io", index);
    }
  }

  run(seconds: number): Promise<void> {
    this.messages = 0;
    this.samples.clear();
    this.#outstanding = this.#clients.length;
    return this.#window.run(
      seconds,
      () => {
        for (const client of this.#clients) client.send();
      },
      () => this.#outstanding,
    );
  }

  replied(): boolean {
    this.messages++;
    if (this.#window.isOpen) return true;
    this.#outstanding--;
    if (this.#outstanding === 0) this.#window.drained();
    return false;
  }

  latency(): (number | undefined)[] {
    return this.samples.quantiles([0.5, 0.99]);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
