// Interop: the limits that close a session are told to listeners of `limit`, each with its option and its value, so that they can be counted.
import { describe, expect, it } from "vitest";
import type { LimitReport, ServerOptions } from "../../src/entry/server.js";
import { target } from "../support/attack-target.js";
import { Attacker, attackOverWebSocket, frame, upgradeRequest } from "../support/attacker.js";
import { ask, openPolling } from "../support/raw-client.js";
import { Ledger } from "../support/waiting.js";

const LONG = "x".repeat(100);

/** What a client sends, and what is told of it. */
const ATTACKS: readonly (readonly [name: string, limit: number, Partial<ServerOptions>, readonly Buffer[]])[] = [
  ["maxHttpBufferSize", 1000, {}, [frame(0x81, `42["x","${"x".repeat(2000)}"]`)]],
  ["maxFragments", 3, {}, [frame(0x01, LONG), frame(0, LONG), frame(0, LONG), frame(0x80, LONG)]],
  ["maxTinyFragments", 2, {}, [frame(0x01, "4"), frame(0, "2"), frame(0, "["), frame(0x80, "]")]],
  ["maxAttachments", 1, {}, [frame(0x81, '452-["x"]')]],
  [
    "maxAttachmentBytes",
    10,
    {},
    [frame(0x81, '451-["x",{"_placeholder":true,"num":0}]'), frame(0x82, Buffer.alloc(20))],
  ],
  ["maxMessagesPerSecond", 5, {}, Array.from({ length: 50 }, () => frame(0x81, '42["x"]'))],
  ["maxBytesPerSecond", 100, {}, Array.from({ length: 50 }, () => frame(0x81, `42["x","${LONG}"]`))],
];

describe("a limit that closes a session", () => {
  for (const [name, limit, options, frames] of ATTACKS)
    it(`is told by its option and its value: ${name}`, async () => {
      const { io, port, isAlone, isServed } = await target({ ...options, [name]: limit });
      const told = new Ledger<LimitReport>();
      io.engine.on("limit", (report) => told.add(report));
      const attacker = await attackOverWebSocket(port);
      attacker.send(Buffer.concat(frames));
      await attacker.closes();
      await isAlone();
      expect(told.entries.map((report) => [report.name, report.limit, report.connection?.remoteAddress])).toEqual([
        [name, limit, "127.0.0.1"],
      ]);
      await isServed();
    });

  it("is told of sessions that never join, over both transports", async () => {
    const { io, port, isAlone } = await target({ connectTimeout: 300 });
    const told = new Ledger<LimitReport>();
    io.engine.on("limit", (report) => told.add(report));
    new Attacker(port).send(upgradeRequest());
    await openPolling(port);
    await told.reaches(2);
    expect(told.entries.map(({ name, limit }) => [name, limit])).toEqual([
      ["connectTimeout", 300],
      ["connectTimeout", 300],
    ]);
    await isAlone();
  });

  it("is told of a body that is too large, and of a client that takes nothing", async () => {
    const { io, port, isAlone } = await target({ maxHttpBufferSize: 1000, maxBufferedBytes: 5000 });
    const told = new Ledger<LimitReport>();
    io.engine.on("limit", (report) => told.add(report));
    const { url } = await openPolling(port);
    await ask(port, url, { method: "POST", body: "4".repeat(2000) });
    await isAlone();
    const idle = await openPolling(port);
    await ask(port, idle.url, { method: "POST", body: "40" });
    for (let n = 0; n < 10; n++) io.emit("news", "x".repeat(1000));
    await told.reaches(2);
    expect(told.entries.map(({ name, limit }) => [name, limit])).toEqual([
      ["maxHttpBufferSize", 1000],
      ["maxBufferedBytes", 5000],
    ]);
  });
});
