// Server suite: names that Socket.IO does not document, and that programs use all the same.
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { pair, type ServerLibrary, stage } from "../../support/scene.js";
import { once } from "../../support/waiting.js";

interface Undocumented {
  leaveAll(): void;
  onevent(packet: { data: unknown[] }): void;
}

export function describeUndocumentedNames(library: ServerLibrary): void {
  describe("undocumented names", () => {
    it("tell every event by an onevent that calls the one before", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      const { onevent } = socket as unknown as Undocumented;
      (socket as unknown as Undocumented).onevent = function (this: Undocumented, packet) {
        const { data } = packet;
        onevent.call(this, packet);
        onevent.call(this, { ...packet, data: ["*", ...data] });
      };
      const heard: unknown[][] = [];
      for (const name of ["*", "ask"]) socket.on(name, (...args) => void heard.push([name, ...args.slice(0, 2)]));
      socket.on("ask", (_question: unknown, answer: (value: string) => void) => answer("yes"));
      expect(await peer.emitWithAck("ask", 1)).toBe("yes");
      expect(heard).toEqual([
        ["ask", 1, expect.any(Function)],
        ["*", "ask", 1],
      ]);
    });

    it("take a socket out of all its rooms by leaveAll", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock);
      socket.join(["a", "b"]);
      (socket as unknown as Undocumented).leaveAll();
      expect([...socket.rooms]).toEqual([]);
      expect(scene.io.sockets.adapter.rooms.size).toBe(0);
      const heard: string[] = [];
      peer.onAny((name: string) => void heard.push(name));
      scene.io.to(["a", socket.id]).emit("to its rooms");
      const last = once(peer, "to itself");
      socket.emit("to itself");
      await last;
      expect(heard).toEqual(["to itself"]);
    });

    it("have the engine as io.eio", async () => {
      const { io } = await stage(library);
      expect((io as unknown as { eio: unknown }).eio).toBe(io.engine);
    });
  });
}
