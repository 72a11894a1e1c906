// Server suite: events both ways, their order, binary, catch-all listeners, volatile and reserved names.
import { EventEmitter } from "node:events";
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { openPolling, openWebSocket } from "../../support/raw-client.js";
import { type ClientOptions, pair, type ServerLibrary, stage, upgraded } from "../../support/scene.js";
import { collect, Ledger, once } from "../../support/waiting.js";

const WAYS: Record<string, ClientOptions> = {
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  upgrade: { transports: ["polling", "websocket"] },
};

export function describeEvents(library: ServerLibrary): void {
  for (const [way, options] of Object.entries(WAYS)) {
    describe(`events over ${way}`, () => {
      it("carries values of JSON both ways as they are", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const values = [1, -1.5, "text", "ñ€🦤", true, false, null, [], {}, { a: [{ b: null }] }, "", 0];
        const there = once(socket, "values");
        peer.emit("values", ...values);
        expect(await there).toEqual(values);
        const back = once(peer, "values");
        socket.emit("values", ...values);
        expect(await back).toEqual(values);
      });

      it("carries binary both ways: nested Buffers, ArrayBuffer and views", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const there = once<[{ deep: [Buffer]; text: string }, Buffer, Buffer]>(socket, "blobs");
        peer.emit(
          "blobs",
          { deep: [Buffer.from([1, 2])], text: "beside" },
          new Uint8Array([3, 255]),
          new Uint8Array([4]).buffer,
        );
        const [nested, view, whole] = await there;
        expect(Buffer.isBuffer(nested.deep[0])).toBe(true);
        expect(nested.deep[0].toString("hex")).toBe("0102");
        expect(nested.text).toBe("beside");
        expect(Buffer.from(view).toString("hex")).toBe("03ff");
        expect(Buffer.from(whole).toString("hex")).toBe("04");

        const back = once<[{ deep: [Buffer] }, Buffer, Buffer]>(peer, "blobs");
        socket.emit(
          "blobs",
          { deep: [Buffer.from([5])] },
          new Uint8Array([6, 7]).subarray(1),
          new Uint8Array([8]).buffer,
        );
        const [backNested, backView, backWhole] = await back;
        expect(Buffer.from(backNested.deep[0]).toString("hex")).toBe("05");
        expect(Buffer.from(backView).toString("hex")).toBe("07");
        expect(Buffer.from(backWhole).toString("hex")).toBe("08");
      });

      it("carries an empty Buffer", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const there = once<[Buffer]>(socket, "empty");
        peer.emit("empty", Buffer.alloc(0));
        expect((await there)[0].length).toBe(0);
        const back = once<[Buffer]>(peer, "empty");
        socket.emit("empty", Buffer.alloc(0));
        expect((await back)[0].length).toBe(0);
      });

      it("keeps the order of text and binary", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const there = collect(socket, "n", 40);
        const back = collect(peer, "n", 40);
        for (let n = 0; n < 40; n++) {
          peer.emit("n", n, n % 3 === 0 ? Buffer.from([n]) : "text");
          socket.emit("n", n, n % 3 === 0 ? Buffer.from([n]) : "text");
        }
        expect((await there).map(([n]) => n)).toEqual(Array.from({ length: 40 }, (_, n) => n));
        expect((await back).map(([n]) => n)).toEqual(Array.from({ length: 40 }, (_, n) => n));
      });

      it("acknowledges both ways, with binary too", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        socket.on("ask", (n: number, answer: (n: number, blob: Buffer) => void) => answer(n + 1, Buffer.from([n])));
        peer.on("ask", (n: number, answer: (n: number, blob: Buffer) => void) => answer(n + 2, Buffer.from([n])));
        const [there, blob] = await new Promise<[number, Buffer]>((resolve) =>
          peer.emit("ask", 1, (...args: [number, Buffer]) => resolve(args)),
        );
        expect(there).toBe(2);
        expect(Buffer.from(blob).toString("hex")).toBe("01");
        const [back] = await new Promise<[number, Buffer]>((resolve) =>
          socket.emit("ask", 5, (...args: [number, Buffer]) => resolve(args)),
        );
        expect(back).toBe(7);
      });

      it("carries a large message whole", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const text = "0123456789".repeat(70_000);
        const blob = Buffer.alloc(600_000, 7);
        const there = once<[string]>(socket, "large");
        peer.emit("large", text);
        expect((await there)[0] === text).toBe(true);
        const back = once<[Buffer]>(peer, "large");
        socket.emit("large", blob);
        expect(Buffer.compare(Buffer.from((await back)[0]), blob)).toBe(0);
      });

      it("ends on the transport of its name", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock, options);
        const wanted = way === "polling" ? "polling" : "websocket";
        if (way === "upgrade") await upgraded(peer);
        peer.emit("mark");
        await once(socket, "mark");
        expect(socket.conn.transport.name).toBe(wanted);
      });
    });
  }

  describe("events", () => {
    it("sends undefined as null", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const back = once(peer, "n");
      socket.emit("n", undefined, 1);
      expect(await back).toEqual([null, 1]);
    });

    it("sends what toJSON gives, and Date as text", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const back = once(peer, "n");
      socket.emit("n", { toJSON: () => ({ shown: 1 }) }, new Date(0));
      expect(await back).toEqual([{ shown: 1 }, "1970-01-01T00:00:00.000Z"]);
    });

    it("sends what the arguments are at the moment of the emit", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock, { transports: ["websocket"] });
      const back = once(peer, "n");
      const value = { n: 1 };
      socket.emit("n", value);
      value.n = 2;
      expect(await back).toEqual([{ n: 1 }]);
    });

    it("sends and hears message with send and write", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const back = collect(peer, "message", 2);
      socket.send("one", 1);
      socket.write("two");
      expect(await back).toEqual([["one", 1], ["two"]]);
      const there = once(socket, "message");
      peer.send("three");
      expect(await there).toEqual(["three"]);
    });

    it("reaches a client that is emitted to in the connection handler", async () => {
      const { port, io } = await stage(library);
      io.on("connection", (socket) => {
        socket.emit("first");
        socket.emit("second");
      });
      const { raw } = await openWebSocket(port);
      expect(await raw.join()).toMatch(/^40/);
      expect(await raw.text()).toBe('42["first"]');
      expect(await raw.text()).toBe('42["second"]');
      raw.close();
    });

    it("takes an event whose name is a number", async () => {
      const { port, io } = await stage(library);
      const heard = new Ledger<unknown>();
      io.on("connection", (socket) => socket.onAny((...args: unknown[]) => heard.add(args)));
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send("42[1,2]");
      expect(await heard.reaches(1)).toEqual([[1, 2]]);
      raw.close();
    });

    it("goes on when a client names an event like a method of Object", async () => {
      const { port, io } = await stage(library);
      const heard = new Ledger<unknown>();
      io.on("connection", (socket) => socket.onAny((name: unknown) => heard.add(name)));
      const { raw } = await openWebSocket(port);
      await raw.join();
      for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) raw.send(`42["${name}"]`);
      expect(await heard.reaches(4)).toEqual(["__proto__", "constructor", "toString", "hasOwnProperty"]);
      raw.close();
    });

    for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
      it(`throws when ${name} is emitted`, async () => {
        const scene = await stage(library);
        const { socket } = await pair(scene, stock);
        expect(() => socket.emit(name)).toThrow(/reserved/);
        expect(() => scene.io.emit(name)).toThrow(/reserved/);
        expect(() => scene.io.to("room").emit(name)).toThrow(/reserved/);
      });
    }
  });

  describe("catch-all listeners", () => {
    it("hear every event with its name before the listeners of the name", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const order: unknown[] = [];
      socket.onAny((...args: unknown[]) => order.push(["any", ...args]));
      socket.prependAny((...args: unknown[]) => order.push(["prepended", ...args]));
      socket.on("n", (n: number) => order.push(["n", n]));
      const heard = once(socket, "n");
      peer.emit("n", 1);
      await heard;
      expect(order).toEqual([
        ["prepended", "n", 1],
        ["any", "n", 1],
        ["n", 1],
      ]);
    });

    it("can be listed and taken away", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const heard: string[] = [];
      const listener = (): number => heard.push("one");
      socket.onAny(listener);
      socket.onAny(() => heard.push("two"));
      expect(socket.listenersAny()).toHaveLength(2);
      socket.offAny(listener);
      const arrived = once(socket, "n");
      peer.emit("n");
      await arrived;
      expect(heard).toEqual(["two"]);
      socket.offAny();
      expect(socket.listenersAny()).toEqual([]);
    });

    it("hear what is sent, to one and to many", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const sent: unknown[] = [];
      socket.onAnyOutgoing((...args: unknown[]) => sent.push(args));
      const back = once(peer, "broadcast");
      socket.emit("single", 1);
      scene.io.emit("broadcast", 2);
      await back;
      expect(sent).toEqual([
        ["single", 1],
        ["broadcast", 2],
      ]);
      expect(socket.listenersAnyOutgoing()).toHaveLength(1);
      socket.offAnyOutgoing();
      expect(socket.listenersAnyOutgoing()).toEqual([]);
    });
  });

  describe("volatile", () => {
    it("sends the first of one turn and drops the next", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock, { transports: ["websocket"] });
      const warm = once(peer, "warm");
      socket.emit("warm");
      await warm;
      const heard: number[] = [];
      peer.on("v", (n: number) => heard.push(n));
      const mark = once(peer, "mark");
      for (let n = 0; n < 5; n++) socket.volatile.emit("v", n);
      socket.emit("mark");
      await mark;
      expect(heard).toEqual([0]);
    });

    it("is heard in each of several turns", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock, { transports: ["websocket"] });
      for (let n = 0; n < 3; n++) {
        const heard = once(peer, "v");
        socket.volatile.emit("v", n);
        expect(await heard).toEqual([n]);
      }
    });

    it("does not wait for a polling client that is not asking", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      socket?.volatile.emit("lost");
      socket?.emit("kept");
      expect(await session.collect(1)).toEqual(['42["kept"]']);
    });
  });

  describe("onevent", () => {
    /** What plugins for a wildcard event do, with a packet and an emitter of Node's. */
    const wildcard = (socket: object): void => {
      const plugged = socket as { onevent: unknown; ack(id: number): unknown };
      plugged.onevent = function (this: EventEmitter & typeof plugged, packet: { data: unknown[]; id?: number }) {
        if (packet.id !== undefined) packet.data.push(this.ack(packet.id));
        EventEmitter.prototype.emit.call(this, "*", packet);
        EventEmitter.prototype.emit.apply(this, packet.data as [string]);
      };
    };

    it("is where a plugin may put itself: it gets the packet, and answers", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      wildcard(socket);
      const seen: unknown[] = [];
      socket.on("*", ({ type, nsp, data }: { type: number; nsp: string; data: unknown[] }) =>
        seen.push([type, nsp, data[0], typeof data[1]]),
      );
      socket.on("ask", (answer: (text: string) => void) => answer("yes"));
      peer.emit("unheard", 1);
      expect(await peer.emitWithAck("ask")).toBe("yes");
      expect(seen).toEqual([
        [2, "/", "unheard", "number"],
        [2, "/", "ask", "function"],
      ]);
    });

    it("may be called by whoever takes its place, again and with other data", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const plugged = socket as unknown as { onevent(packet: { data: unknown[] }): void };
      const { onevent } = plugged;
      plugged.onevent = (packet) => {
        onevent.call(socket, { ...packet, data: [...packet.data] });
        onevent.call(socket, { ...packet, data: ["any", ...packet.data] });
      };
      const seen: unknown[] = [];
      socket.on("told", (...args: unknown[]) => seen.push(["told", ...args]));
      socket.on("any", (...args: unknown[]) => seen.push(["any", ...args]));
      const done = once(socket, "any");
      peer.emit("told", 1);
      await done;
      expect(seen).toEqual([
        ["told", 1],
        ["any", "told", 1],
      ]);
    });
  });
}
