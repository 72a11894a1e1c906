// Client suite: io(), namespaces over one connection, auth, the states of a socket, and how connections end.
import { createServer } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import { Server, type Socket as ServerSocket } from "socket.io";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { client, closeLater, connected, listening, stage } from "../../support/scene.js";
import { once, turn, until } from "../../support/waiting.js";
import { type ClientUnderTest, transportsOf } from "./client-under-test.js";

const stock = { Server };

type ConnectError = Error & { type?: string; description?: unknown; context?: unknown };

export function describeConnecting(library: ClientUnderTest): void {
  const single = transportsOf(library).flatMap((transports) => (transports.length === 1 ? transports : []));

  describe("connecting", () => {
    it("connects by itself and has the id that the server knows", async () => {
      const scene = await stage(stock);
      const socket = client(library, scene.url);
      expect(socket.connected).toBe(false);
      expect(socket.disconnected).toBe(true);
      expect(socket.active).toBe(true);
      expect(socket.id).toBeUndefined();
      await once(socket, "connect");
      expect(socket.connected).toBe(true);
      expect(socket.disconnected).toBe(false);
      expect(socket.recovered).toBeFalsy();
      expect(scene.io.sockets.sockets.has(socket.id ?? "")).toBe(true);
    });

    it("is called connect too", () => {
      expect((library.io as unknown as { connect: unknown }).connect).toBe(library.io);
    });

    it("waits for connect where autoConnect is off", async () => {
      const scene = await stage(stock);
      const socket = client(library, scene.url, { autoConnect: false });
      await turn();
      expect(socket.active).toBe(false);
      expect(scene.io.engine.clientsCount).toBe(0);
      expect(socket.connect()).toBe(socket);
      expect(socket.active).toBe(true);
      await once(socket, "connect");
    });

    it("puts the namespaces of one server on one connection", async () => {
      const scene = await stage(stock);
      scene.io.of("/a");
      scene.io.of("/b");
      const a = client(library, `${scene.url}/a`, { forceNew: false });
      const b = client(library, `${scene.url}/b`, { forceNew: false });
      await Promise.all([once(a, "connect"), once(b, "connect")]);
      expect(a.io).toBe(b.io);
      expect(scene.io.engine.clientsCount).toBe(1);
      expect(a.id).not.toBe(b.id);
    });

    for (const options of [{ forceNew: true }, { multiplex: false }, { "force new connection": true }]) {
      it(`opens a connection of its own with ${JSON.stringify(options)}`, async () => {
        const scene = await stage(stock);
        scene.io.of("/a");
        const main = client(library, scene.url, { ...options, forceNew: "forceNew" in options } as never);
        const a = client(library, `${scene.url}/a`, { forceNew: false, ...options } as never);
        await Promise.all([once(main, "connect"), once(a, "connect")]);
        expect(main.io).not.toBe(a.io);
        expect(scene.io.engine.clientsCount).toBe(2);
      });
    }

    it("opens a connection of its own for a namespace that the shared one has already", async () => {
      const scene = await stage(stock);
      const one = client(library, scene.url, { forceNew: false });
      const two = client(library, scene.url, { forceNew: false });
      await Promise.all([once(one, "connect"), once(two, "connect")]);
      expect(one.id).not.toBe(two.id);
      expect(scene.io.engine.clientsCount).toBe(2);
    });

    it("closes the connection when its last namespace leaves", async () => {
      const scene = await stage(stock);
      scene.io.of("/a");
      scene.io.of("/b");
      const manager = new library.Manager(scene.url, { reconnection: false });
      const a = manager.socket("/a");
      const b = manager.socket("/b");
      await Promise.all([once(a, "connect"), once(b, "connect")]);
      a.disconnect();
      await until(() => scene.io.of("/a").sockets.size === 0, "the first namespace is left");
      expect(scene.io.engine.clientsCount).toBe(1);
      expect(b.connected).toBe(true);
      b.disconnect();
      await until(() => scene.io.engine.clientsCount === 0, "the connection is closed");
    });

    it("gives the same socket for a namespace of a manager again", async () => {
      const scene = await stage(stock);
      const manager = new library.Manager(scene.url, { reconnection: false, autoConnect: false });
      expect(manager.socket("/a")).toBe(manager.socket("/a"));
    });

    it("sends auth, as an object", async () => {
      const scene = await stage(stock);
      const arrival = once<[ServerSocket]>(scene.io, "connection");
      client(library, scene.url, { auth: { token: "abc", deep: { n: [1] } } });
      expect((await arrival)[0].handshake.auth).toEqual({ token: "abc", deep: { n: [1] } });
    });

    it("asks a function for auth with the socket as this", async () => {
      const scene = await stage(stock);
      const selves: unknown[] = [];
      const socket = await connected(library, scene.url, {
        auth(this: unknown, answer: (data: object) => void) {
          selves.push(this);
          answer({});
        },
      });
      expect(selves.map((self) => self === socket)).toEqual([true]);
    });

    it("asks a function for auth at each connect", async () => {
      const scene = await stage(stock);
      const tokens: unknown[] = [];
      scene.io.on("connection", (socket) => tokens.push(socket.handshake.auth["n"]));
      let n = 0;
      const socket = client(library, scene.url, { auth: (give) => setTimeout(give, 1, { n: ++n }) });
      await once(socket, "connect");
      socket.disconnect().connect();
      await once(socket, "connect");
      expect(tokens).toEqual([1, 2]);
    });

    it("reads auth again when it was changed on the socket", async () => {
      const scene = await stage(stock);
      scene.io.use((socket, next) =>
        next(socket.handshake.auth["token"] === "good" ? undefined : new Error("bad token")),
      );
      const socket = client(library, scene.url, { auth: { token: "bad" } });
      const [error] = await once<[Error]>(socket, "connect_error");
      expect(error.message).toBe("bad token");
      socket.auth = { token: "good" };
      socket.connect();
      await once(socket, "connect");
    });

    it("sends query and extra headers", async () => {
      const scene = await stage(stock);
      const arrival = once<[ServerSocket]>(scene.io, "connection");
      client(library, scene.url, { query: { k: "v w&x" }, extraHeaders: { "x-agent": "me" } });
      const [socket] = await arrival;
      expect(socket.handshake.query["k"]).toBe("v w&x");
      if (!library.isCompact) expect(socket.handshake.headers["x-agent"]).toBe("me");
    });

    it("takes the query of the URL", async () => {
      const scene = await stage(stock);
      const arrival = once<[ServerSocket]>(scene.io, "connection");
      client(library, `${scene.url}/?a=1`);
      expect((await arrival)[0].handshake.query["a"]).toBe("1");
    });

    it("takes the query of the URL and not the option where there are both", async () => {
      const scene = await stage(stock);
      const arrival = once<[ServerSocket]>(scene.io, "connection");
      client(library, `${scene.url}/?a=1`, { query: { b: 2 } });
      expect((await arrival)[0].handshake.query).toMatchObject({ a: "1" });
      expect((await arrival)[0].handshake.query["b"]).toBeUndefined();
    });

    it.each(single)("tells why there is no connection, and JSON can show it: %s", async (transport) => {
      const scene = await stage(stock, { allowRequest: (_req, decide) => decide("no", false) });
      const opts = { transports: [transport], reconnection: false };
      const [refused] = await once<[ConnectError]>(client(library, scene.url, opts), "connect_error");
      const [unreachable] = await once<[ConnectError]>(client(library, "http://127.0.0.1:1", opts), "connect_error");
      expect([refused.type, unreachable.type]).toEqual(["TransportError", "TransportError"]);
      JSON.stringify([refused.context, unreachable.context]);
      if (transport === "websocket") {
        expect([refused.context, unreachable.context]).toEqual([undefined, undefined]);
        expect((unreachable.description as Error).message).toContain("ECONNREFUSED");
      } else {
        expect([refused.description, unreachable.description]).toEqual([403, 0]);
        expect(refused.context).toMatchObject({ status: 403, responseText: expect.any(String) });
        expect(unreachable.context).toMatchObject({ status: 0 });
        if (!library.isPage) expect(unreachable.context).toMatchObject({ statusText: { code: "ECONNREFUSED" } });
      }
    });

    it("has no message where the server gave none", async () => {
      const scene = await stage(stock);
      scene.io.use((_socket, next) => next("text" as unknown as Error));
      const [error] = await once<[Error]>(client(library, scene.url), "connect_error");
      expect(error.message).toBe("");
    });

    it("means the usual path by an empty one, and shares a connection with who names it", async () => {
      const scene = await stage(stock);
      scene.io.of("/other");
      scene.io.of("/third");
      const socket = library.io(scene.url, { path: "" });
      const other = library.io(`${scene.url}/other`, { path: "/socket.io" });
      const third = library.io(`${scene.url}/third`, { path: undefined as unknown as string });
      onTestFinished(() => {
        for (const each of [socket, other, third]) each.disconnect();
      });
      await Promise.all([once(socket, "connect"), once(other, "connect"), once(third, "connect")]);
      expect([other.io, third.io].map((manager) => manager === socket.io)).toEqual([true, true]);
      expect(scene.io.engine.clientsCount).toBe(1);
    });

    it("asks under another path", async () => {
      const scene = await stage(stock, { path: "/live" });
      await connected(library, scene.url, { path: "/live" });
    });

    it("tells connect_error with message and data of a middleware, and does not come back by itself", async () => {
      const scene = await stage(stock);
      scene.io.use((_socket, next) => next(Object.assign(new Error("no entry"), { data: { retry: 5 } })));
      const socket = client(library, scene.url, { reconnection: true });
      const [error] = await once<[Error & { data?: unknown }]>(socket, "connect_error");
      expect(error).toBeInstanceOf(Error);
      expect(error.message).toBe("no entry");
      expect(error.data).toEqual({ retry: 5 });
      expect(socket.active).toBe(false);
      expect(socket.connected).toBe(false);
    });

    it("tells connect_error where the namespace does not exist", async () => {
      const scene = await stage(stock);
      const socket = client(library, `${scene.url}/nowhere`);
      expect((await once<[Error]>(socket, "connect_error"))[0].message).toBe("Invalid namespace");
    });

    it("tells connect_error where nothing listens", async () => {
      const scene = await stage(stock);
      const { url } = scene;
      await scene.io.close();
      for (const transport of single) {
        const socket = client(library, url, { transports: [transport] });
        expect((await once(socket, "connect_error"))[0]).toBeInstanceOf(Error);
        expect(socket.connected).toBe(false);
      }
    });

    it("tells connect_error timeout where the server does not answer in time", async () => {
      const scene = await stage(stock, { allowRequest: () => {} });
      const requests: TcpSocket[] = [];
      scene.httpServer.on("connection", (tcp: TcpSocket) => requests.push(tcp));
      // Nobody looks whether the other end of a handshake is still there while it waits for its answer.
      onTestFinished(() => {
        for (const tcp of requests) tcp.destroy();
      });
      const socket = client(library, scene.url, { timeout: 50 });
      expect((await once<[Error]>(socket, "connect_error"))[0].message).toBe("timeout");
    });

    it("hears in a connect listener of the same turn what the server sends at once", async () => {
      const scene = await stage(stock);
      scene.io.on("connection", (socket) => socket.emit("hello", 1));
      const socket = client(library, scene.url);
      const heard: unknown[] = [];
      socket.on("connect", () => socket.on("hello", (n: number) => heard.push(n)));
      await until(() => heard.length === 1, "hello is heard");
      expect(heard).toEqual([1]);
    });
  });

  describe("the end of a connection", () => {
    for (const transport of single) {
      const options = { transports: [transport] };
      it(`is io client disconnect when the client leaves over ${transport}`, async () => {
        const scene = await stage(stock);
        const arrival = once<[ServerSocket]>(scene.io, "connection");
        const socket = await connected(library, scene.url, options);
        const [server] = await arrival;
        const both = Promise.all([once(server, "disconnect"), once(socket, "disconnect")]);
        expect(socket.disconnect()).toBe(socket);
        const [there, here] = await both;
        expect(there[0]).toBe("client namespace disconnect");
        expect(here[0]).toBe("io client disconnect");
        expect(socket.connected).toBe(false);
        expect(socket.active).toBe(false);
        expect(socket.id).toBeUndefined();
      });

      it(`is io server disconnect when the server closes the namespace over ${transport}, and stays so`, async () => {
        const scene = await stage(stock);
        const arrival = once<[ServerSocket]>(scene.io, "connection");
        const socket = await connected(library, scene.url, { ...options, reconnection: true });
        const gone = once(socket, "disconnect");
        (await arrival)[0].disconnect();
        expect((await gone)[0]).toBe("io server disconnect");
        expect(socket.active).toBe(false);
      });

      it(`is transport close or error with details when the connection breaks over ${transport}`, async () => {
        const scene = await stage(stock);
        const socket = await connected(library, scene.url, options);
        const gone = once<[string, unknown]>(socket, "disconnect");
        scene.httpServer.closeAllConnections();
        for (const connection of scene.io.sockets.sockets.values()) connection.conn.close(true);
        const [reason, details] = await gone;
        expect(["transport close", "transport error"]).toContain(reason);
        expect(details).toBeDefined();
      });
    }

    it("is ping timeout when the server does not ping", async () => {
      const http = createServer();
      closeLater(http);
      const silent = new WebSocketServer({ server: http });
      silent.on("connection", (ws) => {
        ws.send('0{"sid":"quiet","upgrades":[],"pingInterval":100,"pingTimeout":400,"maxPayload":1000}');
        ws.on("message", () => ws.send('40{"sid":"socket"}'));
      });
      const socket = await connected(library, `http://127.0.0.1:${await listening(http)}`, {
        transports: ["websocket"],
      });
      expect((await once(socket, "disconnect"))[0]).toBe("ping timeout");
    });

    it("is parse error when the server says what cannot be read", async () => {
      const scene = await stage(stock);
      const arrival = once<[ServerSocket]>(scene.io, "connection");
      const socket = await connected(library, scene.url, { transports: ["websocket"] });
      const gone = once(socket, "disconnect");
      (await arrival)[0].conn.write('2{"not":"an array"}');
      expect((await gone)[0]).toBe("parse error");
    });

    it("may be followed by connect", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url);
      const first = socket.id;
      socket.disconnect();
      socket.connect();
      await once(socket, "connect");
      expect(socket.id).not.toBe(first);
    });

    it("is announced once, and disconnect of a socket that is not connected announces nothing", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url);
      let count = 0;
      socket.on("disconnect", () => count++);
      socket.disconnect();
      socket.disconnect();
      socket.close();
      await turn();
      expect(count).toBe(1);
    });
  });
}
