// Server suite: the opening of a session and the refusals of it (Engine.IO v4, "Handshake"; error codes 0-5).
import { describe, expect, it } from "vitest";
import { ask, dial, openPolling, openWebSocket, refusedUpgrade } from "../../support/raw-client.js";
import { type ServerLibrary, stage } from "../../support/scene.js";

export function describeHandshake(library: ServerLibrary): void {
  describe("handshake", () => {
    it("opens a session over polling with the fields of the protocol", async () => {
      const { port } = await stage(library);
      const { answer, open } = await openPolling(port);
      expect(answer.headers["content-type"]).toBe("text/plain; charset=UTF-8");
      expect(answer.headers["cache-control"]).toBe("no-store");
      expect(answer.text.startsWith("0{")).toBe(true);
      expect(open.sid).toMatch(/^[\w-]{20,}$/);
      expect(open).toMatchObject({
        upgrades: ["websocket"],
        pingInterval: 25000,
        pingTimeout: 20000,
        maxPayload: 1000000,
      });
    });

    it("opens a session for a sid that is empty", async () => {
      const { port } = await stage(library);
      const session = await openPolling(port, { query: "&sid=" });
      expect(session.open.sid).toHaveLength(20);
    });

    it("offers no upgrade over WebSocket", async () => {
      const { port } = await stage(library);
      const { open, raw } = await openWebSocket(port);
      expect(open.upgrades).toEqual([]);
      expect(open.sid).toMatch(/^[\w-]{20,}$/);
      raw.close();
    });

    it("puts its options into the open packet", async () => {
      const { port } = await stage(library, { pingInterval: 1234, pingTimeout: 567, maxHttpBufferSize: 4321 });
      const { open } = await openPolling(port);
      expect(open).toMatchObject({ pingInterval: 1234, pingTimeout: 567, maxPayload: 4321 });
    });

    it("offers no upgrade where upgrades are not allowed", async () => {
      const { port } = await stage(library, { allowUpgrades: false });
      expect((await openPolling(port)).open.upgrades).toEqual([]);
    });

    it("offers no upgrade where polling is the only transport", async () => {
      const { port } = await stage(library, { transports: ["polling"] });
      expect((await openPolling(port)).open.upgrades).toEqual([]);
    });

    it("gives every session an id of its own", async () => {
      const { port } = await stage(library);
      const sessions = await Promise.all(Array.from({ length: 20 }, () => openPolling(port)));
      expect(new Set(sessions.map(({ open }) => open.sid)).size).toBe(20);
    });

    it("answers CONNECT with an id that is not the session's", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      const answer = await session.join();
      expect(answer).toMatch(/^40\{"sid":"[\w-]+"/);
      const { sid } = JSON.parse(answer.slice(2)) as { sid: string };
      expect(sid).not.toBe(session.open.sid);
      expect(io.sockets.sockets.get(sid)?.id).toBe(sid);
    });

    it("answers a stock client's CONNECT with nothing but the id", async () => {
      const { port } = await stage(library);
      const { raw } = await openWebSocket(port);
      const answer = await raw.join();
      expect(Object.keys(JSON.parse(answer.slice(2)) as object)).toEqual(["sid"]);
      raw.close();
    });

    const refusals = [
      {
        when: "the transport is unknown",
        query: "EIO=4&transport=carrier-pigeon",
        code: 0,
        message: "Transport unknown",
      },
      { when: "no transport is named", query: "EIO=4", code: 0, message: "Transport unknown" },
      {
        when: "the transport has a name of Object.prototype",
        query: "EIO=4&transport=constructor",
        code: 0,
        message: "Transport unknown",
      },
      {
        when: "the session is unknown",
        query: "EIO=4&transport=polling&sid=nobody",
        code: 1,
        message: "Session ID unknown",
      },
      {
        when: "the session has a name of Object.prototype",
        query: "EIO=4&transport=polling&sid=__proto__",
        code: 1,
        message: "Session ID unknown",
      },
      {
        when: "WebSocket is asked for without an upgrade",
        query: "EIO=4&transport=websocket",
        code: 3,
        message: "Bad request",
      },
      {
        when: "the protocol is version 3",
        query: "EIO=3&transport=polling",
        code: 5,
        message: "Unsupported protocol version",
      },
      {
        when: "no protocol version is given",
        query: "transport=polling",
        code: 5,
        message: "Unsupported protocol version",
      },
    ];
    for (const { when, query, code, message } of refusals) {
      it(`refuses with code ${code} when ${when}`, async () => {
        const { port } = await stage(library);
        const answer = await ask(port, `/socket.io/?${query}`);
        expect(answer.status).toBe(400);
        expect(answer.headers["content-type"]).toContain("application/json");
        expect(JSON.parse(answer.text)).toMatchObject({ code, message });
      });
    }

    for (const method of ["POST", "PUT", "DELETE"]) {
      it(`refuses a handshake by ${method} with code 2`, async () => {
        const { port } = await stage(library);
        const answer = await ask(port, "/socket.io/?EIO=4&transport=polling", { method });
        expect(answer.status).toBe(400);
        expect(JSON.parse(answer.text)).toMatchObject({ code: 2, message: "Bad handshake method" });
      });
    }

    it("refuses with code 3 a session that is opened over polling and asked for over WebSocket without an upgrade", async () => {
      const { port } = await stage(library);
      const { open } = await openPolling(port);
      const answer = await ask(port, `/socket.io/?EIO=4&transport=websocket&sid=${open.sid}`);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 3, message: "Bad request" });
    });

    it("refuses with code 4 what allowRequest refuses", async () => {
      const { port } = await stage(library, { allowRequest: (_request, callback) => callback("nobody today", false) });
      const answer = await ask(port, "/socket.io/?EIO=4&transport=polling");
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 4, message: "nobody today" });
    });

    it("asks allowRequest on a WebSocket handshake too", async () => {
      const seen: (string | undefined)[] = [];
      const { port } = await stage(library, {
        allowRequest: (request, callback) => {
          seen.push(request.headers["x-who"] as string | undefined);
          callback(null, request.headers["x-who"] === "friend");
        },
      });
      const { raw } = await openWebSocket(port, { headers: { "x-who": "friend" } });
      raw.close();
      const refused = await refusedUpgrade(port, "EIO=4&transport=websocket", { headers: { "x-who": "stranger" } });
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(seen).toEqual(["friend", "stranger"]);
    });

    it("refuses a WebSocket handshake for an unknown session with its message", async () => {
      const { port } = await stage(library);
      const refused = await refusedUpgrade(port, "EIO=4&transport=websocket&sid=nobody");
      expect(refused.status).toBe(400);
      expect(refused.text).toContain("Session ID unknown");
    });

    it("refuses a WebSocket handshake for an unknown transport", async () => {
      const { port } = await stage(library);
      const refused = await refusedUpgrade(port, "EIO=4&transport=carrier-pigeon");
      expect(refused.status).toBe(400);
      expect(refused.text).toContain("Transport unknown");
    });

    it("refuses a transport that is switched off", async () => {
      const { port } = await stage(library, { transports: ["websocket"] });
      const answer = await ask(port, "/socket.io/?EIO=4&transport=polling");
      expect(JSON.parse(answer.text)).toMatchObject({ code: 0 });
      const raw = await dial(port);
      raw.close();
    });

    it("tells connection_error which request failed and why", async () => {
      const { port, io } = await stage(library);
      const errors: { code: number; message: string; context: unknown; url: string | undefined }[] = [];
      io.engine.on(
        "connection_error",
        (error: { req: { url?: string }; code: number; message: string; context: unknown }) => {
          errors.push({ code: error.code, message: error.message, context: error.context, url: error.req.url });
        },
      );
      await ask(port, "/socket.io/?EIO=4&transport=polling&sid=nobody");
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({ code: 1, message: "Session ID unknown", context: { sid: "nobody" } });
      expect(errors[0]?.url).toContain("sid=nobody");
    });

    it("speaks under another path", async () => {
      const { port } = await stage(library, { path: "/live/" });
      await openPolling(port, { path: "/live/" });
      const { raw } = await openWebSocket(port, { path: "/live/" });
      raw.close();
    });

    it("adds the slash that a path lacks", async () => {
      const { port } = await stage(library, { path: "/live" });
      await openPolling(port, { path: "/live/" });
    });

    it("generates session ids with the user's function, which may be asynchronous", async () => {
      const { port, io } = await stage(library);
      (io.engine as { generateId: unknown }).generateId = async (): Promise<string> => "number-one";
      const { open } = await openPolling(port);
      expect(open.sid).toBe("number-one");
    });

    it("takes numbers of the user's function for session ids", async () => {
      const { port, io } = await stage(library);
      let count = 0;
      (io.engine as { generateId: unknown }).generateId = (): number => ++count;
      const session = await openPolling(port);
      expect(String(session.open.sid)).toBe("1");
      expect(await session.join()).toMatch(/^40/);
    });
  });
}
