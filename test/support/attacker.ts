// Test support: bytes as an attacker sends them, and the frames of a WebSocket client that keeps to no rule.
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { until } from "./waiting.js";

/** A TCP connection whose bytes are the test's own. Closed when the test ends. */
export class Attacker {
  readonly socket: Socket;
  /** What the server has sent so far, byte by byte as characters. */
  received = "";
  isClosed = false;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.isClosed = true;
    });
    this.socket.on("data", (chunk: Buffer) => {
      this.received += chunk.toString("latin1");
    });
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this;
  }

  async sees(text: string): Promise<void> {
    await until(() => this.received.includes(text), `the server has sent ${JSON.stringify(text)}`);
  }

  async closes(): Promise<void> {
    await until(() => this.isClosed, "the server has closed the connection");
  }

  /** Code and reason of the Close frame that stands at the end of what came. */
  closeFrame(): { code: number; reason: string } | undefined {
    const at = this.received.lastIndexOf("\x88");
    if (at === -1) return undefined;
    const bytes = Buffer.from(this.received.slice(at), "latin1");
    return { code: bytes.readUInt16BE(2), reason: bytes.subarray(4, 2 + (bytes[1] ?? 0)).toString() };
  }

  /** Takes no more of what the server sends. */
  stopReading(): void {
    this.socket.pause();
  }
}

const KEY = "AAAAAAAAAAAAAAAAAAAAAA==";

export function upgradeRequest(query = "EIO=4&transport=websocket", more = ""): string {
  return `GET /socket.io/?${query} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n${more}\r\n`;
}

/** A WebSocket session by bytes, joined to the main namespace. */
export async function attackOverWebSocket(port: number, more = ""): Promise<Attacker> {
  const attacker = new Attacker(port).send(upgradeRequest(undefined, more));
  await attacker.sees("maxPayload");
  attacker.send(frame(0x81, "40"));
  await attacker.sees("40{");
  return attacker;
}

/** A frame with any first byte, masked with zeros, so that its payload stands in it as it is. */
export function frame(byte0: number, payload: string | Uint8Array = ""): Buffer {
  const body = Buffer.from(payload);
  const head =
    body.length < 126
      ? Buffer.from([byte0, 0x80 | body.length])
      : body.length < 65_536
        ? Buffer.from([byte0, 0xfe, body.length >> 8, body.length & 255])
        : Buffer.from([
            byte0,
            0xff,
            0,
            0,
            0,
            0,
            body.length >>> 24,
            (body.length >> 16) & 255,
            (body.length >> 8) & 255,
            body.length & 255,
          ]);
  return Buffer.concat([head, Buffer.alloc(4), body]);
}
