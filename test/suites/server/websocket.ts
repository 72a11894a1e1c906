// Server suite: the WebSocket transport by messages (Engine.IO v4, "WebSocket"), heartbeats and malformed input.
import { describe, expect, it } from "vitest";
import { openPolling, openWebSocket } from "../../support/raw-client.js";
import { type ServerLibrary, stage } from "../../support/scene.js";
import { Ledger, once, until } from "../../support/waiting.js";

export function describeWebSocket(library: ServerLibrary): void {
  describe("WebSocket", () => {
    it("carries events both ways as text messages", async () => {
      const { port, io } = await stage(library);
      io.on("connection", (socket) => socket.on("ask", (n: number) => socket.emit("answer", n + 1)));
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send('42["ask",41]');
      expect(await raw.text()).toBe('42["answer",42]');
      raw.close();
    });

    it("sends attachments as binary messages behind their header", async () => {
      const { port, io } = await stage(library);
      io.on("connection", (socket) => socket.emit("blob", { a: Buffer.from([1, 2]), b: [Buffer.from([3])] }));
      const { raw } = await openWebSocket(port);
      await raw.join();
      expect(await raw.next()).toBe(
        '452-["blob",{"a":{"_placeholder":true,"num":0},"b":[{"_placeholder":true,"num":1}]}]',
      );
      expect(((await raw.next()) as Buffer).toString("hex")).toBe("0102");
      expect(((await raw.next()) as Buffer).toString("hex")).toBe("03");
      raw.close();
    });

    it("reads attachments that follow their header", async () => {
      const { port, io } = await stage(library);
      const blobs = new Ledger<{ a: Buffer; b: Buffer[] }>();
      io.on("connection", (socket) => socket.on("blob", (blob: { a: Buffer; b: Buffer[] }) => blobs.add(blob)));
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send('452-["blob",{"b":[{"_placeholder":true,"num":1}],"a":{"_placeholder":true,"num":0}}]');
      raw.send(Buffer.from([1, 2]));
      raw.send(Buffer.from([3]));
      const [blob] = await blobs.reaches(1);
      expect(blob?.a.toString("hex")).toBe("0102");
      expect(blob?.b[0]?.toString("hex")).toBe("03");
      raw.close();
    });

    it("pings, and stays open while it is answered", async () => {
      const { port, io } = await stage(library, { pingInterval: 30, pingTimeout: 2000 });
      const { raw } = await openWebSocket(port);
      for (let round = 0; round < 3; round++) {
        expect(await raw.next()).toBe("2");
        raw.send("3");
      }
      expect(io.engine.clientsCount).toBe(1);
      raw.close();
    });

    it("closes with ping timeout when a ping is not answered", async () => {
      const { port, io } = await stage(library, { pingInterval: 30, pingTimeout: 400 });
      const { raw } = await openWebSocket(port);
      const arrival = once(io, "connection");
      raw.send("40");
      const [socket] = await arrival;
      expect((await once<[string]>(socket, "disconnect"))[0]).toBe("ping timeout");
      await raw.closed;
    });

    it("closes over polling with ping timeout too", async () => {
      const { port, io } = await stage(library, { pingInterval: 30, pingTimeout: 400 });
      const session = await openPolling(port);
      const arrival = once(io, "connection");
      await session.post("40");
      const [socket] = await arrival;
      expect((await once<[string]>(socket, "disconnect"))[0]).toBe("ping timeout");
    });

    it("tells transport close when the connection breaks", async () => {
      const { port, io } = await stage(library);
      const { raw } = await openWebSocket(port);
      await raw.join();
      const [socket] = io.sockets.sockets.values();
      const gone = once<[string]>(socket, "disconnect");
      raw.close();
      expect((await gone)[0]).toBe("transport close");
    });

    const malformed = [
      { what: "JSON that does not end", messages: ['42["a"'] },
      { what: "a payload that is no array", messages: ['42{"a":1}'] },
      { what: "an event without a name", messages: ["42[]"] },
      { what: "an unknown Socket.IO packet type", messages: ["49"] },
      { what: "a reserved event name", messages: ['42["disconnect"]'] },
      { what: "an attachment that nothing announced", messages: [Buffer.from([1])] },
      { what: "text in place of an attachment", messages: ['451-["a",{"_placeholder":true,"num":0}]', '42["b"]'] },
      {
        what: "a placeholder beyond the attachments",
        messages: ['451-["a",{"_placeholder":true,"num":7}]', Buffer.from([1])],
      },
      { what: "a count of attachments that is no number", messages: ['45x-["a"]'] },
    ];
    for (const { what, messages } of malformed) {
      it(`closes only that client on ${what}`, async () => {
        const { port, io } = await stage(library);
        const seen: unknown[] = [];
        io.on("connection", (socket) => socket.onAny((...args: unknown[]) => seen.push(args)));
        const { raw: witness } = await openWebSocket(port);
        const { raw } = await openWebSocket(port);
        await witness.join();
        const arrival = once(io, "connection");
        await raw.join();
        const [socket] = await arrival;
        const gone = once<[string]>(socket, "disconnect");
        for (const message of messages) raw.send(message);
        expect((await gone)[0]).toBe("forced close");
        await raw.closed;
        expect(seen).toEqual([]);
        witness.send('42["alive"]');
        await until(() => seen.length === 1, "the other client is heard");
        witness.close();
      });
    }

    it("closes on a message above maxHttpBufferSize and goes on for the others", async () => {
      const { port, io } = await stage(library, { maxHttpBufferSize: 1000 });
      const seen = new Ledger<number>();
      io.on("connection", (socket) => socket.on("text", (text: string) => seen.add(text.length)));
      const { raw: witness } = await openWebSocket(port);
      await witness.join();
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send(`42["text","${"x".repeat(2000)}"]`);
      expect((await raw.closed).code).toBe(1009);
      witness.send('42["text","short"]');
      expect(await seen.reaches(1)).toEqual([5]);
      witness.close();
    });

    it("closes on a frame that breaks RFC 6455", async () => {
      const { port, io } = await stage(library);
      const { raw } = await openWebSocket(port);
      await raw.join();
      const [socket] = io.sockets.sockets.values();
      const gone = once<[string]>(socket, "disconnect");
      const tcp = (raw.ws as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
      tcp.write(Buffer.from("f30000000000", "hex"));
      const [reason] = await gone;
      expect(["transport error", "transport close"]).toContain(reason);
      await raw.closed;
    });
  });
}
