// Server suite: connection middleware and each socket's own.
import type { Socket } from "socket.io";
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { openPolling, openWebSocket } from "../../support/raw-client.js";
import { client, connected, pair, type ServerLibrary, stage } from "../../support/scene.js";
import { once, until } from "../../support/waiting.js";

export function describeMiddleware(library: ServerLibrary): void {
  describe("middleware", () => {
    it("runs each in turn before the connection", async () => {
      const scene = await stage(library);
      const order: string[] = [];
      scene.io.use((_socket, next) => {
        order.push("first");
        setImmediate(next);
      });
      scene.io.use((_socket, next) => {
        order.push("second");
        next();
      });
      scene.io.on("connection", () => order.push("connection"));
      await connected(stock, scene.url);
      expect(order).toEqual(["first", "second", "connection"]);
    });

    it("sends the message and the data of an error as CONNECT_ERROR and stops there", async () => {
      const scene = await stage(library);
      let reached = false;
      scene.io.use((_socket, next) => next(Object.assign(new Error("no entry"), { data: { retry: 5 } })));
      scene.io.use((_socket, next) => {
        reached = true;
        next();
      });
      scene.io.on("connection", () => {
        reached = true;
      });
      const socket = client(stock, scene.url);
      const [error] = await once<[Error & { data?: unknown }]>(socket, "connect_error");
      expect(error.message).toBe("no entry");
      expect(error.data).toEqual({ retry: 5 });
      expect(reached).toBe(false);
      expect(scene.io.sockets.sockets.size).toBe(0);
    });

    it("connects in a turn after next, so that what stands behind next precedes the listeners", async () => {
      const scene = await stage(library);
      const order: unknown[] = [];
      scene.io.use((socket, next) => {
        next();
        order.push("behind next");
        socket.data.late = true;
      });
      scene.io.on("connection", (socket) => {
        order.push("connection", socket.data.late);
      });
      await connected(stock, scene.url);
      expect(order).toEqual(["behind next", "connection", true]);
    });

    it("refuses in a turn after next too", async () => {
      const { port, io } = await stage(library);
      io.use((socket, next) => {
        next(new Error("no entry"));
        socket.emit("behind next");
      });
      const { raw } = await openWebSocket(port);
      raw.send("40");
      expect([await raw.text(), await raw.text()]).toEqual(['42["behind next"]', '44{"message":"no entry"}']);
      raw.close();
    });

    for (const nothing of [null, undefined, false, 0, ""]) {
      it(`goes on where next is given ${JSON.stringify(nothing)}`, async () => {
        const scene = await stage(library);
        scene.io.use((_socket, next) => next(nothing as unknown as undefined));
        const { socket, peer } = await pair(scene, stock);
        socket.use((_event, next) => next(nothing as unknown as undefined));
        const heard = once(socket, "n");
        peer.emit("n", 1);
        expect(await heard).toEqual([1]);
      });
    }

    it("sends an error without data by bytes", async () => {
      const { port, io } = await stage(library);
      io.of("/news").use((_socket, next) => next(new Error("no entry")));
      const { raw } = await openWebSocket(port);
      expect(await raw.join("/news")).toBe('44/news,{"message":"no entry"}');
      raw.close();
    });

    it("does not run one namespace's middleware for another", async () => {
      const scene = await stage(library);
      scene.io.use((_socket, next) => next(new Error("main is closed")));
      scene.io.of("/open");
      await connected(stock, `${scene.url}/open`);
    });

    it("shows the handshake with auth, query and headers", async () => {
      const scene = await stage(library);
      const seen: Record<string, unknown>[] = [];
      scene.io.use((socket, next) => {
        const { auth, query, headers, address, xdomain, secure, url, time, issued } = socket.handshake;
        seen.push({ auth, k: query["k"], agent: headers["x-agent"], address, xdomain, secure, url, time, issued });
        next();
      });
      await connected(stock, scene.url, { auth: { token: "t" }, query: { k: "v" }, extraHeaders: { "x-agent": "me" } });
      expect(seen[0]).toMatchObject({
        auth: { token: "t" },
        k: "v",
        agent: "me",
        address: "127.0.0.1",
        xdomain: false,
        secure: false,
      });
      expect(seen[0]?.["url"]).toContain("k=v");
      expect(typeof seen[0]?.["time"]).toBe("string");
      expect(typeof seen[0]?.["issued"]).toBe("number");
    });

    it("shows a query that is an object like any other", async () => {
      const { port, io } = await stage(library);
      const arrival = once<[Socket]>(io, "connection");
      const session = await openPolling(port, { query: "&__proto__=x&a=1" });
      await session.post("40");
      const [socket] = await arrival;
      const { query } = socket.handshake;
      expect(Object.hasOwn(query, "a")).toBe(true);
      expect(Object.getPrototypeOf(query)).toBe(Object.prototype);
      expect(Object.entries(query)).toContainEqual(["__proto__", "x"]);
    });

    it("gives an auth of its own kind to each client", async () => {
      const { port, io } = await stage(library);
      const seen: unknown[] = [];
      io.on("connection", (socket) => seen.push(socket.handshake.auth));
      const { raw } = await openWebSocket(port);
      await raw.join("/", { a: 1, b: { c: [2] } });
      expect(seen).toEqual([{ a: 1, b: { c: [2] } }]);
      raw.close();
      const second = await openWebSocket(port);
      await second.raw.join();
      expect(seen[1]).toEqual({});
      second.raw.close();
    });

    it("does not connect a client that left during the middleware", async () => {
      const { port, io } = await stage(library);
      let connections = 0;
      let release = (): void => {};
      io.use((_socket, next) => {
        release = next;
      });
      io.on("connection", () => {
        connections++;
      });
      const { raw } = await openWebSocket(port);
      raw.send("40");
      await until(() => release.length >= 0 && io.engine.clientsCount === 1, "the client is there");
      raw.close();
      await until(() => io.engine.clientsCount === 0, "the client is gone");
      release();
      // The answer to another client comes after what the middleware let go.
      (await openWebSocket(port)).raw.close();
      expect(io.sockets.sockets.size).toBe(0);
      expect(connections).toBe(0);
    });

    it("shares data that middleware puts on the socket", async () => {
      const scene = await stage(library);
      scene.io.use((socket, next) => {
        socket.data.user = "ana";
        next();
      });
      const { socket } = await pair(scene, stock);
      expect(socket.data).toEqual({ user: "ana" });
    });
  });

  describe("a socket's own middleware", () => {
    it("sees each packet and may change it", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const packets: unknown[] = [];
      socket.use((packet, next) => {
        packets.push([...packet]);
        packet[1] = Number(packet[1]) * 2;
        next();
      });
      const heard = once(socket, "n");
      peer.emit("n", 21);
      expect(await heard).toEqual([42]);
      expect(packets).toEqual([["n", 21]]);
    });

    it("stops a packet with an error, which the socket's error event tells", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      socket.use(([event], next) => next(event === "bad" ? new Error("not that") : undefined));
      const heard: string[] = [];
      socket.on("bad", () => heard.push("bad"));
      socket.on("good", () => heard.push("good"));
      const failed = once<[Error]>(socket, "error");
      peer.emit("bad");
      expect((await failed)[0].message).toBe("not that");
      const good = once(socket, "good");
      peer.emit("good");
      await good;
      expect(heard).toEqual(["good"]);
      expect(socket.connected).toBe(true);
    });

    it("stops a packet although nobody listens to errors, and goes on", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const heard: string[] = [];
      socket.use(([event], next) => next(event === "bad" ? new Error("not that") : undefined));
      socket.on("bad", () => heard.push("bad"));
      const good = once(socket, "good");
      peer.emit("bad");
      peer.emit("good");
      await good;
      expect(heard).toEqual([]);
    });

    it("tells the error event of what cannot be read, before the end", async () => {
      const { port, io } = await stage(library);
      const told: string[] = [];
      io.on("connection", (socket) => {
        socket.on("error", (error) => void told.push(error instanceof Error ? "error" : String(error)));
        socket.on("disconnect", () => void told.push("disconnect"));
      });
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send('42["a"');
      await raw.closed;
      expect(told).toEqual(["error", "disconnect"]);
    });

    it("runs each in turn", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const order: string[] = [];
      socket.use((_packet, next) => {
        order.push("first");
        setImmediate(next);
      });
      socket.use((_packet, next) => {
        order.push("second");
        next();
      });
      const heard = once(socket, "n");
      peer.emit("n");
      await heard;
      expect(order).toEqual(["first", "second"]);
    });
  });
}
