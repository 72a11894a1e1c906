// Server suite: `io.engine` and `socket.conn`, the lower half of the API.
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { ask, openPolling, openWebSocket } from "../../support/raw-client.js";
import { connected, pair, type ServerLibrary, stage, upgraded } from "../../support/scene.js";
import { once, until } from "../../support/waiting.js";

export function describeEngine(library: ServerLibrary): void {
  describe("engine", () => {
    it("counts its clients", async () => {
      const { port, io } = await stage(library);
      expect(io.engine.clientsCount).toBe(0);
      await openPolling(port);
      const { raw } = await openWebSocket(port);
      expect(io.engine.clientsCount).toBe(2);
      raw.close();
      await until(() => io.engine.clientsCount === 1, "one client is gone");
    });

    it("lets initial_headers and headers change the headers of answers", async () => {
      const { port, io } = await stage(library);
      io.engine.on("initial_headers", (headers: Record<string, string>, request: { url?: string }) => {
        headers["x-first"] = request.url?.includes("transport=") === true ? "yes" : "no";
      });
      io.engine.on("headers", (headers: Record<string, string>) => {
        expect(headers["cache-control"]).toBe("no-store");
        headers["x-each"] = "1";
      });
      const session = await openPolling(port);
      expect(session.answer.headers["x-first"]).toBe("yes");
      expect(session.answer.headers["x-each"]).toBe("1");
      const next = await session.post("40");
      expect(next.headers["x-first"]).toBeUndefined();
      expect(next.headers["x-each"]).toBe("1");
    });

    it("lets headers change the answer to a WebSocket handshake", async () => {
      const scene = await stage(library);
      scene.io.engine.on("headers", (headers: Record<string, string | number>) => {
        headers["x-each"] = "1";
        headers["x-number"] = 2;
      });
      const { WebSocket } = await import("ws");
      const ws = new WebSocket(`ws://127.0.0.1:${scene.port}/socket.io/?EIO=4&transport=websocket`);
      const [response] = await once<[{ headers: Record<string, string> }]>(ws, "upgrade");
      expect(response.headers).toMatchObject({ "x-each": "1", "x-number": "2" });
      ws.terminate();
    });

    it("runs Express middleware on every HTTP request of a session", async () => {
      const { port, io } = await stage(library);
      const seen: string[] = [];
      io.engine.use(
        (
          request: { method?: string; url?: string },
          response: { setHeader(k: string, v: string): void },
          next: () => void,
        ) => {
          seen.push(`${request.method} ${new URL(request.url ?? "", "http://x").searchParams.get("transport")}`);
          response.setHeader("x-middleware", "1");
          next();
        },
      );
      const session = await openPolling(port);
      expect(session.answer.headers["x-middleware"]).toBe("1");
      await session.post("40");
      const { raw } = await openWebSocket(port);
      raw.close();
      expect(seen).toEqual(["GET polling", "POST polling", "GET websocket"]);
    });

    it("lets middleware answer in its place", async () => {
      const { port, io } = await stage(library);
      io.engine.use((_request: unknown, response: { writeHead(status: number): { end(body: string): void } }) => {
        response.writeHead(503).end("not now");
      });
      const answer = await ask(port, "/socket.io/?EIO=4&transport=polling");
      expect(answer.status).toBe(503);
      expect(answer.text).toBe("not now");
    });

    it("tells each connection, which the socket knows as conn", async () => {
      const scene = await stage(library);
      const arrival = once<[{ id: string }]>(scene.io.engine, "connection");
      const { socket, peer } = await pair(scene, stock, { transports: ["websocket"] });
      const [connection] = await arrival;
      expect(connection).toBe(socket.conn);
      expect((socket.conn as unknown as { id: string }).id).toBe(peer.io.engine.id);
      expect(socket.conn.protocol).toBe(4);
      expect(socket.conn.readyState).toBe("open");
      expect(socket.conn.transport.name).toBe("websocket");
      expect(socket.conn.remoteAddress).toBe("127.0.0.1");
    });

    it("tells the upgrade of a connection", async () => {
      const scene = await stage(library);
      const names: string[] = [];
      scene.io.on("connection", (socket) => {
        names.push(socket.conn.transport.name);
        socket.conn.on("upgrade", (transport) => names.push(transport.name));
      });
      const peer = await connected(stock, scene.url, { transports: ["polling", "websocket"] });
      await upgraded(peer);
      await until(() => names.length === 2, "the upgrade is told");
      expect(names).toEqual(["polling", "websocket"]);
    });

    it("tells the packets that come and go on a connection", async () => {
      const { port, io } = await stage(library);
      const packets: string[] = [];
      io.engine.on(
        "connection",
        (connection: { on(event: string, listener: (packet: { type: string; data?: string }) => void): void }) => {
          connection.on("packet", ({ type, data }) => packets.push(`in ${type} ${data ?? ""}`));
          connection.on("packetCreate", ({ type, data }) => packets.push(`out ${type} ${data ?? ""}`));
        },
      );
      io.on("connection", (socket) => socket.on("ask", () => socket.emit("answer")));
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send('42["ask"]');
      expect(await raw.text()).toBe('42["answer"]');
      expect(packets.filter((packet) => !packet.includes("sid"))).toEqual([
        "in message 0",
        'in message 2["ask"]',
        'out message 2["answer"]',
      ]);
      raw.close();
    });

    it("sends messages of text and of bytes in every form below the events", async () => {
      const { port, io } = await stage(library);
      const values = ["text", Buffer.from([1]), new Uint8Array([2]).buffer, new Uint16Array([3]), undefined, 5];
      io.engine.on("connection", (connection: { send(value: unknown): void }) => {
        for (const value of values) connection.send(value);
      });
      const { raw } = await openWebSocket(port);
      const came: string[] = [];
      while (came.length < values.length) {
        const message = await raw.next();
        came.push(typeof message === "string" ? message : message.toString("hex"));
      }
      expect(came).toEqual(["4text", "01", "02", "0300", "4", "45"]);
      raw.close();
    });

    it("tells the close of a connection with its reason", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock, { transports: ["websocket"] });
      const closed = once<[string]>(socket.conn, "close");
      peer.io.engine.close();
      expect((await closed)[0]).toBe("transport close");
      expect(socket.conn.readyState).toBe("closed");
    });

    it("calls back when what a connection was given has left, with options or without", async () => {
      const { port, io } = await stage(library);
      const { raw } = await openWebSocket(port);
      await raw.join();
      const [socket] = io.sockets.sockets.values();
      const called: string[] = [];
      const conn = socket?.conn as unknown as { send(data: string, ...more: unknown[]): void };
      conn.send("a", () => called.push("a"));
      conn.send("b", { compress: false }, () => called.push("b"));
      expect([await raw.text(), await raw.text()]).toEqual(["4a", "4b"]);
      await until(() => called.length === 2, "both have been called");
      expect(called).toEqual(["a", "b"]);
      raw.close();
    });

    it("keeps the request of the connection", async () => {
      const scene = await stage(library);
      const { socket } = await pair(scene, stock, { extraHeaders: { "x-agent": "me" } });
      expect(socket.request.headers["x-agent"]).toBe("me");
      expect(socket.request.url).toContain("/socket.io/");
      expect(socket.handshake.headers["x-agent"]).toBe("me");
      expect(socket.client.conn).toBe(socket.conn);
      expect(socket.request.httpVersion).toBe("1.1");
      expect(socket.request.socket).toMatchObject({ remoteAddress: "127.0.0.1", remoteFamily: "IPv4" });
      expect(socket.request.connection.remotePort).toBeGreaterThan(1023);
    });
  });
}
