// server/engine.ts over node/http-host.ts: what a client gets to see, byte by byte where it matters.
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { Engine } from "../../../src/server/engine.js";
import { type EngineOptions, engineSettings } from "../../../src/server/engine-options.js";
import type { EngineSocket } from "../../../src/server/engine-socket.js";
import { ask, dial, openPolling, openWebSocket, refusedUpgrade } from "../../support/raw-client.js";
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

describe("a refused upgrade", () => {
  const refusals = [
    { when: "the key is no key", headers: UPGRADE_HEADERS.replace(/Key: .*\r/, "Key: short\r"), status: 400 },
    { when: "the version is not 13", headers: UPGRADE_HEADERS.replace("Version: 13", "Version: 12"), status: 426 },
  ];
  for (const { when, headers, status } of refusals) {
    it(`says why when ${when}, and opens no session`, async () => {
      const { port, engine } = await engineOn();
      const errors: unknown[] = [];
      engine.on("connection_error", ({ code, context }) => errors.push({ code, name: context.name }));
      const raw = new RawSocket(port).send(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${headers}\r\n`);
      const answer = await raw.until("expected");
      expect(answer).toContain(`HTTP/1.1 ${status} `);
      expect(engine.clientsCount).toBe(0);
      expect(errors).toEqual([{ code: 3, name: "WEBSOCKET_HANDSHAKE_ERROR" }]);
    });
  }

  it("is cut off where nobody answers for its path", async () => {
    const { port } = await engineOn({ destroyUpgradeTimeout: 20 });
    const raw = new RawSocket(port).send(`GET /elsewhere HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`);
    expect(await raw.closed()).toBe("");
  });

  it("is left to the listener that answers for its path", async () => {
    const { port, httpServer } = await engineOn({ destroyUpgradeTimeout: 20 });
    httpServer.on("upgrade", (req, socket) => {
      if (req.url === "/elsewhere") socket.end("HTTP/1.1 101 Mine\r\n\r\n");
    });
    const raw = new RawSocket(port).send(`GET /elsewhere HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`);
    expect(await raw.until("\r\n\r\n")).toContain("101 Mine");
  });

  it("opens no session for a client that leaves while allowRequest thinks", async () => {
    const waiting: (() => void)[] = [];
    const { port, engine } = await engineOn({
      allowRequest: (_req, callback) => void waiting.push(() => callback(null, true)),
    });
    const head = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`;
    const upgrade = new RawSocket(port).send(head);
    const poll = new RawSocket(port).send(`GET ${HANDSHAKE} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    await until(() => waiting.length === 2, "allowRequest was asked for both");
    upgrade.socket.resetAndDestroy();
    poll.socket.resetAndDestroy();
    await Promise.all([upgrade.closed(), poll.closed()]);
    // Another request shows that the server has seen both ends.
    const witness = openPolling(port);
    await until(() => waiting.length === 3, "allowRequest was asked for the witness");
    for (const decide of waiting) decide();
    await witness;
    expect(engine.clientsCount).toBe(1);
  });

  it("may be refused by a middleware, with its status and headers", async () => {
    const { port, engine } = await engineOn();
    engine.use((_req, res) => {
      res.writeHead(401, { "WWW-Authenticate": "Basic" });
      res.end("who are you?");
    });
    expect(await refusedUpgrade(port, "EIO=4&transport=websocket")).toEqual({ status: 401, text: "who are you?" });
    expect((await ask(port, HANDSHAKE)).status).toBe(401);
  });

  it("that would upgrade a polling session is refused where upgrades are off", async () => {
    const { port } = await engineOn({ allowUpgrades: false });
    const { open } = await openPolling(port);
    expect((await refusedUpgrade(port, `EIO=4&transport=websocket&sid=${open.sid}`)).status).toBe(400);
  });
});

describe("middlewares and listeners", () => {
  it("put their headers on HTTP answers and on handshakes", async () => {
    const { port, engine } = await engineOn();
    engine.use((_req, res, next) => {
      res.setHeader("X-Middleware", "yes");
      setImmediate(next);
    });
    engine.on("initial_headers", (headers) => {
      headers["X-Initial"] = "yes";
    });
    engine.on("headers", (headers) => {
      headers["X-Every"] = "yes";
    });
    const session = await openPolling(port);
    expect(session.answer.headers).toMatchObject({ "x-middleware": "yes", "x-initial": "yes", "x-every": "yes" });
    const posted = await session.post("4a");
    expect(posted.headers).toMatchObject({ "x-middleware": "yes", "x-every": "yes" });
    expect(posted.headers["x-initial"]).toBeUndefined();
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    const answer = await raw.until("maxPayload");
    for (const name of ["X-Middleware: yes", "X-Initial: yes", "X-Every: yes"])
      expect(answer.toLowerCase()).toContain(name.toLowerCase());
  });

  it("cannot write a header that would write others", async () => {
    const { port, engine } = await engineOn();
    engine.on("headers", (headers) => {
      headers["X-Bad"] = "a\r\nX-Injected: yes";
    });
    const warned = once(process, "warning");
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    expect(await raw.until("maxPayload")).not.toContain("X-Injected");
    await warned;
  });

  it("refuse with code 3 what a middleware fails on", async () => {
    const { port, engine } = await engineOn();
    engine.use((_req, _res, next) => next(new Error("broken")));
    const answer = await ask(port, HANDSHAKE);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({ code: 3, message: "Bad request" });
    expect((await refusedUpgrade(port, "EIO=4&transport=websocket")).status).toBe(400);
  });

  it("keep the request whole; without them it is let go", async () => {
    const { port, engine } = await engineOn();
    const requests: unknown[] = [];
    engine.on("connection", (socket) => requests.push(socket.request));
    await openPolling(port);
    engine.use((req, _res, next) => {
      (req as IncomingMessage & { user?: string }).user = "me";
      next();
    });
    await openPolling(port);
    expect(requests[0]).not.toHaveProperty("user");
    expect(requests[1]).toMatchObject({ user: "me" });
    expect(requests[0]).toMatchObject({ method: "GET", headers: { host: `127.0.0.1:${port}` } });
  });
});

describe("the Origin rule", () => {
  const foreign = { origin: "http://evil.example" };

  it("holds for both transports before there is a session", async () => {
    const { port, engine, warnings } = await engineOn();
    const answer = await ask(port, HANDSHAKE, { headers: foreign });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 4, message: expect.stringContaining("http://evil.example") });
    const upgrade = await refusedUpgrade(port, "EIO=4&transport=websocket", { headers: foreign });
    expect(upgrade).toMatchObject({
      status: 403,
      text: expect.stringContaining('cors: { origin: "http://evil.example" }'),
    });
    expect(engine.clientsCount).toBe(0);
    expect(warnings[0]).toContain('"http://evil.example"');
  });

  it("holds for every later request too", async () => {
    const { port } = await engineOn();
    const { open } = await openPolling(port);
    for (const method of ["GET", "POST"]) {
      expect((await ask(port, `${HANDSHAKE}&sid=${open.sid}`, { method, headers: foreign })).status).toBe(403);
    }
    expect((await refusedUpgrade(port, `EIO=4&transport=websocket&sid=${open.sid}`, { headers: foreign })).status).toBe(
      403,
    );
  });

  it("asks cors, which may take its time", async () => {
    const { port } = await engineOn({
      cors: {
        origin: (origin, callback) => setImmediate(callback, null, origin === "http://friend.example"),
        credentials: true,
      },
    });
    const headers = { origin: "http://friend.example" };
    const answer = await ask(port, HANDSHAKE, { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers["access-control-allow-origin"]).toBe("http://friend.example");
    (await openWebSocket(port, { headers })).raw.close();
    expect((await ask(port, HANDSHAKE, { headers: foreign })).status).toBe(403);
    expect((await refusedUpgrade(port, "EIO=4&transport=websocket", { headers: foreign })).status).toBe(403);
  });
});

describe("the cors option", () => {
  const foreign = { origin: "http://evil.example" };

  it.each<[string, EngineOptions["cors"]]>([
    ["nothing at all", {}],
    ["credentials only", { credentials: true }],
    ["methods only", { methods: ["GET"] }],
    ["an undefined origin", { origin: undefined } as unknown as EngineOptions["cors"]],
    ["a function that says nothing of origins", (_req, callback) => callback(null, { credentials: true })],
    ["a function that gives nothing", (_req, callback) => callback(null)],
  ])("allows no page of another origin where it says %s", async (_, cors) => {
    const { port } = await engineOn({ cors } as EngineOptions);
    expect((await ask(port, HANDSHAKE, { headers: foreign })).status).toBe(403);
    expect((await refusedUpgrade(port, "EIO=4&transport=websocket", { headers: foreign })).status).toBe(403);
    expect((await ask(port, HANDSHAKE)).status).toBe(200);
  });

  it.each([["http://good.example"], [true], [5], [{ origins: ["http://good.example"] }]])(
    "refuses %j, which allows something else than it says",
    (cors) => {
      expect(() => engineSettings({ cors } as unknown as EngineOptions)).toThrow(
        expect.objectContaining({ code: "API_INVALID_OPTION", message: expect.stringContaining("cors: { origin: ") }),
      );
    },
  );
});

describe("a request body", () => {
  it("above the limit is refused before it is there", async () => {
    const { port, engine } = await engineOn({ maxHttpBufferSize: 100 });
    const { open } = await openPolling(port);
    const raw = new RawSocket(port).send(
      `POST ${HANDSHAKE}&sid=${open.sid} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n4`,
    );
    expect(await raw.until("maxHttpBufferSize")).toContain("HTTP/1.1 413 ");
    expect(engine.clientsCount).toBe(0);
  });

  it("that goes on for ever is cut off", async () => {
    const { port } = await engineOn({ maxHttpBufferSize: 100 });
    const { open } = await openPolling(port);
    const raw = new RawSocket(port).send(
      `POST ${HANDSHAKE}&sid=${open.sid} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    for (let count = 0; count < 10; count++) raw.send(`64\r\n${"4".repeat(100)}\r\n`);
    expect(await raw.closed()).toContain("HTTP/1.1 413 ");
  });

  it("that ends early closes the session", async () => {
    const { port, engine } = await engineOn();
    const { open } = await openPolling(port);
    const raw = new RawSocket(port).send(
      `POST ${HANDSHAKE}&sid=${open.sid} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n4`,
    );
    raw.socket.end();
    await until(() => engine.clientsCount === 0, "the session is gone");
  });

  it("of a handshake does not disturb what follows on the connection", async () => {
    const { port } = await engineOn();
    const raw = new RawSocket(port).send(
      `POST ${HANDSHAKE} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello` +
        `GET ${HANDSHAKE} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
    );
    expect(await raw.until("maxPayload")).toContain("Bad handshake method");
  });
});

describe("hostile requests", () => {
  const lines = [
    "GET /socket.io/?EIO=4&transport=polling&sid=%E0%A4%A HTTP/1.1",
    "GET /socket.io/?%%%&&&===&EIO=4 HTTP/1.1",
    "GET /socket.io/?EIO=4&transport=__proto__ HTTP/1.1",
    "PATCH /socket.io/?EIO=4&transport=polling HTTP/1.1",
    "GET /socket.io/../../etc/passwd HTTP/1.1",
  ];
  for (const line of lines) {
    it(`get an answer: ${line}`, async () => {
      const { port, engine } = await engineOn();
      const raw = new RawSocket(port).send(`${line}\r\nHost: 127.0.0.1\r\n\r\n`);
      expect(await raw.until("HTTP/1.1 400 ")).toContain("HTTP/1.1 400 ");
      expect(engine.clientsCount).toBe(0);
      await openPolling(port);
    });
  }

  it("of another method for a session are told which ones there are", async () => {
    const { port, engine } = await engineOn();
    const { open } = await openPolling(port);
    expect((await ask(port, `${HANDSHAKE}&sid=${open.sid}`, { method: "DELETE" })).status).toBe(405);
    expect(engine.clientsCount).toBe(1);
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
    expect(seen).toEqual([
      ["packet", packet],
      ["data", "hi"],
      ["packetCreate", packet],
      ["flush", [packet]],
      ["engine flush", 20, [packet]],
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
    await upgrading;
    raw.send("2probe");
    expect(await raw.next()).toBe("3probe");
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

describe("engine options", () => {
  it("have the documented defaults", () => {
    expect(engineSettings()).toMatchObject({
      path: "/socket.io/",
      serveClient: true,
      session: {
        pingInterval: 25000,
        pingTimeout: 20000,
        upgradeTimeout: 10000,
        maxPayload: 1e6,
        upgrades: ["websocket"],
      },
      offer: { transports: ["polling", "websocket"], protocol3: false, jsonp: false },
      allowUpgrades: true,
      deflate: undefined,
      compressFrom: 1024,
      destroyUpgradeAfter: 1000,
      trustProxy: false,
    });
  });

  it("answer JSONP requests to clients of Engine.IO 3, unless it is switched off", () => {
    expect(engineSettings({ allowEIO3: true }).offer).toMatchObject({ protocol3: true, jsonp: true });
    expect(engineSettings({ allowEIO3: true, jsonp: false }).offer).toMatchObject({ protocol3: true, jsonp: false });
    expect(engineSettings({ jsonp: true }).offer).toMatchObject({ protocol3: false, jsonp: true });
  });

  it("put a slash at the end of the path, or not", () => {
    for (const path of ["live", "/live", "/live/", "/live//"]) expect(engineSettings({ path }).path).toBe("/live/");
    expect(engineSettings({ path: "/live/", addTrailingSlash: false }).path).toBe("/live");
    expect(engineSettings({ path: "/", addTrailingSlash: false }).path).toBe("/");
  });

  const wrong = [
    { wsEngine: "ws" as never },
    { transports: ["smoke" as never] },
    { pingInterval: Number.NaN },
    { maxHttpBufferSize: -1 },
  ];
  for (const options of wrong) {
    it(`are refused where they cannot be kept to: ${JSON.stringify(options)}`, () => {
      expect(() => engineSettings(options)).toThrow(expect.objectContaining({ code: "API_INVALID_OPTION" }));
    });
  }

  it("take npm's ws names for compression", () => {
    expect(engineSettings({ perMessageDeflate: true }).deflate).toEqual({});
    const deflate = { threshold: 10, zlibDeflateOptions: { level: 1, memLevel: 2, windowBits: 10 } };
    expect(engineSettings({ perMessageDeflate: deflate }).deflate).toEqual({
      threshold: 10,
      level: 1,
      memoryLevel: 2,
      serverMaxWindowBits: 10,
    });
  });

  it("send an initial packet right behind the handshake", async () => {
    const { port } = await engineOn({ initialPacket: "hello" });
    const { raw } = await openWebSocket(port);
    expect(await raw.next()).toBe("4hello");
    raw.close();
    const answer = await ask(port, HANDSHAKE);
    expect(answer.text.split("\u001e")[1]).toBe("4hello");
  });

  it("set a cookie on the handshake only", async () => {
    const { port } = await engineOn({ cookie: true });
    const session = await openPolling(port);
    expect(session.answer.headers["set-cookie"]).toEqual([`io=${session.open.sid}; Path=/; HttpOnly; SameSite=Lax`]);
    expect((await session.post("4a")).headers["set-cookie"]).toBeUndefined();
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

it("an engine answers without an HTTP server of its own", async () => {
  const engine = new Engine(new QuietHost());
  const httpServer = createServer((req, res) => engine.handleRequest(req, res));
  httpServer.on("upgrade", (req, socket, head) => engine.handleUpgrade(req, socket, head));
  const port = await listening(httpServer);
  closeLater(httpServer);
  await openPolling(port);
  (await openWebSocket(port)).raw.close();
});
