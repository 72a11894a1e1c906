// Client suite: what a manager does where sockets come, go and come again, and where it is closed without a connection.
import { Server } from "socket.io";
import { describe, expect, it } from "vitest";
import { client, closeServer, connected, stage } from "../../support/scene.js";
import { once, silence, until } from "../../support/waiting.js";
import type { ClientUnderTest } from "./client-under-test.js";

const stock = { Server };

export function describeManagerEdges(library: ClientUnderTest): void {
  describe("a manager of several sockets", () => {
    it("joins their namespaces in the order in which they were told to connect", async () => {
      const scene = await stage(stock);
      const joined: string[] = [];
      for (const nsp of ["/", "/a", "/b"]) scene.io.of(nsp).on("connection", () => joined.push(nsp));
      const manager = new library.Manager(scene.url, { autoConnect: false, reconnection: false });
      const [main, a, b] = [manager.socket("/"), manager.socket("/a"), manager.socket("/b")];
      b.connect();
      main.connect();
      a.connect();
      main.disconnect();
      main.connect();
      // It connects already: its place stays.
      b.connect();
      await until(() => joined.length === 3, "all three have joined");
      expect(joined).toEqual(["/b", "/a", "/"]);
      for (const socket of [main, a, b]) socket.disconnect();
    });

    it("tells them of the end in that order too", async () => {
      const scene = await stage(stock);
      for (const nsp of ["/a", "/b"]) scene.io.of(nsp);
      const manager = new library.Manager(scene.url, { autoConnect: false, reconnection: false });
      const told: string[] = [];
      const [a, b] = [manager.socket("/a"), manager.socket("/b")];
      for (const [name, socket] of [
        ["a", a],
        ["b", b],
      ] as const)
        socket.on("disconnect", () => told.push(name));
      const both = Promise.all([once(a, "connect"), once(b, "connect")]);
      b.connect();
      a.connect();
      await both;
      manager.engine.close();
      expect(told).toEqual(["b", "a"]);
    });
  });

  describe("a manager that is closed", () => {
    it("tells close where its last socket leaves before there was a connection", () => {
      const manager = new library.Manager("http://127.0.0.1:9", { autoConnect: false });
      const told: unknown[] = [];
      manager.on("close", (reason) => told.push(reason));
      manager.socket("/").disconnect();
      expect(told).toEqual(["forced close"]);
    });

    it("tells its sockets, between two attempts as well, and makes no other attempt", async () => {
      const scene = await stage(stock);
      await closeServer(scene.io);
      const socket = client(library, scene.url, { reconnection: true, reconnectionDelay: 30, randomizationFactor: 0 });
      await once(socket, "connect_error");
      const told: unknown[] = [];
      socket.on("disconnect", (reason) => told.push(reason, socket.active));
      socket.io.on("close", (reason) => told.push(reason));
      socket.io.on("reconnect_attempt", () => told.push("reconnect_attempt"));
      socket.io._close();
      expect(told).toEqual(["forced close", true, "forced close"]);
      await silence(60);
      expect(told.length).toBe(3);
    });

    it("makes and tells no other attempt where reconnection is switched off between two", async () => {
      const scene = await stage(stock);
      await closeServer(scene.io);
      const socket = client(library, scene.url, { reconnection: true, reconnectionDelay: 30, randomizationFactor: 0 });
      await once(socket.io, "reconnect_error");
      const told: unknown[] = [];
      socket.io.on("reconnect_attempt", (attempt) => told.push(attempt));
      socket.io.reconnection(false);
      await silence(100);
      expect(told).toEqual([]);
    });
  });

  describe("the engine of a manager", () => {
    // Names below the documentation that the files of a page have not.
    if (!library.isPage)
      it("shows what was not written yet, and tells when it is", async () => {
        const scene = await stage(stock);
        const socket = await connected(library, scene.url, { transports: ["websocket"] });
        const { engine } = socket.io;
        await until(() => engine.writeBuffer.length === 0, "nothing waits");
        const heard = once(socket, "x");
        for (const server of scene.io.sockets.sockets.values()) server.on("x", () => server.emit("x"));
        socket.emit("x");
        const written = new Promise<void>((resolve) => engine.write('2["y"]', {}, resolve));
        expect(engine.writeBuffer.map(({ type, data }) => [type, data]).slice(-1)).toEqual([["message", '2["y"]']]);
        await written;
        await heard;
        expect(engine.writeBuffer).toEqual([]);
      });

    it("tells of each packet that the connection lives, and of each ping that it was answered", async () => {
      const scene = await stage(stock, { pingInterval: 30 });
      const socket = await connected(library, scene.url, { transports: ["websocket"] });
      const { engine } = socket.io;
      const told: string[] = [];
      for (const event of ["packet", "heartbeat", "ping", "pong", "data"] as const)
        engine.on(event as "ping", () => told.push(event));
      await once(engine, "pong");
      told.length = 0;
      const news = once(socket, "news");
      scene.io.emit("news");
      await news;
      await once(engine, "pong");
      expect(told.slice(0, 6)).toEqual(["packet", "heartbeat", "data", "packet", "heartbeat", "ping"]);
      expect(told[6]).toBe("pong");
    });

    if (!library.isPage)
      it("knows its server", async () => {
        const scene = await stage(stock);
        const socket = await connected(library, scene.url);
        const { hostname, port, secure } = socket.io.engine as unknown as Record<string, unknown>;
        expect([hostname, port, secure]).toEqual(["127.0.0.1", `${scene.port}`, false]);
      });
  });

  it("managers that were given one object of options are tuned each by itself", () => {
    const options = { autoConnect: false, reconnectionDelay: 0, reconnectionAttempts: 3 };
    const [one, other] = [1, 2].map(() => new library.Manager("http://127.0.0.1:9", options));
    one?.reconnection(false).reconnectionAttempts(5).reconnectionDelay(7).timeout(false);
    expect([other?.reconnection(), other?.reconnectionAttempts(), other?.timeout()]).toEqual([true, 3, 20_000]);
    expect(other?.reconnectionDelay()).toBe(1000);
    expect(options).toEqual({ autoConnect: false, reconnectionDelay: 0, reconnectionAttempts: 3, path: "/socket.io" });
  });

  if (!library.isPage)
    it("transports by class beside transports by name are refused", () => {
      const options = { autoConnect: false, transports: ["polling"], transportImplementations: [class {}] };
      const manager = new library.Manager("http://127.0.0.1:9", options as never);
      expect(() => manager.open()).toThrow("transportImplementations");
    });
}
