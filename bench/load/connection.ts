// Load generator: one raw TCP connection, and the opening handshakes by bytes (RFC 6455 4.1; Engine.IO 4 open; Socket.IO 5 CONNECT).
import { createConnection, type Socket } from "node:net";
import { constants, inflateRawSync } from "node:zlib";
import type { Subject } from "../loads.js";
import { textFrame } from "./messages.js";

/** All connections read into this one buffer; whoever keeps bytes copies them. */
const shared = Buffer.allocUnsafe(256 * 1024);

const CONNECT = textFrame("40");
/** As vaivén's client answers the capabilities of its server. */
const OWN_CONNECT = textFrame(
  `40${JSON.stringify({ vaiven: { v: 1, caps: ["delivery"], session: { received: 0, from: 0, sent: 0 } } })}`,
);
/** Packets after which vaivén's client says how many it has: where it sends something anyway, and where it does not. */
const CONFIRM_ALONG = 32;
const CONFIRM_ALONE = 1024;
export const PONG: Buffer = textFrame("3");

/** Fifteen headers, as a browser behind one proxy sends them. */
function upgradeRequest(port: number, path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Pragma: no-cache",
    "Cache-Control: no-cache",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Upgrade: websocket",
    `Origin: http://127.0.0.1:${port}`,
    "Sec-WebSocket-Version: 13",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: es-ES,es;q=0.9,en-US;q=0.8,en;q=0.7",
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; _ga=GA1.1.1234567890.1234567890",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    "X-Forwarded-For: 203.0.113.7",
    "X-Forwarded-Proto: http",
    "",
    "",
  ].join("\r\n");
}

export interface Target {
  readonly port: number;
  readonly subject: Subject;
}

/** Inflates one message after the other (RFC 7692 section 7.2.2): what came before is the dictionary of the next. */
class MessageInflater {
  #window: Buffer = Buffer.alloc(0);

  inflate(payload: Buffer): Buffer {
    const message = inflateRawSync(Buffer.concat([payload, Buffer.from([0x00, 0x00, 0xff, 0xff])]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#window.length > 0 && { dictionary: this.#window }),
    });
    this.#window = Buffer.concat([this.#window, message]).subarray(-32_768);
    return message;
  }
}

interface Frame {
  readonly text: string;
  readonly isCompressed: boolean;
}

/** The complete server frames at the start of `bytes`, and what is left. Used outside the measured window only. */
function readFrames(bytes: Buffer, inflater: MessageInflater): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  for (;;) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < at + header) break;
    const length =
      header === 2 ? short : header === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    if (bytes.length < at + header + length) break;
    const payload = bytes.subarray(at + header, at + header + length);
    const isCompressed = ((bytes[at] ?? 0) & 0x40) > 0;
    frames.push({ text: (isCompressed ? inflater.inflate(payload) : payload).toString(), isCompressed });
    at += header + length;
  }
  return { frames, rest: bytes.subarray(at) };
}

export class Connection {
  readonly socket: Socket;
  /** Called with the shared buffer and the number of bytes in it; replaced as the connection moves on. */
  receive: (chunk: Buffer, bytes: number) => void = () => {};
  #pending: Buffer = Buffer.alloc(0);
  #fail: (error: Error) => void;
  #closing = false;
  readonly #inflater = new MessageInflater();
  /** Events and acknowledgements received, and told. Undefined where nobody counts. */
  #counts: { received: number; told: number } | undefined;

