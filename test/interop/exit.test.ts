// Interop: `emit` and then `process.exit()` delivers (ARCHITECTURE.md, "Flush").
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Server } from "socket.io";
import * as stock from "socket.io-client";
import { WebSocketServer } from "vaiven/websocket";
import { describe, expect, it, onTestFinished } from "vitest";
import { connected, portOf, stage } from "../support/scene.js";
import { Ledger, once } from "../support/waiting.js";

const numbers = Array.from({ length: 100 }, (_, n) => n);

function run(fixture: string, ...args: string[]): Ledger<string> {
  const file = fileURLToPath(new URL(`./fixtures/${fixture}`, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines = new Ledger<string>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => lines.add(text.trim()));
  return lines;
}

describe("emit and then process.exit()", () => {
  it("delivers what a server emitted over WebSocket", async () => {
    const [port] = await run("server-that-exits.ts").reaches(1, 60_000);
    const socket = await connected(stock, `http://127.0.0.1:${port}`, { transports: ["websocket"] });
    const heard = new Ledger<number>();
    socket.on("n", (n: number) => heard.add(n));
    socket.emit("go");
    expect(await heard.reaches(100)).toEqual(numbers);
  });

  it("delivers what a client emitted over WebSocket", async () => {
    const scene = await stage({ Server });
    const heard = new Ledger<number>();
    scene.io.on("connection", (socket) => {
      socket.on("n", (n: number) => heard.add(n));
      socket.emit("ready");
    });
    run("client-that-exits.ts", scene.url, "websocket");
    expect(await heard.reaches(100, 60_000)).toEqual(numbers);
  });

  it("delivers what a client without events sent", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    onTestFinished(() => server.close());
    const heard = new Ledger<string | Buffer>();
    server.on("connection", (peer) => peer.on("message", (data) => heard.add(data)));
    await once(server, "listening");
    run("websocket-that-exits.ts", `ws://127.0.0.1:${portOf(server)}`);
    expect(await heard.reaches(100, 60_000)).toEqual(numbers.map(String));
  });
});

describe("a client with autoUnref", () => {
  it.each(["polling", "websocket"])("lets the process end while it is connected over %s", async (transport) => {
    const scene = await stage({ Server });
    expect(await run("client-that-ends.ts", scene.url, transport).reaches(1, 60_000)).toEqual([
      "ended while connected",
    ]);
  });
});
