// Server suite: the move from polling to WebSocket (Engine.IO v4, "Upgrade").
import { describe, expect, it } from "vitest";
import { dial, openPolling, type RawPolling, type RawWebSocket } from "../../support/raw-client.js";
import { type ServerLibrary, stage } from "../../support/scene.js";
import { Ledger, until } from "../../support/waiting.js";

async function probe(port: number, session: RawPolling): Promise<RawWebSocket> {
  const raw = await dial(port, `EIO=4&transport=websocket&sid=${session.open.sid}`);
  raw.send("2probe");
  expect(await raw.next()).toBe("3probe");
  return raw;
}

export function describeUpgrade(library: ServerLibrary): void {
  describe("upgrade", () => {
    it("answers a probe, lets the held GET go with a NOOP and moves at the upgrade packet", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const held = session.packets();
      await until(() => socket?.conn.transport.writable === true, "the GET is held");
      const raw = await probe(port, session);
      expect(await held).toEqual(["6"]);
      raw.send("5");
      await until(() => socket?.conn.transport.name === "websocket", "the session has moved");
      socket?.emit("hello", 1);
      expect(await raw.text()).toBe('42["hello",1]');
      raw.close();
    });

    it("is told by upgrading when the probe has come, not the WebSocket", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const told: string[] = [];
      socket?.conn.on("upgrading", (transport: { name: string }) => told.push(transport.name));
      const raw = await dial(port, `EIO=4&transport=websocket&sid=${session.open.sid}`);
      await until(() => socket?.conn.upgrading === true, "the WebSocket is there");
      expect(told).toEqual([]);
      raw.send("2probe");
      expect(await raw.next()).toBe("3probe");
      expect(told).toEqual(["websocket"]);
      raw.close();
    });

    it("sends what is emitted during the probe once, over one of the two", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const overPolling: string[] = [];
      const held = session.packets();
      await until(() => socket?.conn.transport.writable === true, "the GET is held");
      const raw = await probe(port, session);
      overPolling.push(...(await held));
      for (let n = 0; n < 50; n++) socket?.emit("n", n);
      const next = session.get();
      raw.send("5");
      for (let n = 50; n < 100; n++) socket?.emit("n", n);
      const answer = await next;
      if (answer.status === 200) overPolling.push(...answer.text.split("\x1e"));
      const events = overPolling.filter((packet) => packet.startsWith("42"));
      while (events.length < 100) events.push(await raw.text());
      expect(events).toEqual(Array.from({ length: 100 }, (_, n) => `42["n",${n}]`));
      raw.close();
    });

    it("hears what the client posted before the upgrade packet and what follows it, in order", async () => {
      const { port, io } = await stage(library);
      const numbers = new Ledger<number>();
      io.on("connection", (socket) => socket.on("n", (n: number) => numbers.add(n)));
      const session = await openPolling(port);
      await session.join();
      const raw = await probe(port, session);
      await session.post(['42["n",0]', '42["n",1]'].join("\x1e"));
      raw.send("5");
      raw.send('42["n",2]');
      expect(await numbers.reaches(3)).toEqual([0, 1, 2]);
      raw.close();
    });

    it("keeps the session on polling when the probe breaks", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const raw = await probe(port, session);
      raw.close();
      await raw.closed;
      await session.collect(0);
      socket?.emit("still", "polling");
      expect((await session.collect(1)).filter((packet) => packet !== "6")).toEqual(['42["still","polling"]']);
      expect(socket?.conn.transport.name).toBe("polling");
    });

    it("refuses a WebSocket that says something else than a probe", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const raw = await dial(port, `EIO=4&transport=websocket&sid=${session.open.sid}`);
      raw.send('42["n",1]');
      await raw.closed;
      expect(socket?.connected).toBe(true);
    });

    it("closes a probe that does not go on within upgradeTimeout", async () => {
      const { port, io } = await stage(library, { upgradeTimeout: 40 });
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const raw = await dial(port, `EIO=4&transport=websocket&sid=${session.open.sid}`);
      // A Close frame, not the end of the connection alone.
      expect((await raw.closed).code).not.toBe(1006);
      expect(socket?.connected).toBe(true);
      expect(socket?.conn.transport.name).toBe("polling");
    });

    it("refuses a second WebSocket for a session that has moved", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const raw = await probe(port, session);
      raw.send("5");
      await until(() => socket?.conn.transport.name === "websocket", "the session has moved");
      const second = await dial(port, `EIO=4&transport=websocket&sid=${session.open.sid}`);
      await second.closed;
      expect(socket?.connected).toBe(true);
      socket?.emit("still", "here");
      expect(await raw.text()).toBe('42["still","here"]');
      raw.close();
    });
  });
}