  constructor(port: number, fail: (error: Error) => void) {
    this.#fail = fail;
    this.socket = createConnection({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (bytes) => {
          this.receive(shared, bytes);
          return true;
        },
      },
    });
    this.socket.on("error", (error) => this.#ended(error));
    this.socket.on("close", () => this.#ended(new Error("the server closed a connection")));
  }

  #ended(error: Error): void {
    if (!this.#closing) this.#fail(error);
    this.#closing = true;
  }

  close(): void {
    this.#closing = true;
    this.socket.destroy();
  }

  /** So many replies came: as vaivén's client it says now and then how many there were, more often where it `sends` anyway, and at once if it is asked. */
  received(count: number, why: "sends" | "listens" | "is asked" = "listens"): void {
    const counts = this.#counts;
    if (counts === undefined) return;
    counts.received += count;
    const least = why === "listens" ? CONFIRM_ALONE : why === "sends" ? CONFIRM_ALONG : 0;
    if (counts.received - counts.told < least) return;
    counts.told = counts.received;
    this.socket.write(textFrame(`47["received",${counts.received}]`));
  }

  /** Whether both ends count. */
  get isCounted(): boolean {
    return this.#counts !== undefined;
  }

  /** Until the server would take messages: after CONNECT, after 101, or after the control's greeting of one byte. */
  open(target: Target): Promise<void> {
    switch (target.subject.speaks) {
      case "socket.io":
        return this.#upgrade(target.port, "/socket.io/?EIO=4&transport=websocket").then(() =>
          this.#connectNamespace(target.subject.isOwn === true),
        );
      case "text":
        return this.#upgrade(target.port, "/").then(() => undefined);
      case "bytes":
        return this.nextBytes(1);
    }
  }

  async #upgrade(port: number, path: string): Promise<void> {
    this.socket.write(upgradeRequest(port, path));
    await this.#until((bytes) => {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      const head = bytes.toString("latin1", 0, end);
      if (!head.startsWith("HTTP/1.1 101")) throw new Error(`upgrade refused: ${head.slice(0, 200)}`);
      return bytes.subarray(end + 4);
    });
  }

  async #connectNamespace(isOwn: boolean): Promise<void> {
    await this.nextText((text) => text.startsWith("0{"));
    this.socket.write(isOwn ? OWN_CONNECT : CONNECT);
    let isCounted = false;
    await this.nextText((text) => {
      isCounted = text.includes('"keep":');
      return text.startsWith("40");
    });
    if (isCounted) this.#counts = { received: 0, told: 0 };
  }

  /** The next text frame; any other than the expected one is an error, a ping excepted, and so is one that should be compressed and is not. */
  nextText(isExpected: (text: string) => boolean, isCompressed: boolean = false): Promise<void> {
    return this.#until((bytes) => {
      const { frames, rest } = readFrames(bytes, this.#inflater);
      const seen = frames.filter(({ text }) => text !== "2" && !text.startsWith("47"));
      if (seen.length < frames.length && frames.some(({ text }) => text === "2")) this.socket.write(PONG);
      const [first] = seen;
      if (first === undefined) return undefined;
      if (first.text.startsWith("42") || first.text.startsWith("43")) this.received(1);
      if (seen.length > 1 || !isExpected(first.text)) {
        const texts = seen.map(({ text }) => text);
        throw new Error(`unexpected from the server: ${texts.join(" | ").slice(0, 200)}`);
      }
      if (isCompressed && !first.isCompressed) throw new Error("the server does not compress");
      return rest;
    });
  }

  /** The next `count` bytes, whatever they are. */
  nextBytes(count: number): Promise<void> {
    return this.#until((bytes) => (bytes.length < count ? undefined : bytes.subarray(count)));
  }

  /** Gathers bytes until `take` returns the rest that it leaves; what arrives in between calls is kept. */
  #until(take: (bytes: Buffer) => Buffer | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        try {
          const rest = take(this.#pending);
          if (rest === undefined) return;
          this.#pending = rest;
          this.receive = (chunk, bytes) => this.#keep(chunk, bytes);
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.receive = (chunk, bytes) => {
        this.#keep(chunk, bytes);
        attempt();
      };
      attempt();
    });
  }

  #keep(chunk: Buffer, bytes: number): void {
    this.#pending = Buffer.concat([this.#pending, chunk.subarray(0, bytes)]);
  }
}

/** Opens `count` connections, `parallel` at a time. `expired` ends it early with what is open by then. */
export async function openAll(
  target: Target,
  count: number,
  fail: (error: Error) => void,
  onOpen: (connection: Connection, index: number) => Promise<void> = () => Promise.resolve(),
  expired: () => boolean = () => false,
): Promise<Connection[]> {
  const connections: Connection[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count && !expired()) {
      const index = next++;
      const connection = new Connection(target.port, fail);
      await connection.open(target);
      await onOpen(connection, index);
      connections[index] = connection;
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, 64) }, worker));
  return connections;
}
