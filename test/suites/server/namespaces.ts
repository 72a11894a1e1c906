// Server suite: namespaces, static and dynamic (Socket.IO v5, "Connection to a namespace").
import type { Socket } from "socket.io";
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { openWebSocket } from "../../support/raw-client.js";
import { client, connected, pair, type ServerLibrary, stage } from "../../support/scene.js";
import { once, turn, until } from "../../support/waiting.js";

export function describeNamespaces(library: ServerLibrary): void {
  describe("namespaces", () => {
    it("keeps the events of two namespaces on one connection apart", async () => {
      const { port, io } = await stage(library);
      const heard: string[] = [];
      io.on("connection", (socket) => socket.on("say", (text: string) => heard.push(`/ ${text}`)));
      io.of("/news").on("connection", (socket) => socket.on("say", (text: string) => heard.push(`/news ${text}`)));
      const { raw } = await openWebSocket(port);
      await raw.join();
      expect(await raw.join("/news")).toMatch(/^40\/news,\{"sid":"/);
      raw.send('42["say","one"]');
      raw.send('42/news,["say","two"]');
      raw.send('42["say","three"]');
      await until(() => heard.length === 3, "three events are heard");
      expect(heard).toEqual(["/ one", "/news two", "/ three"]);
      expect(io.engine.clientsCount).toBe(1);
      raw.close();
    });

    it("names the namespace in what it sends", async () => {
      const { port, io } = await stage(library);
      io.of("/news").on("connection", (socket) => socket.emit("hello"));
      const { raw } = await openWebSocket(port);
      await raw.join("/news");
      expect(await raw.text()).toBe('42/news,["hello"]');
      raw.close();
    });

    it("refuses a namespace that does not exist and keeps the connection", async () => {
      const { port } = await stage(library);
      const { raw } = await openWebSocket(port);
      expect(await raw.join("/nowhere")).toBe('44/nowhere,{"message":"Invalid namespace"}');
      expect(await raw.join()).toMatch(/^40\{/);
      raw.close();
    });

    it("adds the slash that a name lacks, and finds the same namespace again", async () => {
      const { io } = await stage(library);
      expect(io.of("news").name).toBe("/news");
      expect(io.of("/news")).toBe(io.of("news"));
      expect(io.of("/")).toBe(io.sockets);
    });

    it("makes a text of a name that is none", async () => {
      const { io } = await stage(library);
      const names = [5, undefined, null].map((name) => io.of(name as unknown as string).name);
      expect(names).toEqual(["/5", "/undefined", "/null"]);
      expect(io.of("constructor").name).toBe("/constructor");
    });

    it("gives a socket of each namespace an id of its own", async () => {
      const scene = await stage(library);
      scene.io.of("/news");
      const manager = new stock.Manager(scene.url, { reconnection: false });
      const main = manager.socket("/");
      const news = manager.socket("/news");
      await Promise.all([once(main, "connect"), once(news, "connect")]);
      expect(main.id).not.toBe(news.id);
      expect(scene.io.of("/news").sockets.has(news.id ?? "")).toBe(true);
      expect(scene.io.of("/news").sockets.has(main.id ?? "")).toBe(false);
      main.disconnect();
      news.disconnect();
    });

    it("makes a namespace for each name that a pattern matches", async () => {
      const scene = await stage(library);
      const names: string[] = [];
      const parent = scene.io.of(/^\/room-\d+$/).on("connection", (socket) => names.push(socket.nsp.name));
      await connected(stock, `${scene.url}/room-1`);
      await connected(stock, `${scene.url}/room-22`);
      expect(names).toEqual(["/room-1", "/room-22"]);
      const refused = client(stock, `${scene.url}/room-x`);
      expect((await once<[Error]>(refused, "connect_error"))[0].message).toBe("Invalid namespace");
      expect(parent.name).not.toBe("/room-1");
    });

    it("asks a function whether a namespace may be made, with its name and the client's auth", async () => {
      const scene = await stage(library);
      const asked: unknown[] = [];
      scene.io
        .of((name, auth, next) => {
          asked.push([name, auth]);
          next(null, auth["token"] === "abc");
        })
        .on("connection", (socket: Socket) => socket.emit("welcome", socket.nsp.name));
      const good = client(stock, `${scene.url}/any`, { auth: { token: "abc" } });
      expect(await once(good, "welcome")).toEqual(["/any"]);
      const bad = client(stock, `${scene.url}/other`, { auth: { token: "no" } });
      expect((await once<[Error]>(bad, "connect_error"))[0].message).toBe("Invalid namespace");
      expect(asked).toEqual([
        ["/any", { token: "abc" }],
        ["/other", { token: "no" }],
      ]);
    });

    it("prefers a namespace of the name to a pattern that comes later", async () => {
      const scene = await stage(library);
      const heard: string[] = [];
      scene.io.of("/news").on("connection", () => heard.push("name"));
      scene.io.of(/^\/n/).on("connection", () => heard.push("pattern"));
      await connected(stock, `${scene.url}/news`);
      expect(heard).toEqual(["name"]);
    });

    it("makes a namespace of a name that an earlier pattern matches a child of the pattern", async () => {
      const scene = await stage(library);
      const heard: string[] = [];
      scene.io.of(/^\/n/).on("connection", () => heard.push("pattern"));
      scene.io.of("/news").on("connection", () => heard.push("name"));
      await connected(stock, `${scene.url}/news`);
      expect(heard).toEqual(["pattern", "name"]);
    });

    it("runs the middleware of a pattern for its namespaces", async () => {
      const scene = await stage(library);
      const parent = scene.io.of(/^\/m/);
      parent.use((socket, next) => next(socket.handshake.auth["ok"] === true ? undefined : new Error("not ok")));
      await connected(stock, `${scene.url}/m1`, { auth: { ok: true } });
      const refused = client(stock, `${scene.url}/m1`);
      expect((await once<[Error]>(refused, "connect_error"))[0].message).toBe("not ok");
    });

    it("emits from a pattern to the clients of all its namespaces", async () => {
      const scene = await stage(library);
      const parent = scene.io.of(/^\/p-/);
      const one = await connected(stock, `${scene.url}/p-1`);
      const two = await connected(stock, `${scene.url}/p-2`);
      const heard = Promise.all([once(one, "all"), once(two, "all")]);
      parent.emit("all", 7);
      expect(await heard).toEqual([[7], [7]]);
    });

    it("tells new_namespace when a namespace is made", async () => {
      const { io } = await stage(library);
      const names: string[] = [];
      io.on("new_namespace", (namespace) => names.push(namespace.name));
      io.of("/a");
      io.of("/a");
      io.of("/b");
      expect(names).toEqual(["/a", "/b"]);
    });

    it("takes the query out of a namespace's name", async () => {
      const scene = await stage(library);
      const seen: unknown[] = [];
      scene.io.of("/q").on("connection", (socket) => seen.push(socket.handshake.query["k"]));
      await connected(stock, `${scene.url}/q?k=v`);
      expect(seen).toEqual(["v"]);
    });

    it("closes a child namespace that nobody is in, where asked", async () => {
      const scene = await stage(library, { cleanupEmptyChildNamespaces: true });
      scene.io.of(/^\/c-/);
      const one = await connected(stock, `${scene.url}/c-1`);
      expect(scene.io._nsps.has("/c-1")).toBe(true);
      one.disconnect();
      await until(() => !scene.io._nsps.has("/c-1"), "the namespace is gone");
      await connected(stock, `${scene.url}/c-1`);
    });

    it("closes a child namespace whose only client was refused, where asked", async () => {
      const { port, io } = await stage(library, { cleanupEmptyChildNamespaces: true });
      io.of(/^\/c-/).use((_socket, next) => next(new Error("no")));
      const { raw } = await openWebSocket(port);
      raw.send("40/c-1,");
      expect(await raw.text()).toBe('44/c-1,{"message":"no"}');
      await until(() => !io._nsps.has("/c-1"), "the namespace is gone");
      raw.close();
    });

    it("disconnects one namespace and leaves the other", async () => {
      const { port, io } = await stage(library);
      io.of("/news");
      const { raw } = await openWebSocket(port);
      await raw.join();
      await raw.join("/news");
      const [main] = io.sockets.sockets.values();
      const [news] = io.of("/news").sockets.values();
      news?.disconnect();
      expect(await raw.text()).toBe("41/news,");
      expect(main?.connected).toBe(true);
      main?.emit("still");
      expect(await raw.text()).toBe('42["still"]');
      raw.close();
    });

    it("emits connect beside connection", async () => {
      const scene = await stage(library);
      const heard: string[] = [];
      scene.io.on("connect", () => heard.push("connect"));
      scene.io.on("connection", () => heard.push("connection"));
      await connected(stock, scene.url);
      await turn();
      expect([...heard].sort()).toEqual(["connect", "connection"]);
    });

    it("hears a client that joins the same namespace twice only once", async () => {
      const { port, io } = await stage(library);
      let connections = 0;
      io.on("connection", () => {
        connections++;
      });
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send("40");
      await raw.closed;
      expect(connections).toBe(1);
    });

    it("joins a namespace of its own over a connection of its own", async () => {
      const scene = await stage(library);
      scene.io.of("/own");
      const { socket } = await pair(scene, stock, {}, "/own");
      expect(socket.nsp.name).toBe("/own");
      expect(socket.nsp.sockets.get(socket.id)).toBe(socket);
    });
  });
}
