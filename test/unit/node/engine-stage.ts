// An engine on a real HTTP server of this machine, closed when the test ends.
import { createServer, type RequestListener, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { NodeHttpHost } from "../../../src/node/http-host.js";
import { Engine } from "../../../src/server/engine.js";
import type { EngineOptions } from "../../../src/server/engine-options.js";
import { closeLater, listening } from "../../support/scene.js";

export interface EngineStage {
  readonly engine: Engine;
  readonly httpServer: Server;
  readonly port: number;
  /** What the host told whoever runs the server. */
  readonly warnings: string[];
}

/** A host whose warnings and reports are collected. */
export class QuietHost extends NodeHttpHost {
  readonly warnings: string[] = [];

  override warn(text: string): void {
    this.warnings.push(text);
  }

  override report(error: unknown, where: string): void {
    this.warnings.push(`${where}: ${String(error)}`);
  }
}

/** Sessions echo what they receive. */
export async function engineOn(
  options: EngineOptions = {},
  listener: RequestListener = (_req, res) => res.end("yours"),
): Promise<EngineStage> {
  const host = new QuietHost();
  const engine = new Engine(host, options);
  engine.onSession = ({ socket }) => {
    socket.on("message", (data: string | Uint8Array) => socket.send(data));
  };
  const httpServer = createServer(listener);
  engine.attach(httpServer);
  const port = await listening(httpServer);
  closeLater(httpServer);
  onTestFinished(() => void engine.close());
  return { engine, httpServer, port, warnings: host.warnings };
}

/** A TCP connection that collects what comes. */
export class RawSocket {
  readonly socket: Socket;
  private received = "";
  private readonly ended: Promise<void>;
  private look: (() => void) | undefined = undefined;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.ended = new Promise((resolve) => this.socket.on("close", () => resolve()));
    this.socket.on("data", (chunk) => {
      this.received += chunk.toString("latin1");
      this.look?.();
    });
    onTestFinished(() => void this.socket.destroy());
  }

  send(text: string | Uint8Array): this {
    this.socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
    return this;
  }

  /** Everything that came, once `text` is in it. */
  until(text: string): Promise<string> {
    return new Promise((resolve) => {
      this.look = () => {
        if (this.received.includes(text)) resolve(this.received);
      };
      this.look();
    });
  }

  /** Everything that came, once the connection is closed. */
  async closed(): Promise<string> {
    await this.ended;
    return this.received;
  }
}

export const UPGRADE_HEADERS =
  "Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** The bytes of a masked text frame, shorter than 126 bytes. */
export function maskedText(text: string): Buffer {
  const key = [1, 2, 3, 4];
  const payload = Buffer.from(text).map((byte, at) => byte ^ (key[at % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, ...key]), payload]);
}
