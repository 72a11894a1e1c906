import { createServer } from "node:http";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Engine } from "../../../src/server/engine.js";
import type { EngineSocket } from "../../../src/server/engine-socket.js";
import { ask, dial, openPolling, openWebSocket } from "../../support/raw-client.js";
import { closeLater, listening } from "../../support/scene.js";
import { once, until } from "../../support/waiting.js";
import { engineOn, maskedText, QuietHost, RawSocket, UPGRADE_HEADERS } from "./engine-stage.js";

const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";

describe("an engine on an HTTP server", () => {
  it("leaves requests for other paths to the listeners that were there", async () => {
    const { port } = await engineOn();
    expect((await ask(port, "/")).text).toBe("yours");
    expect((await ask(port, "/socket.iox/?EIO=4&transport=polling")).text).toBe("yours");
    expect((await ask(port, HANDSHAKE)).text).toMatch(/^0\{/);
  });

  it("shares the server with another engine at another path", async () => {
    const { port, httpServer } = await engineOn();
    const other = new Engine(new QuietHost(), { path: "/other" });
    other.attach(httpServer);
    await openPolling(port);
    await openPolling(port, { path: "/other/" });
    expect(other.clientsCount).toBe(1);
    other.close();
    expect((await ask(port, "/other/?EIO=4&transport=polling")).text).toBe("yours");
    await openPolling(port);
  });

  it("gives the listeners back when it closes", async () => {
    const { port, engine, httpServer } = await engineOn();
    engine.close();
    expect((await ask(port, HANDSHAKE)).text).toBe("yours");
    expect(httpServer.listenerCount("upgrade")).toBe(0);
  });

  it("answers a WebSocket with the handshake and the open packet in one piece", async () => {
    const { port } = await engineOn();
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    const answer = await raw.until("maxPayload");
    expect(answer).toContain("HTTP/1.1 101 Switching Protocols\r\n");
    expect(answer).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  });

  it("reads frames that came in one piece with the handshake", async () => {
    const { port } = await engineOn();
    const head = Buffer.from(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`);
    const raw = new RawSocket(port).send(Buffer.concat([head, maskedText("4early"), maskedText("4later")]));
    const answer = await raw.until("4later");
    expect(answer.indexOf("maxPayload")).toBeLessThan(answer.indexOf("4early"));
    expect(answer.indexOf("4early")).toBeLessThan(answer.indexOf("4later"));
  });

  it("closes a WebSocket whose peer ends without a Close frame", async () => {
    const { port, engine } = await engineOn();
    const ends: unknown[] = [];
    engine.on("connection", (socket) => socket.on("close", (reason: string) => ends.push(reason)));
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    await raw.until("maxPayload");
    raw.socket.end();
    await raw.closed();
    await until(() => engine.clientsCount === 0, "the session is gone");
    expect(ends).toEqual(["transport close"]);
  });

  it("closes a WebSocket that is reset", async () => {
    const { port, engine } = await engineOn();
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    await raw.until("maxPayload");
    raw.socket.resetAndDestroy();
    await until(() => engine.clientsCount === 0, "the session is gone");
  });

  it("stops sending to a client that does not read, and goes on when it does", async () => {
    const { port, engine } = await engineOn();
    const arrival = once(engine, "connection");
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    const [socket] = (await arrival) as [EngineSocket];
    await raw.until("maxPayload");
    raw.socket.pause();
    let sent = 0;
    while (socket.transport.writable && sent < 200) {
      socket.send("x".repeat(100_000));
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(socket.transport.writable).toBe(false);
    expect(socket.transport.bufferedAmount).toBeGreaterThan(0);
    socket.send("last");
    const drained = once(socket, "drain");
    raw.socket.resume();
    await drained;
    await raw.until("4last");
    expect(socket.transport.writable).toBe(true);
  });
});

describe("session ids", () => {
  it("are 20 characters that never come twice", () => {
    const host = new QuietHost();
    const ids = new Set(Array.from({ length: 1000 }, () => host.randomId()));
    expect(ids.size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[\w-]{20}$/);
  });

  it("that are taken, empty or fail to come refuse the handshake with code 3", async () => {
    const { port, engine } = await engineOn();
    const generators = [
      () => "same",
      () => "same",
      () => "",
      () => Promise.reject(new Error("no")),
      () => Promise.resolve("other"),
    ];
    const statuses: number[] = [];
    for (const generateId of generators) {
      engine.generateId = generateId;
      statuses.push((await ask(port, HANDSHAKE)).status);
    }
    expect(statuses).toEqual([200, 400, 400, 400, 200]);
  });

  it("may be located by a promise", async () => {
    const { port, engine } = await engineOn();
    const session = await openPolling(port);
    const locate = engine.locate.bind(engine);
    engine.locate = async (sid) => locate(sid);
    expect((await session.post("4hi")).text).toBe("ok");
    expect((await session.get()).text).toBe("4hi");
    engine.locate = () => Promise.reject(new Error("the other node is gone"));
    expect((await session.get()).status).toBe(400);
  });
});

describe("the socket of a session", () => {
  it("tells what passes, here and at the engine", async () => {
    const { port, engine } = await engineOn();
    const seen: unknown[] = [];
    engine.on("flush", (socket: EngineSocket, packets) => seen.push(["engine flush", socket.id.length, packets]));
    engine.on("drain", () => seen.push("engine drain"));
    engine.on("connection", (socket: EngineSocket) => {
      for (const event of ["packet", "packetCreate", "data", "flush", "drain", "close"]) {
        socket.on(event, (...args: unknown[]) => seen.push([event, ...args]));
      }
    });
    const { raw } = await openWebSocket(port);
    seen.length = 0;
    raw.send("4hi");
    expect(await raw.next()).toBe("4hi");
    raw.ws.close();
    await until(() => engine.clientsCount === 0, "the session is gone");
    const packet = { type: "message", data: "hi" };
    const created = { ...packet, options: { compress: true } };
    expect(seen).toEqual([
      ["packet", packet],
      ["data", "hi"],
      ["packetCreate", created],
      ["flush", [created]],
      ["engine flush", 20, [created]],
      ["drain"],
      "engine drain",
      ["close", "transport close", undefined],
    ]);
  });

  it("tells of an upgrade", async () => {
    const { port, engine } = await engineOn();
    const arrival = once(engine, "connection");
    const session = await openPolling(port);
    const [socket] = (await arrival) as [EngineSocket];
    expect([socket.transport.name, socket.upgraded, socket.readyState]).toEqual(["polling", false, "open"]);
    const upgrading = once(socket, "upgrading");
    const raw = await dial(port, `EIO=4&transport=websocket&sid=${session.open.sid}`);
    raw.send("2probe");
    expect(await raw.next()).toBe("3probe");
    await upgrading;
    const upgrade = once(socket, "upgrade");
    raw.send("5");
    await upgrade;
    expect([socket.transport.name, socket.upgraded]).toEqual(["websocket", true]);
    raw.close();
  });

  it("keeps its request when a program lets go of it", async () => {
    const { port, engine } = await engineOn();
    engine.on("connection", (socket: EngineSocket) => {
      socket.request = null;
      expect(socket.request.url).toContain("EIO=4");
    });
    await openPolling(port);
  });
});

describe("compression over WebSocket", () => {
  it("is negotiated, and shared packets are compressed for all", async () => {
    const { WebSocket } = await import("ws");
    const { port } = await engineOn({ perMessageDeflate: { threshold: 10 }, initialPacket: "x".repeat(2000) });
    for (let client = 0; client < 2; client++) {
      const ws = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
        perMessageDeflate: true,
      });
      const messages: string[] = [];
      ws.on("message", (data) => messages.push(String(data)));
      await until(() => messages.length === 2, "the initial packet is here");
      expect(ws.extensions).toContain("permessage-deflate");
      expect(messages[1]).toBe(`4${"x".repeat(2000)}`);
      ws.send(`4${"y".repeat(50_000)}`);
      await until(() => messages.length === 3, "the echo is here");
      expect(messages[2]).toBe(`4${"y".repeat(50_000)}`);
      ws.terminate();
    }
  });
});

describe("closing", () => {
  it("sends what waits, then ends every session in order", async () => {
    const { port, engine } = await engineOn();
    const arrival = once(engine, "connection");
    const { raw } = await openWebSocket(port);
    const [socket] = (await arrival) as [EngineSocket];
    for (let n = 0; n < 100; n++) socket.send(String(n));
    engine.close();
    for (let n = 0; n < 100; n++) expect(await raw.next()).toBe(`4${n}`);
    expect((await raw.closed).code).toBe(1000);
    await until(() => engine.clientsCount === 0, "the session is gone");
  });
});

it("an engine that was closed opens no session for a handshake that was under way", async () => {
  let decide: (() => void) | undefined;
  const { port, engine } = await engineOn({
    allowRequest: (_req, callback) => {
      decide = () => callback(null, true);
    },
  });
  const answer = ask(port, HANDSHAKE);
  await until(() => decide !== undefined, "allowRequest was asked");
  engine.close();
  decide?.();
  expect((await answer).text).toBe("1");
  expect(engine.clientsCount).toBe(0);
});

it("an engine waits for whatever promise its locate gives", async () => {
  const { port, engine } = await engineOn();
  const session = await openPolling(port);
  const { locate } = engine;
  // That of another realm, as of a library, is no instance of Promise.
  const Other = runInNewContext("Promise") as PromiseConstructor;
  engine.locate = (id) => new Other((resolve) => resolve(locate.call(engine, id)));
  expect((await session.post("3")).text).toBe("ok");
});

it("an engine answers without an HTTP server of its own", async () => {
  const engine = new Engine(new QuietHost());
  const httpServer = createServer((req, res) => engine.handleRequest(req, res));
  httpServer.on("upgrade", (req, socket, head) => engine.handleUpgrade(req, socket, head));
  const port = await listening(httpServer);
  closeLater(httpServer);
  await openPolling(port);
  (await openWebSocket(port)).raw.close();
});
