import { describe, expect, it } from "vitest";
import { type EngineOptions, engineSettings } from "../../../src/server/engine-options.js";
import { ask, openPolling, openWebSocket, refusedUpgrade } from "../../support/raw-client.js";
import { engineOn } from "./engine-stage.js";

const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";

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

  it.each([["http://good.example"], [["http://good.example"]], [/good/]])(
    "means the origins that stand in place of the object: %s",
    async (cors) => {
      const { port } = await engineOn({ cors } as unknown as EngineOptions);
      expect((await ask(port, HANDSHAKE, { headers: { origin: "http://good.example" } })).status).toBe(200);
      expect((await ask(port, HANDSHAKE, { headers: foreign })).status).toBe(403);
      expect((await refusedUpgrade(port, "EIO=4&transport=websocket", { headers: foreign })).status).toBe(403);
    },
  );

  it.each([[5], [{ origins: ["http://good.example"] }]])(
    "refuses %j, which allows something else than it says",
    (cors) => {
      expect(() => engineSettings({ cors } as unknown as EngineOptions)).toThrow(
        expect.objectContaining({ code: "API_INVALID_OPTION", message: expect.stringContaining("cors: { origin: ") }),
      );
    },
  );
});
