// Interop: every pair of ends × every transport × everything that a program does.
import type { Server, Socket as ServerSocket } from "socket.io";
import { describe, expect, it } from "vitest";
import { closeServer, connected, pair, stage, upgraded } from "../support/scene.js";
import { collect, once, until } from "../support/waiting.js";
import { PAIRS, WAYS } from "./pairs.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

for (const { name, server, client } of PAIRS) {
  for (const [way, options] of Object.entries(WAYS)) {
    describe(`${name}, over ${way}`, () => {
      it("carries events both ways, in order", async () => {
        const { socket, peer } = await pair(await stage(server), client, options);
        const there = collect(socket, "n", 200);
        const back = collect(peer, "n", 200);
        for (let n = 0; n < 200; n++) {
          peer.emit("n", n, { text: `ñ${n}` });
          socket.emit("n", n, { text: `€${n}` });
        }
        expect(await there).toEqual(Array.from({ length: 200 }, (_, n) => [n, { text: `ñ${n}` }]));
        expect(await back).toEqual(Array.from({ length: 200 }, (_, n) => [n, { text: `€${n}` }]));
      });

      it("acknowledges both ways", async () => {
        const { socket, peer } = await pair(await stage(server), client, options);
        socket.on("double", (n: number, answer: (n: number) => void) => answer(n * 2));
        peer.on("double", (n: number, answer: (n: number) => void) => answer(n * 2));
        const numbers = Array.from({ length: 30 }, (_, n) => n);
        const doubles = numbers.map((n) => n * 2);
        expect(await Promise.all(numbers.map((n) => peer.emitWithAck("double", n)))).toEqual(doubles);
        expect(await Promise.all(numbers.map((n) => socket.emitWithAck("double", n)))).toEqual(doubles);
        await expect(socket.timeout(30).emitWithAck("unheard")).rejects.toThrow();
        await expect(peer.timeout(30).emitWithAck("unheard")).rejects.toThrow();
      });

      it("carries binary both ways, in events and acknowledgements", async () => {
        const { socket, peer } = await pair(await stage(server), client, options);
        const large = Buffer.from(Array.from({ length: 100_000 }, (_, n) => n % 256));
        for (const [from, to] of [
          [socket, peer],
          [peer, socket],
        ] as const) {
          const got = once<[{ a: Uint8Array; b: [{ c: Uint8Array }] }, string, Uint8Array]>(to, "blobs");
          from.emit("blobs", { a: Buffer.from([0, 1]), b: [{ c: new Uint8Array([255]) }] }, "between", large);
          const [deep, between, whole] = await got;
          expect([hex(deep.a), hex(deep.b[0].c), between]).toEqual(["0001", "ff", "between"]);
          expect(Buffer.from(whole).equals(large)).toBe(true);
          to.on("echo", (bytes: Uint8Array, answer: (reply: { bytes: Uint8Array }) => void) => answer({ bytes }));
          const reply = (await (from as ServerSocket).emitWithAck("echo", Buffer.from([9, 8]))) as {
            bytes: Uint8Array;
          };
          expect(hex(reply.bytes)).toBe("0908");
        }
      });

      it("keeps namespaces on one connection apart", async () => {
        const scene = await stage(server);
        const heard: string[] = [];
        for (const path of ["/", "/news", "/admin"]) {
          scene.io.of(path).on("connection", (socket: ServerSocket) => {
            socket.on("say", (text: string, answer: (s: string) => void) => {
              heard.push(`${path} ${text}`);
              answer(path);
            });
          });
        }
        scene.io.of("/admin").use((socket, next) => {
          const refusal = Object.assign(new Error("who are you"), { data: { code: 401 } });
          next(socket.handshake.auth["token"] === "secret" ? undefined : refusal);
        });
        const manager = new client.Manager(scene.url, { ...options, reconnection: false });
        const main = manager.socket("/");
        const news = manager.socket("/news");
        const refused = manager.socket("/admin", { auth: { token: "wrong" } });
        const [error] = await once<[Error & { data?: unknown }]>(refused, "connect_error");
        expect([error.message, error.data]).toEqual(["who are you", { code: 401 }]);
        refused.auth = { token: "secret" };
        refused.connect();
        expect(await main.emitWithAck("say", "one")).toBe("/");
        expect(await news.emitWithAck("say", "two")).toBe("/news");
        expect(await refused.emitWithAck("say", "three")).toBe("/admin");
        expect(heard).toEqual(["/ one", "/news two", "/admin three"]);
        expect(scene.io.engine.clientsCount).toBe(1);
        const gone = once(news, "disconnect");
        for (const socket of scene.io.of("/news").sockets.values()) socket.disconnect();
        expect((await gone)[0]).toBe("io server disconnect");
        expect(await main.emitWithAck("say", "still")).toBe("/");
        for (const socket of [main, news, refused]) socket.disconnect();
      });

      it("brings to rooms what is theirs", async () => {
        const scene = await stage(server);
        const [a, b, c] = await Promise.all([1, 2, 3].map(() => pair(scene, client, options)));
        if (a === undefined || b === undefined || c === undefined) throw new Error("three pairs were asked for");
        const heard = [a, b, c].map(({ peer }) => {
          const names: string[] = [];
          peer.onAny((event: string) => names.push(event));
          return names;
        });
        a.socket.join(["r", "s"]);
        b.socket.join("r");
        scene.io.to("r").to("s").emit("r and s");
        a.socket.to("r").emit("r but the sender");
        scene.io.except("s").emit("all but s", Buffer.from([1]));
        c.socket.broadcast.emit("all but the sender");
        scene.io.to(c.socket.id).emit("one");
        const marks = Promise.all([a, b, c].map(({ peer }) => once(peer, "mark")));
        scene.io.emit("mark");
        await marks;
        expect(heard).toEqual([
          ["r and s", "all but the sender", "mark"],
          ["r and s", "r but the sender", "all but s", "all but the sender", "mark"],
          ["all but s", "one", "mark"],
        ]);
      });

      it("tells both ends how a connection ended", async () => {
        const scene = await stage(server);
        const first = await pair(scene, client, options);
        const byClient = Promise.all([once(first.socket, "disconnect"), once(first.peer, "disconnect")]);
        first.peer.disconnect();
        const [server1, client1] = await byClient;
        expect([server1[0], client1[0]]).toEqual(["client namespace disconnect", "io client disconnect"]);
        const second = await pair(scene, client, options);
        const byServer = Promise.all([once(second.socket, "disconnect"), once(second.peer, "disconnect")]);
        second.socket.disconnect();
        const [server2, client2] = await byServer;
        expect([server2[0], client2[0]]).toEqual(["server namespace disconnect", "io server disconnect"]);
      });

      it("comes back after the server started again on the same port", async () => {
        const first = await stage(server);
        const welcome = (io: Server): void => {
          io.on("connection", (socket) =>
            socket.on("say", (text: string, answer: (s: string) => void) => answer(`${text}!`)),
          );
        };
        welcome(first.io);
        const socket = await connected(client, first.url, {
          ...options,
          reconnection: true,
          reconnectionDelay: 10,
          reconnectionDelayMax: 50,
        });
        if (way === "upgrade") await upgraded(socket);
        expect(await socket.emitWithAck("say", "before")).toBe("before!");
        const gone = once(socket, "disconnect");
        await closeServer(first.io);
        await gone;
        socket.emit("lost by nobody");
        const failed = once(socket.io, "reconnect_error");
        await failed;
        const second = await stage(server, {}, first.port);
        welcome(second.io);
        const buffered: string[] = [];
        second.io.on("connection", (peer) => peer.onAny((event: string) => buffered.push(event)));
        await once(socket, "connect");
        expect(await socket.emitWithAck("say", "after")).toBe("after!");
        expect(buffered).toEqual(["lost by nobody", "say"]);
        await until(() => second.io.engine.clientsCount === 1, "one connection is left");
      });
    });
  }
}
