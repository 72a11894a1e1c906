// Server suite: broadcasts to all, to all but the sender, and of every kind of value.
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { openPolling, openWebSocket } from "../../support/raw-client.js";
import { pair, type ServerLibrary, stage } from "../../support/scene.js";
import { once } from "../../support/waiting.js";

export function describeBroadcasts(library: ServerLibrary): void {
  describe("broadcasts", () => {
    it("reach clients of every transport by the same bytes", async () => {
      const { port, io } = await stage(library);
      const polling = await openPolling(port);
      await polling.join();
      const { raw } = await openWebSocket(port);
      await raw.join();
      io.emit("all", 1, "ñ");
      expect(await polling.collect(1)).toEqual(['42["all",1,"ñ"]']);
      expect(await raw.text()).toBe('42["all",1,"ñ"]');
      raw.close();
    });

    it("carry binary to clients of every transport", async () => {
      const { port, io } = await stage(library);
      const polling = await openPolling(port);
      await polling.join();
      const { raw } = await openWebSocket(port);
      await raw.join();
      io.emit("blob", Buffer.from([1, 2, 255]));
      expect(await polling.collect(2)).toEqual(['451-["blob",{"_placeholder":true,"num":0}]', "bAQL/"]);
      expect(await raw.text()).toBe('451-["blob",{"_placeholder":true,"num":0}]');
      expect(((await raw.next()) as Buffer).toString("hex")).toBe("0102ff");
      raw.close();
    });

    it("from a socket reach all but itself", async () => {
      const scene = await stage(library);
      const [a, b, c] = await Promise.all([pair(scene, stock), pair(scene, stock), pair(scene, stock)]);
      const own: string[] = [];
      a?.peer.on("news", () => own.push("news"));
      const heard = Promise.all([once(b?.peer, "news"), once(c?.peer, "news")]);
      a?.socket.broadcast.emit("news", 1);
      expect(await heard).toEqual([[1], [1]]);
      const mark = once(a?.peer, "mark");
      a?.socket.emit("mark");
      await mark;
      expect(own).toEqual([]);
    });

    it("keep their order among the messages to one", async () => {
      const scene = await stage(library);
      const { socket, peer } = await pair(scene, stock, { transports: ["websocket"] });
      socket.join("r");
      const heard: number[] = [];
      peer.on("n", (n: number) => heard.push(n));
      const mark = once(peer, "mark");
      for (let n = 0; n < 30; n += 3) {
        socket.emit("n", n);
        scene.io.emit("n", n + 1);
        scene.io.to("r").emit("n", n + 2, Buffer.from([n]));
      }
      socket.emit("mark");
      await mark;
      expect(heard).toEqual(Array.from({ length: 30 }, (_, n) => n));
    });

    it("stay within their namespace", async () => {
      const scene = await stage(library);
      scene.io.of("/other");
      const main = await pair(scene, stock);
      const other = await pair(scene, stock, {}, "/other");
      const heard: string[] = [];
      other.peer.onAny((name: string) => heard.push(name));
      const arrived = once(main.peer, "main only");
      scene.io.emit("main only");
      await arrived;
      const mark = once(other.peer, "mark");
      scene.io.of("/other").emit("mark");
      await mark;
      expect(heard).toEqual(["mark"]);
    });

    it("do not reach who has just left", async () => {
      const scene = await stage(library);
      const a = await pair(scene, stock);
      const b = await pair(scene, stock);
      a.socket.join("r");
      b.socket.join("r");
      b.socket.leave("r");
      const heard: string[] = [];
      b.peer.onAny((name: string) => heard.push(name));
      scene.io.to("r").emit("r");
      const mark = once(b.peer, "mark");
      b.socket.emit("mark");
      await mark;
      expect(heard).toEqual(["mark"]);
    });

    it("may be volatile, local and compressed", async () => {
      const scene = await stage(library);
      const { peer } = await pair(scene, stock, { transports: ["websocket"] });
      for (const operator of [
        scene.io.volatile,
        scene.io.local,
        scene.io.compress(true),
        scene.io.to([]).compress(false),
      ]) {
        const heard = once(peer, "n");
        operator.emit("n", 1);
        expect(await heard).toEqual([1]);
      }
    });

    it("say message with send and write", async () => {
      const scene = await stage(library);
      const { peer } = await pair(scene, stock);
      const first = once(peer, "message");
      scene.io.send("one");
      expect(await first).toEqual(["one"]);
      const second = once(peer, "message");
      scene.io.sockets.write("two");
      expect(await second).toEqual(["two"]);
    });

    it("send what the value is at the moment of the emit", async () => {
      const scene = await stage(library);
      const { peer } = await pair(scene, stock);
      const heard = once(peer, "n");
      const value = { n: 1 };
      scene.io.emit("n", value);
      value.n = 2;
      expect(await heard).toEqual([{ n: 1 }]);
    });
  });
}
