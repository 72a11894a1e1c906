// Server suite: how connections end, and what both sides are told.
import type { DisconnectReason, Socket } from "socket.io";
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { openPolling, openWebSocket } from "../../support/raw-client.js";
import { pair, type ServerLibrary, stage } from "../../support/scene.js";
import { once, until } from "../../support/waiting.js";

const both = (socket: Socket, peer: stock.Socket): Promise<[DisconnectReason, stock.Socket.DisconnectReason]> =>
  Promise.all([once(socket, "disconnect"), once(peer, "disconnect")]).then(([[a], [b]]) => [a, b] as never);

export function describeConnections(library: ServerLibrary): void {
  for (const transport of ["polling", "websocket"] as const) {
    describe(`the end of a connection over ${transport}`, () => {
      const options = { transports: [transport] };

      it("is told to both sides when the client leaves the namespace", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const reasons = both(socket, peer);
        peer.disconnect();
        expect(await reasons).toEqual(["client namespace disconnect", "io client disconnect"]);
        expect(socket.connected).toBe(false);
        expect(socket.disconnected).toBe(true);
      });

      it("is told to both sides when the server closes the namespace", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const reasons = both(socket, peer);
        socket.disconnect();
        expect(await reasons).toEqual(["server namespace disconnect", "io server disconnect"]);
      });

      it("is told to both sides when the server closes the connection", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const reasons = both(socket, peer);
        socket.disconnect(true);
        const [server, other] = await reasons;
        expect(server).toBe("server namespace disconnect");
        expect(["io server disconnect", "transport close"]).toContain(other);
        await until(() => scene.io.engine.clientsCount === 0, "the connection is gone");
      });

      it("is told to both sides when the client closes the connection", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const reasons = both(socket, peer);
        peer.io.engine.close();
        expect(await reasons).toEqual(["transport close", "forced close"]);
      });

      it("is told to both sides when the whole server closes", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const reasons = both(socket, peer);
        await new Promise<void>((resolve) => void scene.io.close(() => resolve()));
        const [server, other] = await reasons;
        expect(server).toBe("server shutting down");
        expect(["transport close", "transport error", "io server disconnect"]).toContain(other);
        expect(scene.httpServer.listening).toBe(false);
      });
    });
  }

  describe("the end of a connection", () => {
    it("is told by disconnecting while the rooms are still there", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      socket.join("r");
      const order: unknown[] = [];
      socket.on("disconnecting", (reason) =>
        order.push(["disconnecting", reason, [...socket.rooms], socket.connected]),
      );
      socket.on("disconnect", (reason) => order.push(["disconnect", reason, [...socket.rooms], socket.connected]));
      const gone = once(socket, "disconnect");
      peer.disconnect();
      await gone;
      expect(order).toEqual([
        ["disconnecting", "client namespace disconnect", [socket.id, "r"], true],
        ["disconnect", "client namespace disconnect", [], false],
      ]);
    });

    it("may be told to the room in the disconnecting handler", async () => {
      const scene = await stage(library);
      const a = await pair(scene, stock);
      const b = await pair(scene, stock);
      a.socket.join("r");
      b.socket.join("r");
      a.socket.on("disconnecting", () => {
        for (const room of a.socket.rooms) a.socket.to(room).emit("left", a.socket.id);
      });
      const left = once(b.peer, "left");
      a.peer.disconnect();
      expect(await left).toEqual([a.socket.id]);
    });

    it("is told once, however often the server disconnects", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      let count = 0;
      socket.on("disconnect", () => count++);
      const gone = once(peer, "disconnect");
      socket.disconnect();
      socket.disconnect();
      socket.disconnect(true);
      await gone;
      await until(() => scene.io.engine.clientsCount === 0, "the connection is gone");
      expect(count).toBe(1);
    });

    it("takes the socket out of its namespace before disconnect is told", async () => {
      const scene = await stage(library);
      const { socket } = await pair(scene, stock);
      let there: boolean | undefined;
      socket.on("disconnect", () => {
        there = scene.io.sockets.sockets.has(socket.id);
      });
      socket.disconnect();
      expect(there).toBe(false);
    });

    it("is told to every namespace of the connection", async () => {
      const { port, io } = await stage(library);
      const reasons: string[] = [];
      for (const nsp of [io.sockets, io.of("/a"), io.of("/b")]) {
        nsp.on("connection", (socket) => socket.on("disconnect", (reason) => reasons.push(`${nsp.name} ${reason}`)));
      }
      const { raw } = await openWebSocket(port);
      await raw.join();
      await raw.join("/a");
      await raw.join("/b");
      raw.close();
      await until(() => reasons.length === 3, "three disconnects are told");
      expect(reasons.sort()).toEqual(["/ transport close", "/a transport close", "/b transport close"]);
    });

    it("delivers what was emitted before a disconnect of the namespace", async () => {
      const { port, io } = await stage(library);
      io.on("connection", (socket) => {
        socket.emit("last words");
        socket.disconnect();
      });
      const { raw } = await openWebSocket(port);
      await raw.join();
      expect(await raw.text()).toBe('42["last words"]');
      expect(await raw.text()).toBe("41");
      raw.close();
    });

    it("lets emits after it go nowhere", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const gone = once(peer, "disconnect");
      const heard: string[] = [];
      peer.onAny((name: string) => heard.push(name));
      socket.disconnect();
      expect(() => socket.emit("late")).not.toThrow();
      await gone;
      expect(heard).toEqual([]);
    });

    it("may come from within a handler, and what follows in the same chunk is not heard", async () => {
      const { port, io } = await stage(library);
      const heard: number[] = [];
      io.on("connection", (socket) =>
        socket.on("n", (n: number) => {
          heard.push(n);
          if (n === 2) socket.disconnect(true);
        }),
      );
      const session = await openPolling(port);
      await session.join();
      const posted = session.post([1, 2, 3, 4].map((n) => `42["n",${n}]`).join("\x1e")).catch(() => undefined);
      while ((await session.get()).status === 200) {
        // until the session is unknown
      }
      await posted;
      await until(() => io.engine.clientsCount === 0, "the connection is gone");
      expect(heard).toEqual([1, 2]);
    });

    it("comes after connectTimeout to a connection that joins nothing", async () => {
      const { port, io } = await stage(library, { connectTimeout: 40 });
      const { raw } = await openWebSocket(port);
      await raw.closed;
      expect(io.engine.clientsCount).toBe(0);
    });

    it("does not come after connectTimeout to a connection that joined", async () => {
      const { port } = await stage(library, { connectTimeout: 600 });
      const silent = await openWebSocket(port);
      const joined = await openWebSocket(port);
      await joined.raw.join();
      await silent.raw.closed;
      expect(joined.raw.isClosed).toBe(false);
      joined.raw.close();
    });

    it("closes a connection that sends an event before it joins", async () => {
      const { port, io } = await stage(library);
      const { raw } = await openWebSocket(port);
      raw.send('42["n"]');
      await raw.closed;
      expect(io.engine.clientsCount).toBe(0);
    });

    for (const packet of ["40", "44", '42/none,["n"]']) {
      it(`ends with forced close where a client sends ${packet} at a wrong time`, async () => {
        const { port, io } = await stage(library);
        const { raw } = await openWebSocket(port);
        const arrival = once(io, "connection");
        await raw.join();
        const [socket] = await arrival;
        const gone = once<[string]>(socket, "disconnect");
        raw.send(packet);
        expect((await gone)[0]).toBe("forced close");
        await raw.closed;
      });
    }

    it("releases the clients of a server that closes, and closes the HTTP server", async () => {
      const { port, io, httpServer } = await stage(library);
      const { raw } = await openWebSocket(port);
      await raw.join();
      const closing = new Promise<void>((resolve) => void io.close(() => resolve()));
      await raw.closed;
      await closing;
      expect(httpServer.listening).toBe(false);
      expect(io.sockets.sockets.size).toBe(0);
    });

    it("removes nothing of the other client's listeners", async () => {
      const scene = await stage(library);
      const a = await pair(scene, stock);
      const b = await pair(scene, stock);
      const gone = once(a.socket, "disconnect");
      a.peer.disconnect();
      await gone;
      const heard = once(b.socket, "n");
      b.peer.emit("n", 1);
      expect(await heard).toEqual([1]);
    });
  });
}
