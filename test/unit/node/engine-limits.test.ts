// The limits of an engine, over a real HTTP server: what a client gets to see, and who is told.
import { describe, expect, it } from "vitest";
import type { LimitReport } from "../../../src/server/connection-limits.js";
import { ask, openPolling, openWebSocket, refusedUpgrade } from "../../support/raw-client.js";
import { Ledger, until } from "../../support/waiting.js";
import { engineOn, RawSocket, UPGRADE_HEADERS } from "./engine-stage.js";

const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";
const names = (reports: Ledger<LimitReport>): string[] => reports.entries.map(({ name }) => name);

describe("the limits of an engine", () => {
  it("refuse a request with too many headers, on both transports, before anything else sees it", async () => {
    const { port, engine } = await engineOn({ maxHeaders: 20 });
    const limits = new Ledger<LimitReport>();
    engine.on("limit", (report: LimitReport) => limits.add(report));
    let seen = 0;
    engine.use((_req, _res, next) => {
      seen++;
      next();
    });
    const headers = Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`x-${n}`, "1"]));
    const answer = await ask(port, HANDSHAKE, { headers });
    expect(answer.status).toBe(431);
    expect(JSON.parse(answer.text)).toEqual({ code: 3, message: "expected at most 20 headers (maxHeaders), got more" });
    expect((await refusedUpgrade(port, "EIO=4&transport=websocket", { headers })).status).toBe(431);
    expect(seen).toBe(0);
    expect(engine.clientsCount).toBe(0);
    expect(names(limits)).toEqual(["maxHeaders", "maxHeaders"]);
  });

  it("refuse connections of an address that has enough, until one leaves", async () => {
    const { port, engine } = await engineOn({ maxConnectionsPerAddress: 2 });
    const limits = new Ledger<LimitReport>();
    engine.on("limit", (report: LimitReport) => limits.add(report));
    const { raw } = await openWebSocket(port);
    await openPolling(port);
    const answer = await ask(port, HANDSHAKE);
    expect(answer.status).toBe(429);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 4, message: expect.stringContaining("127.0.0.1") });
    expect(await refusedUpgrade(port, "EIO=4&transport=websocket")).toMatchObject({ status: 429 });
    expect(limits.entries[0]).toMatchObject({ name: "maxConnectionsPerAddress", limit: 2 });
    expect(engine.limits?.countOf("127.0.0.1")).toBe(2);
    raw.close();
    await until(() => engine.clientsCount === 1, "one has left");
    await openPolling(port);
  });

  it("count the address that trustProxy says", async () => {
    const { port } = await engineOn({ maxConnectionsPerAddress: 1, trustProxy: 1 });
    const from = (address: string) => ask(port, HANDSHAKE, { headers: { "x-forwarded-for": address } });
    expect((await from("203.0.113.1")).status).toBe(200);
    expect((await from("203.0.113.2")).status).toBe(200);
    expect((await from("203.0.113.2")).status).toBe(429);
    // What the client claims stands left of what the proxy saw.
    expect((await from("198.51.100.7, 203.0.113.2")).status).toBe(429);
  });

  it("refuse more connections that poll, and leave WebSocket open", async () => {
    const { port } = await engineOn({ maxPollingConnections: 1 });
    await openPolling(port);
    expect((await ask(port, HANDSHAKE)).status).toBe(503);
    (await openWebSocket(port)).raw.close();
  });

  it("refuse more connections than the server takes, also those that were decided meanwhile", async () => {
    const waiting: ((error: null, success: boolean) => void)[] = [];
    const { port, engine } = await engineOn({
      maxConnections: 1,
      allowRequest: (_req, decide) => waiting.push(decide),
    });
    const answers = [ask(port, HANDSHAKE), ask(port, HANDSHAKE)];
    await until(() => waiting.length === 2, "both wait");
    for (const decide of waiting) decide(null, true);
    const texts = (await Promise.all(answers)).map(({ text }) => text[0]);
    expect(texts.toSorted()).toEqual(["0", "1"]);
    expect(engine.clientsCount).toBe(1);
  });

  it("close a connection that sends too fast, with the option's name, on both transports", async () => {
    const { port, engine } = await engineOn({ maxMessagesPerSecond: 5, rateBurst: 1 });
    const bites: unknown[] = [];
    engine.on("limit", ({ name, limit, connection }: LimitReport) =>
      bites.push([name, limit, connection?.readyState, connection?.transport.name]),
    );
    const { raw } = await openWebSocket(port);
    for (let n = 0; n < 10; n++) raw.send("4x");
    expect(await raw.closed).toEqual({ code: 1008, reason: "SESSION_RATE_EXCEEDED" });
    const session = await openPolling(port);
    await session.post(Array.from({ length: 10 }, () => "4x").join("\x1e"));
    await until(() => engine.clientsCount === 0, "both are closed");
    expect(bites).toEqual([
      ["maxMessagesPerSecond", 5, "open", "websocket"],
      ["maxMessagesPerSecond", 5, "open", "polling"],
    ]);
  });

  it("of fragments can be set", async () => {
    const { port } = await engineOn({ maxFragments: 4 });
    const raw = new RawSocket(port).send(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE_HEADERS}\r\n`,
    );
    await raw.until("maxPayload");
    raw.send(Buffer.from(`01810000000034${"00800000000000".slice(0, 12).repeat(4)}`, "hex"));
    // 1008, as a Close frame.
    expect(await raw.closed()).toContain("\x03\xf0");
  });

  it("of a body bound what a session keeps while it trickles", async () => {
    const { port, engine } = await engineOn({ pingInterval: 50, pingTimeout: 50 });
    const { url } = await openPolling(port);
    const raw = new RawSocket(port).send(`POST ${url} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n4`);
    await until(() => engine.clientsCount === 0, "the heartbeat was missed");
    expect(await raw.until("\r\n\r\n")).toContain("HTTP/1.1 400");
  });

  it("must be numbers from 1 up", async () => {
    for (const name of [
      "maxHeaders",
      "maxFragments",
      "maxTinyFragments",
      "maxConnections",
      "maxPollingConnections",
      "maxConnectionsPerAddress",
      "maxMessagesPerSecond",
      "maxBytesPerSecond",
    ]) {
      await expect(engineOn({ [name]: 0 })).rejects.toMatchObject({ code: "API_INVALID_OPTION" });
    }
  });
});
