// Client suite: the manager of a connection.
import { Server } from "socket.io";
import { describe, expect, it } from "vitest";
import { type ClientLibrary, client, connected, stage } from "../../support/scene.js";
import { once, turn } from "../../support/waiting.js";

const stock = { Server };

export function describeManager(library: ClientLibrary): void {
  describe("manager", () => {
    it("has Socket.IO's defaults", () => {
      const manager = new library.Manager("http://127.0.0.1:9", { autoConnect: false });
      expect(manager.reconnection()).toBe(true);
      expect(manager.reconnectionAttempts()).toBe(Number.POSITIVE_INFINITY);
      expect(manager.reconnectionDelay()).toBe(1000);
      expect(manager.reconnectionDelayMax()).toBe(5000);
      expect(manager.randomizationFactor()).toBe(0.5);
      expect(manager.timeout()).toBe(20000);
      expect(manager.opts.path).toBe("/socket.io");
    });

    it("takes its settings from options and from methods", () => {
      const manager = new library.Manager("http://127.0.0.1:9", { autoConnect: false, reconnectionDelay: 7 });
      expect(manager.reconnectionDelay()).toBe(7);
      expect(manager.reconnectionDelay(9)).toBe(manager);
      expect(manager.reconnectionDelay()).toBe(9);
      manager.reconnection(false).reconnectionAttempts(3).randomizationFactor(0.1).reconnectionDelayMax(50).timeout(11);
      expect(manager.reconnection()).toBe(false);
      expect(manager.reconnectionAttempts()).toBe(3);
      expect(manager.timeout()).toBe(11);
    });

    it("tells open, ping, packet and close", async () => {
      const scene = await stage(stock, { pingInterval: 20 });
      const manager = new library.Manager(scene.url, {
        autoConnect: false,
        reconnection: false,
        transports: ["websocket"],
      });
      const told = new Set<string>();
      for (const event of ["open", "ping", "packet", "close"] as const) manager.on(event, () => told.add(event));
      const socket = manager.socket("/");
      const connection = once(socket, "connect");
      socket.connect();
      await connection;
      await once(manager, "ping");
      const closed = once(manager, "close");
      socket.disconnect();
      await closed;
      expect([...told].sort()).toEqual(["close", "open", "packet", "ping"]);
    });

    it("opens by itself with a callback", async () => {
      const scene = await stage(stock);
      const manager = new library.Manager(scene.url, { autoConnect: false, reconnection: false });
      expect(await new Promise((resolve) => manager.open((error) => resolve(error)))).toBeUndefined();
      manager.engine.close();
    });

    it("gives the error to the callback where nothing listens", async () => {
      const scene = await stage(stock);
      await scene.io.close();
      const manager = new library.Manager(scene.url, { autoConnect: false, reconnection: false });
      expect(await new Promise((resolve) => manager.open((error) => resolve(error)))).toBeInstanceOf(Error);
    });

    it("tells error where nothing listens", async () => {
      const scene = await stage(stock);
      await scene.io.close();
      const socket = client(library, scene.url, { autoConnect: false });
      const failed = once(socket.io, "error");
      socket.connect();
      expect((await failed)[0]).toBeInstanceOf(Error);
    });

    it("is the socket's io, and its engine has the session's id", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url);
      expect(socket.io).toBeInstanceOf(library.Manager);
      const [server] = scene.io.sockets.sockets.values();
      const connection = server?.conn as unknown as { id: string } | undefined;
      expect(socket.io.engine.id).toBe(connection?.id);
    });

    it("keeps the options object that it is given, with a path in it", () => {
      for (const path of [undefined, "", "/other"]) {
        const given = { autoConnect: false, path } as { autoConnect: boolean; path: string };
        const manager = new library.Manager("http://127.0.0.1:9", given);
        expect(manager.opts === given).toBe(true);
        expect(given.path).toBe(path || "/socket.io");
      }
    });

    it("takes 0 for no value of reconnectionAttempts, reconnectionDelay and reconnectionDelayMax, but not from their methods", () => {
      const none = { reconnectionAttempts: 0, reconnectionDelay: 0, reconnectionDelayMax: 0, timeout: 0 };
      const manager = new library.Manager("http://127.0.0.1:9", { autoConnect: false, ...none });
      expect(manager.reconnectionAttempts()).toBe(Number.POSITIVE_INFINITY);
      expect(manager.reconnectionDelay()).toBe(1000);
      expect(manager.reconnectionDelayMax()).toBe(5000);
      expect(manager.timeout()).toBe(0);
      manager.reconnectionAttempts(0).reconnectionDelay(0).reconnectionDelayMax(0);
      expect(manager.reconnectionAttempts()).toBe(0);
      expect(manager.reconnectionDelay()).toBe(0);
      expect(manager.reconnectionDelayMax()).toBe(0);
    });

    it("has an engine that tells error and close where nothing listens", async () => {
      const scene = await stage(stock);
      await scene.io.close();
      const socket = client(library, scene.url);
      const told: unknown[] = [];
      socket.io.engine.on("error", () => told.push("error"));
      socket.io.engine.on("close", (reason: string) => told.push(reason));
      await once(socket.io, "error");
      await turn();
      expect(told).toEqual(["error", "transport error"]);
    });

    it("leaves its listeners in place over a disconnect", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url);
      let heard = 0;
      socket.on("n", () => heard++);
      socket.disconnect();
      await turn();
      socket.connect();
      await once(socket, "connect");
      const arrived = once(socket, "n");
      scene.io.emit("n");
      await arrived;
      expect(heard).toBe(1);
    });
  });
}
