// Interop: public objects inside a Proxy, as frameworks put them there. Vue's `reactive` wraps what it hands out, at any depth.
// npm's own ends do not get through all of this: of the pairs, the end that is looked at is ours.
import { reactive } from "@vue/reactivity";
import { describe, expect, it } from "vitest";
import { client, connected, stage } from "../support/scene.js";
import { once, until } from "../support/waiting.js";
import { MIXED, OURS } from "./pairs.js";

for (const { name, server, client: library } of [...MIXED, OURS]) {
  describe(`${name}: inside Vue's reactive()`, () => {
    if (library === OURS.client)
      it("a client's socket connects, emits, asks, listens, leaves and comes back", async () => {
        const scene = await stage(server);
        scene.io.on("connection", (socket) => {
          socket.on("double", (number: number, answer: (double: number) => void) => answer(number * 2));
          socket.on("bytes", (bytes: Uint8Array) => socket.emit("bytes", bytes));
        });
        const state = reactive({ socket: client(library, scene.url, { autoConnect: false }) });
        const { socket } = state;
        const first = once(socket, "connect");
        socket.connect();
        await first;
        expect([socket.connected, socket.active, socket.disconnected]).toEqual([true, true, false]);
        expect(scene.io.sockets.sockets.has(socket.id ?? "")).toBe(true);
        expect(await socket.emitWithAck("double", 21)).toBe(42);
        expect(await socket.timeout(5000).emitWithAck("double", 4)).toBe(8);
        const bytes = once<[Uint8Array]>(socket, "bytes");
        socket.volatile.emit("bytes", Buffer.from([1, 255]));
        expect([...(await bytes)[0]]).toEqual([1, 255]);
        expect(socket.io.engine.transport.name).toMatch(/^(polling|websocket)$/);
        socket.io.reconnectionDelay(10);
        expect(socket.io.reconnectionDelay()).toBe(10);
        socket.disconnect();
        expect(socket.connected).toBe(false);
        const again = once(socket, "connect");
        socket.connect();
        await again;
      });

    if (server === OURS.server)
      it("a server, its namespaces, sockets and broadcasts work", async () => {
        const scene = await stage(server);
        const state = reactive({ io: scene.io });
        const io = state.io as typeof scene.io;
        const joined = new Promise<void>((resolve) => {
          io.of("/news").on("connection", (socket) => {
            const inside = reactive({ socket }).socket as typeof socket;
            void inside.join("readers");
            inside.data.name = "ana";
            inside.on("hello", (answer: (text: string) => void) => answer(inside.data.name));
            resolve();
          });
        });
        const peer = await connected(library, `${scene.url}/news`);
        await joined;
        expect(await peer.emitWithAck("hello")).toBe("ana");
        const heard = once(peer, "issue");
        io.of("/news").to("readers").emit("issue", 7);
        expect(await heard).toEqual([7]);
        expect((await io.of("/news").fetchSockets()).map(({ id }) => id)).toEqual([peer.id]);
        const gone = once(peer, "disconnect");
        io.of("/news").in("readers").disconnectSockets();
        await gone;
        await until(() => io.of("/news").sockets.size === 0, "the namespace is empty");
      });
  });
}
