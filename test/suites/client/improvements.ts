// Client suite: where we differ from socket.io-client 4.8.4 on purpose. Each test says what the reference does.
import { Agent, createServer, get } from "node:http";
import { Server } from "socket.io";
import { describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { type ClientLibrary, client, closeLater, connected, listening, stage } from "../../support/scene.js";
import { once } from "../../support/waiting.js";

const stock = { Server };
const code = (error: unknown): unknown => (error as { code?: unknown }).code;

export function describeClientImprovements(library: ClientLibrary): void {
  describe("improvements", () => {
    it("settles a timeout form at once when the connection ends (the reference: after the time)", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url);
      const settled = new Promise<unknown>((resolve) => socket.timeout(60_000).emit("unheard", resolve));
      for (const server of scene.io.sockets.sockets.values()) server.disconnect();
      expect(code(await settled)).toBe("ACK_DISCONNECTED");
    });

    it("fails an emit above maxPayload with a typed error and stays connected (the reference: reconnects for ever)", async () => {
      const scene = await stage(stock, { maxHttpBufferSize: 1000 });
      const socket = await connected(library, scene.url, { transports: ["websocket"] });
      const error = await socket.emitWithAck("big", "x".repeat(5000)).catch((reason: unknown) => reason);
      expect(code(error)).toBe("PACKET_TOO_BIG");
      expect(socket.connected).toBe(true);
      const [server] = scene.io.sockets.sockets.values();
      const there = once(server, "small");
      socket.emit("small", 1);
      expect(await there).toEqual([1]);
    });

    it("names a cyclic object and keeps the connection (the reference: the stack overflows)", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url);
      const cyclic: Record<string, unknown> = {};
      cyclic["self"] = [cyclic];
      let error: unknown;
      try {
        socket.emit("cyclic", cyclic);
      } catch (thrown) {
        error = thrown;
      }
      expect(code(error)).toBe("PACKET_CYCLIC");
      expect(socket.connected).toBe(true);
    });

    it("tries again when a WebSocket closes before the open packet (the reference: after the whole timeout)", async () => {
      const http = createServer();
      closeLater(http);
      new WebSocketServer({ server: http }).on("connection", (ws) => ws.close());
      const socket = client(library, `http://127.0.0.1:${await listening(http)}`, { transports: ["websocket"] });
      expect((await once(socket, "connect_error"))[0]).toBeInstanceOf(Error);
    });

    it("shows the answer of a server that refuses (the reference: before it has read it)", async () => {
      const scene = await stage(stock, { allowRequest: (_req, decide) => decide("no", false) });
      const socket = client(library, scene.url, { transports: ["polling"], reconnection: false });
      const [error] = await once<[Error & { context?: unknown }]>(socket, "connect_error");
      expect(error.context).toMatchObject({ status: 403, responseText: '{"code":4,"message":"no"}' });
    });

    it("asks again when the connection that it was to use again has been closed (the reference keeps none)", async () => {
      const http = createServer((_request, response) => response.end("pooled"));
      closeLater(http);
      const used = new Set<unknown>();
      const accepting = new WebSocketServer({ noServer: true });
      const joined = once(accepting, "connection");
      http.on("request", ({ socket }) => used.add(socket));
      http.on("upgrade", (request, socket, head) => {
        if (used.has(socket)) socket.destroy();
        else accepting.handleUpgrade(request, socket, head, (ws) => accepting.emit("connection", ws, request));
      });
      const url = `http://127.0.0.1:${await listening(http)}`;
      const agent = new Agent({ keepAlive: true });
      await new Promise<void>((resolve) => {
        get(url, { agent }, (response) => response.resume()).on("close", resolve);
      });
      client(library, url, { transports: ["websocket"], reconnection: false, agent: agent as unknown as string });
      await joined;
      expect(used.size).toBe(1);
    });

    it("ends a polling request that takes longer than requestTimeout (the reference: only in browsers)", async () => {
      const silent = createServer(() => {});
      closeLater(silent);
      const url = `http://127.0.0.1:${await listening(silent)}`;
      const socket = client(library, url, { transports: ["polling"], requestTimeout: 40 });
      expect((await once<[Error]>(socket, "connect_error"))[0].message).toBe("xhr poll error");
    });

    it("keeps the program's own cookie beside those that a server sets (the reference: the first time only)", async () => {
      const scene = await stage(stock);
      const cookies: (string | undefined)[] = [];
      scene.io.engine.on("initial_headers", (headers: Record<string, string>) => {
        headers["set-cookie"] = "route=3";
      });
      scene.httpServer.prependListener("request", ({ headers }) => cookies.push(headers.cookie));
      await connected(library, scene.url, {
        withCredentials: true,
        transports: ["polling"],
        extraHeaders: { cookie: "own=1" },
      });
      const [first, ...later] = cookies;
      expect(first).toBe("own=1");
      expect([...new Set(later)]).toEqual(["own=1; route=3"]);
    });

    it("sends a stock server nothing but the user's auth", async () => {
      const scene = await stage(stock);
      const arrival = once<[import("socket.io").Socket]>(scene.io, "connection");
      client(library, scene.url, { auth: { token: "t" } });
      expect((await arrival)[0].handshake.auth).toEqual({ token: "t" });
    });
  });
}
