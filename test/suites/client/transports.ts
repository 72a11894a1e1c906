// Client suite: which transport carries a connection, the upgrade, and the fallback.
import { Server } from "socket.io";
import { describe, expect, it } from "vitest";
import { type ClientLibrary, client, connected, stage, upgraded } from "../../support/scene.js";
import { collect, once, until } from "../../support/waiting.js";

const stock = { Server };

export function describeTransports(library: ClientLibrary): void {
  describe("transports", () => {
    it("begins with polling and moves to WebSocket", async () => {
      const scene = await stage(stock);
      const socket = client(library, scene.url);
      const names: string[] = [];
      socket.io.on("open", () => {
        names.push(socket.io.engine.transport.name);
        socket.io.engine.on("upgrading", (transport) => names.push(`to ${transport.name}`));
        socket.io.engine.on("upgrade", (transport) => names.push(transport.name));
      });
      await once(socket, "connect");
      await until(() => names.length === 3, "the upgrade is told");
      expect(names).toEqual(["polling", "to websocket", "websocket"]);
      expect(socket.io.engine.transport.name).toBe("websocket");
    });

    it("stays on polling where it is the only one, or upgrade is off", async () => {
      const scene = await stage(stock);
      for (const options of [{ transports: ["polling"] }, { upgrade: false }]) {
        const socket = await connected(library, scene.url, options);
        for (let n = 0; n < 5; n++) {
          const sent = once(socket, "n");
          scene.io.emit("n");
          await sent;
        }
        expect(socket.io.engine.transport.name).toBe("polling");
      }
    });

    it("has an engine that shows of each packet whether it may be compressed", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url, { transports: ["websocket"] });
      const shown: unknown[] = [];
      socket.io.engine.on("packetCreate", (packet) => shown.push(packet));
      socket.compress(false).emit("a", Buffer.from([1]));
      socket.emit("b");
      await until(() => shown.length === 3, "all packets are shown");
      expect(shown).toMatchObject([
        { type: "message", options: { compress: false } },
        { type: "message", options: { compress: false } },
        { type: "message", data: '2["b"]', options: { compress: true } },
      ]);
    });

    it("tells error before the end where an open connection fails: the manager and its engine", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url, { transports: ["polling"] });
      const told: unknown[][] = [];
      for (const event of ["error", "close"] as const) {
        socket.io.on(event, (what: unknown) => told.push(["manager", event, what instanceof Error || what]));
        socket.io.engine.on(event, (what: unknown) => told.push(["engine", event, what instanceof Error || what]));
      }
      const ended = once(socket, "disconnect");
      scene.httpServer.prependListener("request", ({ socket: connection }) => void connection.destroy());
      socket.emit("lost");
      expect((await ended)[0]).toBe("transport error");
      await until(() => told.length === 4, "all is told");
      expect(told.filter(([who]) => who === "manager")).toEqual([
        ["manager", "error", true],
        ["manager", "close", "transport error"],
      ]);
      expect(told.filter(([who]) => who === "engine")).toEqual([
        ["engine", "error", true],
        ["engine", "close", "transport error"],
      ]);
    });

    it("begins with WebSocket where it stands alone", async () => {
      const scene = await stage(stock);
      const requests: string[] = [];
      scene.httpServer.prependListener("request", (request) => requests.push(request.url ?? ""));
      const socket = await connected(library, scene.url, { transports: ["websocket"] });
      expect(socket.io.engine.transport.name).toBe("websocket");
      expect(requests).toEqual([]);
    });

    it("begins with WebSocket where it stands first", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url, { transports: ["websocket", "polling"] });
      expect(socket.io.engine.transport.name).toBe("websocket");
    });

    it("falls back from WebSocket to polling with tryAllTransports", async () => {
      const scene = await stage(stock, { transports: ["polling"] });
      const socket = await connected(library, scene.url, {
        transports: ["websocket", "polling"],
        tryAllTransports: true,
      });
      expect(socket.io.engine.transport.name).toBe("polling");
    });

    it("does not fall back where tryAllTransports is off", async () => {
      const scene = await stage(stock, { transports: ["polling"] });
      const socket = client(library, scene.url, { transports: ["websocket", "polling"], tryAllTransports: false });
      expect((await once(socket, "connect_error"))[0]).toBeInstanceOf(Error);
    });

    it("takes up another transport that a connect_error handler chose", async () => {
      const scene = await stage(stock, { transports: ["polling"] });
      const socket = client(library, scene.url, {
        transports: ["websocket"],
        reconnection: true,
        reconnectionDelay: 1,
      });
      socket.on("connect_error", () => {
        socket.io.opts.transports = ["polling", "websocket"];
      });
      await once(socket, "connect");
      expect(socket.io.engine.transport.name).toBe("polling");
    });

    it("goes on over polling where the server refuses the upgrade", async () => {
      const scene = await stage(stock);
      const socket = client(library, scene.url);
      scene.httpServer.removeAllListeners("upgrade");
      scene.httpServer.on("upgrade", (_request, tcp) =>
        tcp.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
      );
      const failed = new Promise((resolve) => socket.io.on("open", () => socket.io.engine.on("upgradeError", resolve)));
      await once(socket, "connect");
      await failed;
      const heard = once(socket, "n");
      scene.io.emit("n", 1);
      expect(await heard).toEqual([1]);
      expect(socket.io.engine.transport.name).toBe("polling");
    });

    it("loses and doubles nothing in an upgrade", async () => {
      const scene = await stage(stock);
      const there: number[] = [];
      scene.io.on("connection", (socket) => {
        socket.on("n", (n: number) => there.push(n));
        let n = 0;
        const timer = setInterval(() => {
          for (let burst = 0; burst < 10; burst++) socket.emit("n", n++);
          if (n >= 300) clearInterval(timer);
        }, 1);
      });
      const socket = client(library, scene.url);
      const back = collect<[number]>(socket, "n", 300);
      await once(socket, "connect");
      for (let n = 0; n < 300; n++) {
        socket.emit("n", n);
        if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await upgraded(socket);
      const all = Array.from({ length: 300 }, (_, n) => n);
      expect((await back).map(([n]) => n)).toEqual(all);
      await until(() => there.length === 300, "all have come");
      expect(there).toEqual(all);
    });
  });
}
