// entry/: what DEBUG prints, and that without it nobody watches.
import { EventEmitter } from "node:events";
import { format, stripVTControlCharacters } from "node:util";
import debug from "debug";
import { Server } from "vaiven";
import { Manager } from "vaiven-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { logEngine } from "../../../src/entry/server-log.js";

let lines: string[];

beforeEach(() => {
  lines = [];
  vi.spyOn(debug, "log").mockImplementation((text: string, ...values: unknown[]) => {
    const line = stripVTControlCharacters(format(text, ...values));
    lines.push(
      line
        .replace(/^\S+Z /, "")
        .replace(/ \+\d+ms$/, "")
        .trim(),
    );
  });
});
afterEach(() => {
  debug.disable();
});

async function refuseOne(): Promise<EventEmitter> {
  const engine = new EventEmitter();
  new Server().bind(engine);
  await Promise.resolve();
  engine.emit("connection_error", {
    req: { method: "GET", url: "/socket.io/?EIO=9" },
    code: 5,
    message: "Unsupported protocol version",
    context: { protocol: 9 },
  });
  return engine;
}

describe("DEBUG", () => {
  it("shows the engine's connections, upgrades and closings", async () => {
    debug.enable("vaiven:engine");
    const engine = new EventEmitter();
    logEngine(engine);
    await Promise.resolve();
    const connection = Object.assign(new EventEmitter(), {
      id: "a1",
      remoteAddress: "192.0.2.1",
      transport: { name: "polling" },
    });
    engine.emit("connection", connection);
    connection.emit("upgrade", { name: "websocket" });
    connection.emit("close", "ping timeout");
    expect(lines).toEqual([
      "vaiven:engine a1 opened over polling from 192.0.2.1",
      "vaiven:engine a1 went over to websocket",
      "vaiven:engine a1 closed: ping timeout",
    ]);
  });

  it("shows what the engine refused, with code and context", async () => {
    debug.enable("vaiven:*");
    await refuseOne();
    expect(lines.at(-1)).toMatch(
      /^vaiven:engine refused GET \/socket\.io\/\?EIO=9: code 5, Unsupported protocol version \{ protocol: 9 \}/,
    );
  });

  it("shows namespaces as they appear", () => {
    debug.enable("vaiven:server");
    new Server().of("/chat");
    expect(lines).toEqual(["vaiven:server namespace /", "vaiven:server namespace /chat"]);
  });

  it("knows the names of Socket.IO, and prints each line once", async () => {
    debug.enable("socket.io:*,engine");
    await refuseOne();
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["socket.io:server", "engine"]);
    lines.length = 0;
    debug.enable("*");
    await refuseOne();
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["vaiven:server", "vaiven:engine"]);
  });

  it("lets io.path() still exchange the engine in the turn that made it", () => {
    debug.enable("vaiven:*");
    const io = new Server();
    io.attach(Object.assign(new EventEmitter(), { listen() {} }));
    expect(io.path("/chat").path()).toBe("/chat");
  });

  it("shows what a Manager does", () => {
    debug.enable("vaiven-client:manager");
    const manager = new Manager("http://localhost", { autoConnect: false });
    expect(manager.hasListeners("reconnect_attempt")).toBe(true);
  });

  it("adds no listener unless it is asked for", async () => {
    const engine = await refuseOne();
    const manager = new Manager("http://localhost", { autoConnect: false });
    expect(engine.eventNames()).toEqual(["connection"]);
    expect(manager.hasListeners("packet")).toBe(false);
    expect(lines).toEqual([]);
  });
});
