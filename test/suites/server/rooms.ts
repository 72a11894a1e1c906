// Server suite: rooms, and what the adapter tells of them.
import { EventEmitter } from "node:events";
import type { Socket } from "socket.io";
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { pair, type ServerLibrary, type Stage, stage } from "../../support/scene.js";
import { once } from "../../support/waiting.js";

interface Member {
  readonly socket: Socket;
  /** The names of the events heard before a mark that is sent to all. */
  heard(): Promise<string[]>;
}

async function members(scene: Stage, count: number): Promise<Member[]> {
  const pairs = await Promise.all(
    Array.from({ length: count }, () => pair(scene, stock, { transports: ["websocket"] })),
  );
  return pairs.map(({ socket, peer }) => {
    const names: string[] = [];
    peer.onAny((name: string) => names.push(name));
    return {
      socket,
      heard: async () => {
        const mark = once(peer, "mark");
        socket.emit("mark");
        await mark;
        return names.filter((name) => name !== "mark");
      },
    };
  });
}

const heardByAll = (all: Member[]): Promise<string[][]> => Promise.all(all.map((member) => member.heard()));

export function describeRooms(library: ServerLibrary): void {
  describe("rooms", () => {
    it("put each socket into the room of its id", async () => {
      const scene = await stage(library);
      const { socket } = await pair(scene, stock);
      expect([...socket.rooms]).toEqual([socket.id]);
      expect(scene.io.sockets.adapter.rooms.get(socket.id)).toEqual(new Set([socket.id]));
    });

    it("are joined, one or many, and left", async () => {
      const scene = await stage(library);
      const { socket } = await pair(scene, stock);
      await socket.join("a");
      await socket.join(["b", "c"]);
      expect([...socket.rooms]).toEqual([socket.id, "a", "b", "c"]);
      await socket.leave("b");
      expect([...socket.rooms]).toEqual([socket.id, "a", "c"]);
      expect(scene.io.sockets.adapter.rooms.has("b")).toBe(false);
      expect(scene.io.sockets.adapter.sids.get(socket.id)).toEqual(new Set([socket.id, "a", "c"]));
    });

    it("are joined at once with the adapter in memory", async () => {
      const scene = await stage(library);
      const { socket } = await pair(scene, stock);
      void socket.join("a");
      expect(socket.rooms.has("a")).toBe(true);
    });

    it("receive what is emitted to them, and nobody else does", async () => {
      const scene = await stage(library);
      const all = await members(scene, 3);
      all[0]?.socket.join("r");
      all[1]?.socket.join("r");
      scene.io.to("r").emit("to r");
      expect(await heardByAll(all)).toEqual([["to r"], ["to r"], []]);
    });

    it("are named by in as by to", async () => {
      const scene = await stage(library);
      const all = await members(scene, 2);
      all[0]?.socket.join("r");
      scene.io.in("r").emit("in r");
      expect(await heardByAll(all)).toEqual([["in r"], []]);
    });

    it("are united without duplicates, chained or as a list", async () => {
      const scene = await stage(library);
      const all = await members(scene, 3);
      all[0]?.socket.join(["a", "b"]);
      all[1]?.socket.join("b");
      scene.io.to("a").to("b").emit("chained");
      scene.io.to(["a", "b"]).emit("listed");
      scene.io.in("a").to(["b"]).emit("mixed");
      expect(await heardByAll(all)).toEqual([["chained", "listed", "mixed"], ["chained", "listed", "mixed"], []]);
    });

    it("are left out by except", async () => {
      const scene = await stage(library);
      const all = await members(scene, 4);
      all[0]?.socket.join(["a", "x"]);
      all[1]?.socket.join("a");
      all[2]?.socket.join(["x", "y"]);
      scene.io.to("a").except("x").emit("a but x");
      scene.io.except(["x"]).emit("all but x");
      scene.io.except("x").except("y").emit("all but x and y");
      expect(await heardByAll(all)).toEqual([
        [],
        ["a but x", "all but x", "all but x and y"],
        [],
        ["all but x", "all but x and y"],
      ]);
    });

    it("receive from a socket without the socket itself", async () => {
      const scene = await stage(library);
      const all = await members(scene, 3);
      for (const { socket } of all.slice(0, 2)) socket.join("r");
      all[0]?.socket.to("r").emit("from the first");
      all[2]?.socket.to("r").emit("from outside");
      expect(await heardByAll(all)).toEqual([["from outside"], ["from the first", "from outside"], []]);
    });

    it("of an id reach one client", async () => {
      const scene = await stage(library);
      const all = await members(scene, 2);
      all[0]?.socket.to(all[1]?.socket.id ?? "").emit("private");
      scene.io.to(all[0]?.socket.id ?? "").emit("direct");
      expect(await heardByAll(all)).toEqual([["direct"], ["private"]]);
    });

    it("do not change the operator that they are chained to", async () => {
      const scene = await stage(library);
      const all = await members(scene, 2);
      all[0]?.socket.join("a");
      all[1]?.socket.join("b");
      const toA = scene.io.to("a");
      toA.to("b");
      toA.except("a");
      toA.emit("only a");
      scene.io.emit("all");
      expect(await heardByAll(all)).toEqual([["only a", "all"], ["all"]]);
    });

    it("without members receive nothing and break nothing", async () => {
      const scene = await stage(library);
      const all = await members(scene, 1);
      expect(scene.io.to("nobody").emit("x")).toBe(true);
      expect(await heardByAll(all)).toEqual([[]]);
    });

    it("may have names like the methods of Object", async () => {
      const scene = await stage(library);
      const all = await members(scene, 2);
      all[0]?.socket.join(["__proto__", "constructor"]);
      scene.io.to("__proto__").emit("one");
      scene.io.to("constructor").emit("two");
      scene.io.to("toString").emit("three");
      expect(await heardByAll(all)).toEqual([["one", "two"], []]);
    });

    it("are empty after the last has left and when a socket goes", async () => {
      const scene = await stage(library);
      const { socket } = await pair(scene, stock);
      socket.join("r");
      const gone = once(socket, "disconnect");
      socket.disconnect();
      await gone;
      expect(socket.rooms.size).toBe(0);
      expect(scene.io.sockets.adapter.rooms.size).toBe(0);
      expect(scene.io.sockets.adapter.sids.size).toBe(0);
    });

    it("tell their making and their end, their comings and goings", async () => {
      const scene = await stage(library);
      const { socket } = await pair(scene, stock);
      const told: unknown[] = [];
      for (const event of ["create-room", "delete-room", "join-room", "leave-room"]) {
        scene.io.sockets.adapter.on(event, (...args: unknown[]) => told.push([event, ...args]));
      }
      socket.join("r");
      socket.join("r");
      socket.leave("r");
      expect(told).toEqual([
        ["create-room", "r"],
        ["join-room", "r", socket.id],
        ["leave-room", "r", socket.id],
        ["delete-room", "r"],
      ]);
    });

    it("tell it by an emitter of Node's", async () => {
      const { io } = await stage(library);
      const { adapter } = io.sockets;
      expect(adapter).toBeInstanceOf(EventEmitter);
      const told: string[] = [];
      const second = (): void => void told.push("second");
      adapter.addListener("create-room", second);
      adapter.prependOnceListener("create-room", () => void told.push("first"));
      expect(adapter.listenerCount("create-room")).toBe(2);
      expect(adapter.eventNames()).toEqual(["create-room"]);
      adapter.addAll("a", new Set(["r"]));
      adapter.addAll("a", new Set(["s"]));
      expect(told).toEqual(["first", "second", "second"]);
      expect(adapter.rawListeners("create-room")).toEqual([second]);
    });
  });

  describe("the sockets of rooms", () => {
    it("are fetched with id, rooms, data and handshake", async () => {
      const scene = await stage(library);
      const [a, b] = await Promise.all([pair(scene, stock), pair(scene, stock)]);
      a?.socket.join("r");
      if (a !== undefined) a.socket.data = { name: "a" };
      const all = await scene.io.fetchSockets();
      expect(all.map(({ id }) => id).sort()).toEqual([a?.socket.id, b?.socket.id].sort());
      const [one, ...others] = await scene.io.in("r").fetchSockets();
      expect(others).toEqual([]);
      expect(one?.id).toBe(a?.socket.id);
      expect(one?.data).toEqual({ name: "a" });
      expect(one?.rooms.has("r")).toBe(true);
      expect(one?.handshake.address).toBe("127.0.0.1");
      const heard = once(a?.peer, "hi");
      one?.emit("hi", 1);
      expect(await heard).toEqual([1]);
    });

    it("are fetched except some, and without the asking socket", async () => {
      const scene = await stage(library);
      const [a, b] = await Promise.all([pair(scene, stock), pair(scene, stock)]);
      b?.socket.join("x");
      expect((await scene.io.except("x").fetchSockets()).map(({ id }) => id)).toEqual([a?.socket.id]);
      expect((await a?.socket.broadcast.fetchSockets())?.map(({ id }) => id)).toEqual([b?.socket.id]);
    });

    it("are made to join and to leave", async () => {
      const scene = await stage(library);
      const [a, b] = await Promise.all([pair(scene, stock), pair(scene, stock)]);
      scene.io.socketsJoin("everyone");
      scene.io.in(a?.socket.id ?? "").socketsJoin(["one", "two"]);
      expect(a?.socket.rooms.has("everyone") && b?.socket.rooms.has("everyone")).toBe(true);
      expect(a?.socket.rooms.has("two")).toBe(true);
      expect(b?.socket.rooms.has("two")).toBe(false);
      scene.io.in("two").socketsLeave(["one", "everyone"]);
      expect([...(a?.socket.rooms ?? [])]).toEqual([a?.socket.id, "two"]);
      expect(b?.socket.rooms.has("everyone")).toBe(true);
    });

    it("are disconnected, from the namespace or with the connection", async () => {
      const scene = await stage(library);
      const [a, b] = await Promise.all([pair(scene, stock), pair(scene, stock)]);
      a?.socket.join("r");
      const firstGone = once(a?.peer, "disconnect");
      scene.io.in("r").disconnectSockets();
      expect((await firstGone)[0]).toBe("io server disconnect");
      expect(b?.socket.connected).toBe(true);
      expect(scene.io.engine.clientsCount).toBe(2);
      const secondGone = once(b?.peer, "disconnect");
      scene.io.disconnectSockets(true);
      await secondGone;
      expect(scene.io.sockets.sockets.size).toBe(0);
    });

    it("are listed by id with allSockets", async () => {
      const scene = await stage(library);
      const { socket } = await pair(scene, stock);
      socket.join("r");
      expect(await scene.io.in("r").allSockets()).toEqual(new Set([socket.id]));
    });
  });
}
