// Server suite: acknowledgements of one client and of many.
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { openWebSocket } from "../../support/raw-client.js";
import { connected, pair, type ServerLibrary, stage } from "../../support/scene.js";
import { once } from "../../support/waiting.js";

export function describeAcknowledgements(library: ServerLibrary): void {
  describe("acknowledgements", () => {
    it("answers an event that carries an id with that id", async () => {
      const { port, io } = await stage(library);
      io.on("connection", (socket) =>
        socket.on("sum", (a: number, b: number, answer: (n: number) => void) => answer(a + b)),
      );
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send('42123["sum",1,2]');
      expect(await raw.text()).toBe("43123[3]");
      raw.close();
    });

    it("answers within a namespace", async () => {
      const { port, io } = await stage(library);
      io.of("/n").on("connection", (socket) =>
        socket.on("q", (answer: (...args: unknown[]) => void) => answer("a", null)),
      );
      const { raw } = await openWebSocket(port);
      await raw.join("/n");
      raw.send('42/n,0["q"]');
      expect(await raw.text()).toBe('43/n,0["a",null]');
      raw.close();
    });

    it("answers once however often the handler calls", async () => {
      const { port, io } = await stage(library);
      io.on("connection", (socket) =>
        socket.on("q", (answer: (n: number) => void) => {
          answer(1);
          answer(2);
          socket.emit("mark");
        }),
      );
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send('420["q"]');
      expect(await raw.text()).toBe("430[1]");
      expect(await raw.text()).toBe('42["mark"]');
      raw.close();
    });

    it("asks with an id and calls back with what the client answers", async () => {
      const { port, io } = await stage(library);
      const { raw } = await openWebSocket(port);
      const arrival = once(io, "connection");
      await raw.join();
      const [socket] = (await arrival) as [import("socket.io").Socket];
      const answered = new Promise<unknown[]>((resolve) => socket.emit("q", 1, (...args: unknown[]) => resolve(args)));
      const packet = await raw.text();
      const [, id] = /^42(\d+)\["q",1\]$/.exec(packet) ?? [];
      expect(id).toBeDefined();
      raw.send(`43${id}["yes",2]`);
      expect(await answered).toEqual(["yes", 2]);
      raw.close();
    });

    it("ignores an answer to nothing, a second answer, and an id that is a name of Object.prototype", async () => {
      const { port, io } = await stage(library);
      const { raw } = await openWebSocket(port);
      await raw.join();
      const [socket] = io.sockets.sockets.values();
      let calls = 0;
      socket?.emit("q", () => calls++);
      const packet = await raw.text();
      const id = packet.slice(2, packet.indexOf("["));
      raw.send("43999[]");
      raw.send(`43${id}[]`);
      raw.send(`43${id}[]`);
      const mark = once(socket, "mark");
      raw.send('42["mark"]');
      await mark;
      expect(calls).toBe(1);
      expect(socket?.connected).toBe(true);
      raw.close();
    });

    it("settles emitWithAck with the first argument", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      peer.on("q", (n: number, answer: (n: number, m: number) => void) => answer(n * 2, 99));
      expect(await socket.emitWithAck("q", 4)).toBe(8);
    });

    it("answers a client's emitWithAck", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      socket.on("q", (n: number, answer: (n: number) => void) => answer(n * 3));
      expect(await peer.emitWithAck("q", 4)).toBe(12);
    });

    it("calls back with an error when the time is over, and with the answer when it is not", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      peer.on("q", (answer: (s: string) => void) => answer("in time"));
      const late = await new Promise<unknown[]>((resolve) =>
        socket.timeout(30).emit("unheard", (...args: unknown[]) => resolve(args)),
      );
      expect(late[0]).toBeInstanceOf(Error);
      const good = await new Promise<unknown[]>((resolve) =>
        socket.timeout(20_000).emit("q", (...args: unknown[]) => resolve(args)),
      );
      expect(good).toEqual([null, "in time"]);
    });

    it("rejects emitWithAck when the time is over", async () => {
      const scene = await stage(library);
      const { socket } = await pair(scene, stock);
      await expect(socket.timeout(30).emitWithAck("unheard")).rejects.toThrow();
    });

    it("does not call back twice when the answer comes after the time", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      let answer: ((n: number) => void) | undefined;
      peer.on("slow", (callback: (n: number) => void) => {
        answer = callback;
      });
      const calls: unknown[][] = [];
      await new Promise<void>((resolve) =>
        socket.timeout(30).emit("slow", (...args: unknown[]) => {
          calls.push(args);
          resolve();
        }),
      );
      answer?.(1);
      const mark = once(socket, "mark");
      peer.emit("mark");
      await mark;
      expect(calls).toHaveLength(1);
    });
  });

  describe("acknowledgements of a broadcast", () => {
    it("gather the answers of all", async () => {
      const scene = await stage(library);
      const peers = await Promise.all([1, 2, 3].map(() => connected(stock, scene.url)));
      for (const [index, peer] of peers.entries()) peer.on("q", (answer: (n: number) => void) => answer(index));
      const [error, answers] = await new Promise<[Error | null, number[]]>((resolve) =>
        scene.io.timeout(20_000).emit("q", (...args: [Error | null, number[]]) => resolve(args)),
      );
      expect(error).toBeNull();
      expect([...answers].sort()).toEqual([0, 1, 2]);
    });

    it("give an error and the answers that came when the time is over", async () => {
      const scene = await stage(library);
      const peers = await Promise.all([1, 2].map(() => connected(stock, scene.url)));
      peers[0]?.on("q", (answer: (s: string) => void) => answer("here"));
      const [error, answers] = await new Promise<[Error | null, string[]]>((resolve) =>
        scene.io.timeout(600).emit("q", (...args: [Error | null, string[]]) => resolve(args)),
      );
      expect(error).toBeInstanceOf(Error);
      expect(answers).toEqual(["here"]);
    });

    it("come at once where nobody is", async () => {
      const scene = await stage(library);
      const [error, answers] = await new Promise<[Error | null, unknown[]]>((resolve) =>
        scene.io
          .to("nobody")
          .timeout(20_000)
          .emit("q", (...args: [Error | null, unknown[]]) => resolve(args)),
      );
      expect(error).toBeNull();
      expect(answers).toEqual([]);
    });

    it("are asked of a room and of all but the sender", async () => {
      const scene = await stage(library);
      const a = await pair(scene, stock);
      const b = await pair(scene, stock);
      const c = await pair(scene, stock);
      for (const [name, { peer }] of Object.entries({ a, b, c }))
        peer.on("q", (answer: (s: string) => void) => answer(name));
      a.socket.join("r");
      b.socket.join("r");
      expect([...(await scene.io.to("r").timeout(20_000).emitWithAck("q"))].sort()).toEqual(["a", "b"]);
      expect([...(await a.socket.broadcast.timeout(20_000).emitWithAck("q"))].sort()).toEqual(["b", "c"]);
      expect(await a.socket.to("r").timeout(20_000).emitWithAck("q")).toEqual(["b"]);
    });

    it("reject emitWithAck with the answers that came", async () => {
      const scene = await stage(library);
      const [a] = await Promise.all([pair(scene, stock), pair(scene, stock)]);
      a?.peer.on("q", (answer: (s: string) => void) => answer("here"));
      const error = (await scene.io
        .timeout(600)
        .emitWithAck("q")
        .catch((reason: unknown) => reason)) as Error & { responses: unknown };
      expect(error).toBeInstanceOf(Error);
      expect(error.responses).toEqual(["here"]);
    });
  });
}
