import { describe, expect, it } from "vitest";
import { engineSettings } from "../../../src/server/engine-options.js";
import { ask, openPolling, openWebSocket } from "../../support/raw-client.js";
import { engineOn } from "./engine-stage.js";

const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";

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
