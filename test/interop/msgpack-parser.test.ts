// Interop: npm's `socket.io-msgpack-parser`, unchanged, as `parser` of both ends.
import parser from "socket.io-msgpack-parser";
import { describe, expect, it } from "vitest";
import { connected, pair, stage } from "../support/scene.js";
import { once } from "../support/waiting.js";
import { PAIRS, WAYS } from "./pairs.js";

const options = { parser: parser as never };

for (const { name, server, client } of PAIRS) {
  for (const [way, transports] of Object.entries(WAYS)) {
    describe(`${name}, over ${way}: socket.io-msgpack-parser`, () => {
      it("carries events, bytes, acknowledgements, broadcasts and namespaces", async () => {
        const scene = await stage(server, options);
        const { socket, peer } = await pair(scene, client, { ...transports, ...options });
        socket.on("sum", (a: number, b: number, answer: (n: number) => void) => answer(a + b));
        peer.on("echo", (value: unknown, answer: (value: unknown) => void) => answer(value));
        expect(await peer.emitWithAck("sum", 2, 3)).toBe(5);
        expect(await socket.emitWithAck("echo", { text: "ñ€", deep: [null, 1.5] })).toEqual({
          text: "ñ€",
          deep: [null, 1.5],
        });
        const bytes = once<[Uint8Array, { in: Uint8Array }]>(socket, "bytes");
        peer.emit("bytes", Buffer.from([1, 255]), { in: Buffer.from([7]) });
        const [plain, { in: nested }] = await bytes;
        expect([Buffer.from(plain).toString("hex"), Buffer.from(nested).toString("hex")]).toEqual(["01ff", "07"]);
        void socket.join("room");
        const room = once(peer, "room");
        scene.io.to("room").emit("room", Buffer.from([9]));
        expect(Buffer.from((await room)[0] as Uint8Array).toString("hex")).toBe("09");
        scene.io.of("/news").use((_socket, next) => next(Object.assign(new Error("no"), { data: { code: 7 } })));
        const refused = connected(client, `${scene.url}/news`, { ...transports, ...options });
        await expect(refused).rejects.toMatchObject({ message: "no", data: { code: 7 } });
        const gone = once(peer, "disconnect");
        socket.disconnect();
        expect((await gone)[0]).toBe("io server disconnect");
      });
    });
  }
}
