// Client suite: coming back by itself.
import { Server, type Socket as ServerSocket } from "socket.io";
import { describe, expect, it } from "vitest";
import { type ClientLibrary, client, closeServer, connected, stage } from "../../support/scene.js";
import { once, silence, until } from "../../support/waiting.js";

const stock = { Server };
const eager = { reconnection: true, reconnectionDelay: 5, reconnectionDelayMax: 20 };

export function describeReconnection(library: ClientLibrary): void {
  describe("reconnection", () => {
    it("comes back after the connection broke, and tells the manager's events", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url, eager);
      const first = socket.id;
      const told: unknown[] = [];
      socket.on("disconnect", (reason) => told.push(["disconnect", reason, socket.active]));
      socket.io.on("reconnect_attempt", (attempt) => told.push(["reconnect_attempt", attempt]));
      socket.io.on("reconnect", (attempt) => told.push(["reconnect", attempt]));
      const back = once(socket, "connect");
      for (const server of scene.io.sockets.sockets.values()) server.conn.close();
      await back;
      expect(told).toEqual([
        ["disconnect", "transport close", true],
        ["reconnect_attempt", 1],
        ["reconnect", 1],
      ]);
      expect(socket.id).not.toBe(first);
    });

    it("comes back to a server that starts again on the port", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url, eager);
      const gone = once(socket, "disconnect");
      await closeServer(scene.io);
      await gone;
      const errors: Error[] = [];
      socket.io.on("reconnect_error", (error) => errors.push(error));
      await once(socket.io, "reconnect_error");
      const back = once(socket, "connect");
      await stage(stock, {}, scene.port);
      await back;
      expect(errors[0]).toBeInstanceOf(Error);
    });

    it("gives up where reconnection is switched off while it tries, and may be told to connect again", async () => {
      const scene = await stage(stock);
      await closeServer(scene.io);
      const manager = new library.Manager(scene.url, { ...eager, autoConnect: false });
      const told: unknown[] = [];
      manager.on("reconnect_attempt", (attempt) => {
        told.push(attempt);
        if (attempt === 2) manager.reconnection(false);
      });
      const tried = once(manager, "reconnect_error");
      manager.open();
      await tried;
      await until(() => told.length === 2, "the second attempt is told");
      await silence();
      expect(told).toEqual([1, 2]);
      await stage(stock, {}, scene.port);
      expect(await new Promise((resolve) => manager.open((error) => resolve(error)))).toBeUndefined();
      manager.engine.close();
    });

    it("sends what was emitted meanwhile, in order, and no acknowledged emit twice", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url, eager);
      const heard: number[] = [];
      scene.io.on("connection", (server) => server.on("n", (n: number) => heard.push(n)));
      const gone = once(socket, "disconnect");
      for (const server of scene.io.sockets.sockets.values()) server.conn.close();
      await gone;
      for (let n = 0; n < 5; n++) socket.emit("n", n);
      await once(socket, "connect");
      await until(() => heard.length === 5, "all five have come");
      expect(heard).toEqual([0, 1, 2, 3, 4]);
    });

    it("gives up after reconnectionAttempts and says so", async () => {
      const scene = await stage(stock);
      await closeServer(scene.io);
      const socket = client(library, scene.url, { ...eager, reconnectionAttempts: 2 });
      let attempts = 0;
      let errors = 0;
      socket.io.on("reconnect_attempt", () => attempts++);
      socket.on("connect_error", () => errors++);
      await once(socket.io, "reconnect_failed");
      expect(attempts).toBe(2);
      expect(errors).toBe(3);
      expect(socket.active).toBe(true);
    });

    it("may be called off by disconnect", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url, { ...eager, reconnectionDelay: 40 });
      let attempts = 0;
      socket.io.on("reconnect_attempt", () => attempts++);
      const gone = once(socket, "disconnect");
      for (const server of scene.io.sockets.sockets.values()) server.conn.close();
      await gone;
      expect(socket.active).toBe(true);
      socket.disconnect();
      expect(socket.active).toBe(false);
      await connected(library, scene.url);
      expect(attempts).toBe(0);
    });

    it("waits longer each time, within the limit and the random factor", async () => {
      const scene = await stage(stock);
      await closeServer(scene.io);
      const socket = client(library, scene.url, {
        reconnection: true,
        reconnectionDelay: 10,
        reconnectionDelayMax: 40,
        randomizationFactor: 0,
        reconnectionAttempts: 4,
        transports: ["websocket"],
      });
      const at: number[] = [];
      socket.io.on("reconnect_attempt", () => at.push(performance.now()));
      const begin = performance.now();
      await once(socket.io, "reconnect_failed");
      // Never early: 10 + 20 + 40 + 40 ms of waiting come before the fourth attempt, less the fraction of a millisecond that each
      // of Node's timers may round off. How late is not this test's matter.
      expect((at[3] ?? 0) - begin).toBeGreaterThanOrEqual(110 - 4);
    });

    it("brings all its namespaces back", async () => {
      const scene = await stage(stock);
      scene.io.of("/a");
      const manager = new library.Manager(scene.url, eager);
      const main = manager.socket("/");
      const a = manager.socket("/a");
      await Promise.all([once(main, "connect"), once(a, "connect")]);
      const back = Promise.all([once(main, "connect"), once(a, "connect")]);
      for (const server of scene.io.sockets.sockets.values()) server.conn.close();
      await back;
      expect(scene.io.of("/a").sockets.size).toBe(1);
      main.disconnect();
      a.disconnect();
    });

    it("recovers nothing where the server does not offer it", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url, eager);
      const back = once(socket, "connect");
      for (const server of scene.io.sockets.sockets.values()) server.conn.close();
      await back;
      expect(socket.recovered).toBeFalsy();
    });

    it("comes back with what was missed where the server recovers the state", async () => {
      const scene = await stage(stock, { connectionStateRecovery: {} });
      const arrival = once<[ServerSocket]>(scene.io, "connection");
      const socket = await connected(library, scene.url, { ...eager, transports: ["websocket"] });
      const first = socket.id;
      const [server] = await arrival;
      server.join("r");
      const heard = once(socket, "n");
      scene.io.to("r").emit("n", 1);
      await heard;
      const gone = once(socket, "disconnect");
      const back = once(socket, "connect");
      const missed = once<[number]>(socket, "n");
      server.conn.close();
      await gone;
      scene.io.to("r").emit("n", 2);
      await back;
      expect(socket.recovered).toBe(true);
      expect(socket.id).toBe(first);
      expect((await missed)[0]).toBe(2);
    });
  });
}
