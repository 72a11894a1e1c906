// server/engine.ts over node/http-host.ts: requests that are refused, and what middlewares and listeners make of the others.
import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { ask, openPolling, refusedUpgrade } from "../../support/raw-client.js";
import { once, until } from "../../support/waiting.js";
import { engineOn, RawSocket, UPGRADE_HEADERS } from "./engine-stage.js";

const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";

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

  it.each([
    ["one behind the other", ["WWW-Authenticate", "Basic", "X-Why", "closed"]],
    [
      "in pairs",
      [
        ["WWW-Authenticate", "Basic"],
        ["X-Why", "closed"],
      ],
    ],
  ])("may be refused with headers in an array, %s", async (_, headers) => {
    const { port, engine } = await engineOn();
    engine.use((_req, res) => {
      res.writeHead(401, headers as string[]).end();
    });
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    const answer = (await raw.until("\r\n\r\n")).toLowerCase();
    expect(answer).toContain("401");
    for (const line of ["www-authenticate: basic", "x-why: closed"]) expect(answer).toContain(line);
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

  it("cannot replace what the handshake itself says, nor give its answer a body", async () => {
    const { port, engine } = await engineOn();
    engine.use((_req, res, next) => {
      res.setHeader("Sec-WebSocket-Accept", "mine");
      res.setHeader("Content-Length", "5");
      next();
    });
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    const answer = await raw.until("maxPayload");
    expect(answer.match(/^sec-websocket-accept: .*$/gim)).toEqual([
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    ]);
    expect(answer).not.toMatch(/^content-length/im);
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

describe("an engine that leaves", () => {
  it("answers handshakes with 503 and says when to come back, and lets clients take what was sent", async () => {
    const { port, engine } = await engineOn();
    const reports: unknown[] = [];
    engine.on("connection_error", ({ code, context }) => reports.push([code, context.name]));
    const session = await openPolling(port);
    const left = engine.leave(4200);
    const answer = await ask(port, HANDSHAKE);
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "5"]);
    expect(JSON.parse(answer.text)).toEqual({ code: 4, message: expect.stringContaining("come back") });
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    const refused = await raw.until("come back");
    expect(refused).toContain("HTTP/1.1 503 ");
    expect(refused).toContain("Retry-After: 5\r\n");
    expect(reports).toEqual(Array(2).fill([4, "HTTP_SERVER_LEAVING"]));
    expect(engine.clientsCount).toBe(1);
    expect((await session.get()).text).toBe("6\x1e1");
    await left;
  });

  it("refuses a handshake that was under way", async () => {
    let decide: (() => void) | undefined;
    const { port, engine } = await engineOn({
      allowRequest: (_req, callback) => {
        decide = () => callback(null, true);
      },
    });
    const answer = ask(port, HANDSHAKE);
    await until(() => decide !== undefined, "allowRequest was asked");
    await engine.leave();
    decide?.();
    expect(await answer).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  });

  it("serves new clients when it is attached again", async () => {
    const { port, engine, httpServer } = await engineOn();
    await engine.leave();
    engine.close();
    engine.attach(httpServer);
    expect((await ask(port, HANDSHAKE)).status).toBe(200);
  });
});
