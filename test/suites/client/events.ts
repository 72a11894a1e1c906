// Client suite: events, acknowledgements, binary, the offline buffer, volatile and catch-all listeners.
import { Server, type Socket as ServerSocket } from "socket.io";
import { describe, expect, it } from "vitest";
import { type ClientOptions, client, connected, stage } from "../../support/scene.js";
import { collect, once } from "../../support/waiting.js";
import { type ClientUnderTest, transportsOf } from "./client-under-test.js";

const stock = { Server };

export function describeClientEvents(library: ClientUnderTest): void {
  const both = async (options: ClientOptions = {}) => {
    const scene = await stage(stock);
    const arrival = once<[ServerSocket]>(scene.io, "connection");
    const socket = await connected(library, scene.url, options);
    return { scene, socket, server: (await arrival)[0] };
  };

  for (const transports of transportsOf(library)) {
    describe(`events over ${transports.join(" and ")}`, () => {
      it("carry values of JSON both ways", async () => {
        const { socket, server } = await both({ transports });
        const values = [1, -1.5, "ñ€🦤", true, null, [], { a: [{ b: null }] }, ""];
        const there = once(server, "values");
        socket.emit("values", ...values);
        expect(await there).toEqual(values);
        const back = once(socket, "values");
        server.emit("values", ...values);
        expect(await back).toEqual(values);
      });

      it("carry binary both ways", async () => {
        const { socket, server } = await both({ transports });
        const there = once<[{ deep: [Buffer] }, Buffer, Buffer]>(server, "blobs");
        socket.emit("blobs", { deep: [Buffer.from([1, 2])] }, new Uint8Array([3, 255]), new Uint8Array([4]).buffer);
        const [nested, view, whole] = await there;
        expect([nested.deep[0], view, whole].map((blob) => Buffer.from(blob).toString("hex"))).toEqual([
          "0102",
          "03ff",
          "04",
        ]);
        const back = once<[{ deep: [Buffer] }, Buffer]>(socket, "blobs");
        server.emit("blobs", { deep: [Buffer.from([5])] }, Buffer.alloc(0));
        const [backNested, empty] = await back;
        expect(backNested.deep[0]).toBeInstanceOf(library.isPage ? ArrayBuffer : Buffer);
        expect(Buffer.from(backNested.deep[0]).toString("hex")).toBe("05");
        expect(empty.byteLength).toBe(0);
      });

      it("are acknowledged both ways", async () => {
        const { socket, server } = await both({ transports });
        server.on("ask", (n: number, answer: (n: number, blob: Buffer) => void) => answer(n + 1, Buffer.from([n])));
        socket.on("ask", (n: number, answer: (n: number, blob: Buffer) => void) => answer(n + 2, Buffer.from([n])));
        const [n, blob] = await new Promise<[number, Buffer]>((resolve) => {
          socket.emit("ask", 1, (...args: [number, Buffer]) => resolve(args));
        });
        expect(n).toBe(2);
        expect(Buffer.from(blob).toString("hex")).toBe("01");
        expect(await socket.emitWithAck("ask", 2)).toBe(3);
        expect(await server.emitWithAck("ask", 2)).toBe(4);
      });

      it("keep their order, text among binary", async () => {
        const { socket, server } = await both({ transports });
        const there = collect<[number]>(server, "n", 40);
        const back = collect<[number]>(socket, "n", 40);
        for (let n = 0; n < 40; n++) {
          socket.emit("n", n, n % 3 === 0 ? Buffer.from([n]) : "text");
          server.emit("n", n, n % 3 === 0 ? Buffer.from([n]) : "text");
        }
        const all = Array.from({ length: 40 }, (_, n) => n);
        expect((await there).map(([n]) => n)).toEqual(all);
        expect((await back).map(([n]) => n)).toEqual(all);
      });
    });
  }

  describe("events", () => {
    it("wait for the connection while there is none", async () => {
      const scene = await stage(stock);
      const arrival = once<[ServerSocket]>(scene.io, "connection");
      const socket = client(library, scene.url, { autoConnect: false });
      for (let n = 0; n < 3; n++) expect(socket.emit("n", n)).toBe(socket);
      expect(socket.sendBuffer).toHaveLength(3);
      socket.connect();
      expect(await collect((await arrival)[0], "n", 3)).toEqual([[0], [1], [2]]);
      expect(socket.sendBuffer).toHaveLength(0);
    });

    it("that are volatile are dropped while there is no connection", async () => {
      const scene = await stage(stock);
      const heard: string[] = [];
      scene.io.on("connection", (server) => server.onAny((name: string) => heard.push(name)));
      const socket = client(library, scene.url, { autoConnect: false });
      socket.volatile.emit("lost");
      socket.emit("kept");
      socket.connect();
      await once(socket, "connect");
      const [server] = scene.io.sockets.sockets.values();
      const mark = once(server, "mark");
      socket.emit("mark");
      await mark;
      expect(heard).toEqual(["kept", "mark"]);
    });

    it("that are volatile go while there is a connection", async () => {
      const { socket, server } = await both({ transports: ["websocket"] });
      const there = once(server, "v");
      socket.volatile.emit("v", 1);
      expect(await there).toEqual([1]);
    });

    it("named message are sent by send", async () => {
      const { socket, server } = await both();
      const there = once(server, "message");
      socket.send("hi", 1);
      expect(await there).toEqual(["hi", 1]);
    });

    it("are heard once by once, and no more after off", async () => {
      const { socket, server } = await both();
      const heard: string[] = [];
      const listener = (): number => heard.push("on");
      socket.on("n", listener);
      socket.once("n", () => heard.push("once"));
      let mark = once(socket, "mark");
      server.emit("n");
      server.emit("n");
      server.emit("mark");
      await mark;
      expect(heard).toEqual(["on", "once", "on"]);
      socket.off("n", listener);
      mark = once(socket, "mark");
      server.emit("n");
      server.emit("mark");
      await mark;
      expect(heard).toHaveLength(3);
    });

    it("tell whether anybody listens", async () => {
      const { socket } = await both();
      expect(socket.hasListeners("n")).toBe(false);
      socket.on("n", () => {});
      expect(socket.hasListeners("n")).toBe(true);
      expect(socket.listeners("n")).toHaveLength(1);
      socket.off("n");
      expect(socket.hasListeners("n")).toBe(false);
    });

    it("stay heard where off names an event that is undefined, or another listener", () => {
      const socket = client(library, "http://127.0.0.1:9", { autoConnect: false });
      const nobody = undefined as unknown as string;
      const listener = (): void => {};
      socket.on("n", listener).on("n", listener);
      socket
        .off(nobody)
        .off(nobody, listener)
        .removeAllListeners(nobody)
        .removeListener("n", () => {});
      expect(socket.listeners("n")).toHaveLength(2);
      socket.off("n", undefined as unknown as () => void);
      expect(socket.listeners("n")).toHaveLength(1);
      expect(socket.off().hasListeners("n")).toBe(false);
    });

    it("are one event whether a number or its digits name them", async () => {
      const { socket, server } = await both();
      const heard: unknown[] = [];
      socket.on("7", (value: unknown) => heard.push(["text", value]));
      socket.on(7 as unknown as string, (value: unknown) => heard.push(["number", value]));
      const mark = once(socket, "mark");
      server.emit("7", "a");
      server.emit(7 as unknown as string, "b");
      server.emit("mark");
      await mark;
      expect(heard).toEqual([
        ["text", "a"],
        ["number", "a"],
        ["text", "b"],
        ["number", "b"],
      ]);
    });

    for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
      it(`throw when they are named ${name}`, () => {
        const socket = client(library, "http://127.0.0.1:9", { autoConnect: false });
        expect(() => socket.emit(name)).toThrow(/reserved/);
      });
    }

    it("are seen by catch-all listeners, come and gone", async () => {
      const { socket, server } = await both();
      const seen: unknown[] = [];
      socket.onAny((...args: unknown[]) => seen.push(["any", ...args]));
      socket.prependAny((...args: unknown[]) => seen.push(["prepended", ...args]));
      socket.onAnyOutgoing((...args: unknown[]) => seen.push(["out", ...args]));
      socket.on("n", () => seen.push("n"));
      const there = once(server, "out");
      socket.emit("out", 1);
      await there;
      const back = once(socket, "n");
      server.emit("n", 2);
      await back;
      expect(seen).toEqual([["out", "out", 1], ["prepended", "n", 2], ["any", "n", 2], "n"]);
      socket.offAny();
      socket.offAnyOutgoing();
      expect(socket.listenersAny()).toEqual([]);
      expect(socket.listenersAnyOutgoing()).toEqual([]);
    });

    it("are not heard by catch-all listeners when they are the client's own", async () => {
      const scene = await stage(stock);
      const seen: string[] = [];
      const socket = client(library, scene.url);
      socket.onAny((name: string) => seen.push(name));
      await once(socket, "connect");
      socket.disconnect();
      expect(seen).toEqual([]);
    });
  });

  describe("acknowledgements", () => {
    it("fail with an error when the time is over", async () => {
      const { socket } = await both();
      const [error] = await new Promise<unknown[]>((resolve) => {
        socket.timeout(30).emit("unheard", (...args: unknown[]) => resolve(args));
      });
      expect(error).toBeInstanceOf(Error);
      await expect(socket.timeout(30).emitWithAck("unheard")).rejects.toThrow();
    });

    it("come with null before the answer where a time was set", async () => {
      const { socket, server } = await both();
      server.on("ask", (answer: (s: string) => void) => answer("yes"));
      const got = await new Promise<unknown[]>((resolve) => {
        socket.timeout(20_000).emit("ask", (...args: unknown[]) => resolve(args));
      });
      expect(got).toEqual([null, "yes"]);
    });

    it("are called with the socket as this", async () => {
      const { socket, server } = await both();
      server.on("ask", (answer: () => void) => answer());
      const plain = await new Promise<unknown>((resolve) => {
        socket.emit("ask", function (this: unknown) {
          resolve(this);
        });
      });
      const timed = await new Promise<unknown>((resolve) => {
        socket.timeout(20_000).emit("ask", function (this: unknown) {
          resolve(this);
        });
      });
      expect([plain, timed].map((self) => self === socket)).toEqual([true, true]);
    });

    it("take their time from ackTimeout", async () => {
      const scene = await stage(stock);
      const socket = await connected(library, scene.url, { ackTimeout: 30 });
      await expect(socket.emitWithAck("unheard")).rejects.toThrow();
    });

    it("fail at once with emitWithAck when the connection ends", async () => {
      const { socket, server } = await both();
      const failed = socket.emitWithAck("unheard").catch((error: unknown) => error);
      server.disconnect();
      expect(await failed).toBeInstanceOf(Error);
    });

    it("take an emit that waited out of the buffer when its time is over", async () => {
      const socket = client(library, "http://127.0.0.1:9", { autoConnect: false });
      await expect(socket.timeout(20).emitWithAck("n")).rejects.toThrow();
      expect(socket.sendBuffer).toHaveLength(0);
    });
  });

  describe("onevent", () => {
    it("is where a plugin may put itself: it gets the packet, and answers", async () => {
      const { socket, server } = await both();
      const plugged = socket as unknown as { onevent: unknown; ack(id: number): unknown };
      const seen: unknown[] = [];
      plugged.onevent = function (this: typeof plugged, packet: { nsp: string; data: unknown[]; id?: number }) {
        if (packet.id !== undefined) packet.data.push(this.ack(packet.id));
        seen.push([packet.nsp, ...packet.data.map((part) => (typeof part === "function" ? "answer" : part))]);
        // The emitter below a Socket is that of the Manager, too: there emit calls listeners.
        (library.Manager.prototype.emit as (...event: unknown[]) => unknown).apply(this, packet.data);
      };
      socket.on("ask", (answer: (text: string) => void) => answer("yes"));
      server.emit("unheard", 1);
      expect(await server.emitWithAck("ask")).toBe("yes");
      expect(seen).toEqual([
        ["/", "unheard", 1],
        ["/", "ask", "answer"],
      ]);
    });

    it("may be called by whoever takes its place, again and with other data", async () => {
      const { socket, server } = await both();
      const plugged = socket as unknown as { onevent(packet: { data: unknown[] }): void };
      const { onevent } = plugged;
      plugged.onevent = (packet) => {
        onevent.call(socket, { ...packet, data: [...packet.data] });
        onevent.call(socket, { ...packet, data: ["any", ...packet.data] });
      };
      const seen: unknown[] = [];
      socket.onAny((...event: unknown[]) => seen.push(event));
      const done = once(socket, "any");
      server.emit("told", 1);
      await done;
      expect(seen).toEqual([
        ["told", 1],
        ["any", "told", 1],
      ]);
    });
  });
}
