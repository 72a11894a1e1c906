// Server suite: where we differ from Socket.IO 4.8.4 on purpose. Each test says what the reference does.
import type { ServerResponse } from "node:http";
import type { Socket, Server as StockServer } from "socket.io";
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { attackOverWebSocket } from "../../support/attacker.js";
import { ask, openPolling, openWebSocket, refusedUpgrade } from "../../support/raw-client.js";
import { client, connected, pair, type ServerLibrary, stage } from "../../support/scene.js";
import { Ledger, once, until } from "../../support/waiting.js";

/** What our server has beside Socket.IO's. */
type Ours = StockServer & {
  onError(listener: (error: Error, context: { socket?: Socket; event?: string }) => void): unknown;
  emitWithAck(event: string, ...args: unknown[]): Promise<unknown[]>;
};

const code = (error: unknown): unknown => (error as { code?: unknown }).code;

export function describeImprovements(library: ServerLibrary): void {
  describe("improvements", () => {
    describe("delivery around a disconnect", () => {
      for (const transport of ["polling", "websocket"]) {
        it(`runs all 100 handlers of 100 emits that a disconnect follows over ${transport} (the reference: 12 or 1)`, async () => {
          const scene = await stage(library);
          const heard: number[] = [];
          const arrival = once<[Socket]>(scene.io, "connection");
          scene.io.on("connection", (socket) => socket.on("n", (n: number) => heard.push(n)));
          const peer = await connected(stock, scene.url, { transports: [transport] });
          const gone = once((await arrival)[0], "disconnect");
          for (let n = 0; n < 100; n++) peer.emit("n", n);
          peer.disconnect();
          await gone;
          expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => n));
        });
      }

      it("delivers what stands before a DISCONNECT in one payload, and nothing that stands behind (the reference: nothing)", async () => {
        const { port, io } = await stage(library);
        const heard: number[] = [];
        io.on("connection", (socket) => socket.on("n", (n: number) => heard.push(n)));
        const session = await openPolling(port);
        await session.join();
        const [socket] = io.sockets.sockets.values();
        const gone = once<[string]>(socket, "disconnect");
        await session.post(['42["n",1]', '42["n",2]', "41", '42["n",3]'].join("\x1e")).catch(() => undefined);
        expect((await gone)[0]).toBe("client namespace disconnect");
        expect(heard).toEqual([1, 2]);
      });

      it("delivers 100 emits of the server that a disconnect with close follows", async () => {
        const { port, io } = await stage(library);
        io.on("connection", (socket) => {
          for (let n = 0; n < 100; n++) socket.emit("n", n);
          socket.disconnect(true);
        });
        const { raw } = await openWebSocket(port);
        await raw.join();
        for (let n = 0; n < 100; n++) expect(await raw.text()).toBe(`42["n",${n}]`);
        await raw.closed;
      });
    });

    describe("acknowledgements", () => {
      it("rejects emitWithAck at once when the client leaves (the reference: never settles)", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock);
        const answer = socket.emitWithAck("unheard").catch((error: unknown) => error);
        peer.disconnect();
        expect(code(await answer)).toBe("ACK_DISCONNECTED");
      });

      it("calls a timeout form back at once when the client leaves (the reference: after the time)", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock);
        const answer = new Promise<unknown>((resolve) => socket.timeout(60_000).emit("unheard", resolve));
        peer.disconnect();
        expect(code(await answer)).toBe("ACK_DISCONNECTED");
      });

      it("releases a plain callback without calling it when the client leaves", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock);
        let calls = 0;
        socket.emit("unheard", () => calls++);
        const gone = once(socket, "disconnect");
        peer.disconnect();
        await gone;
        expect(calls).toBe(0);
      });

      it("does not wait for a client that left during a broadcast (the reference: the whole time)", async () => {
        const scene = await stage(library);
        const stays = await pair(scene, stock);
        const leaves = await pair(scene, stock);
        stays.peer.on("q", (answer: (s: string) => void) => answer("here"));
        leaves.peer.on("q", () => leaves.peer.disconnect());
        const [, answers] = await new Promise<[Error | null, string[]]>((resolve) =>
          scene.io.timeout(60_000).emit("q", (...args: [Error | null, string[]]) => resolve(args)),
        );
        expect(answers).toEqual(["here"]);
      });

      it("gathers the answers to io.emit with a callback and no timeout (the reference: fails after 0 ms)", async () => {
        const scene = await stage(library);
        const { peer } = await pair(scene, stock);
        peer.on("q", (answer: (n: number) => void) => setTimeout(answer, 20, 1));
        const [error, answers] = await new Promise<[Error | null, number[]]>((resolve) =>
          scene.io.emit("q", (...args: [Error | null, number[]]) => resolve(args)),
        );
        expect(error).toBeNull();
        expect(answers).toEqual([1]);
      });

      it("has io.emitWithAck without a timeout (the reference: missing)", async () => {
        const scene = await stage(library);
        const { peer } = await pair(scene, stock);
        peer.on("q", (answer: (n: number) => void) => setTimeout(answer, 20, 1));
        expect(await (scene.io as Ours).emitWithAck("q")).toEqual([1]);
      });
    });

    describe("Origin", () => {
      const refused = [
        { what: "a foreign Origin", headers: { origin: "https://evil.example" } },
        { what: "an opaque Origin", headers: { origin: "null" } },
        {
          what: "another port of a name that is not loopback",
          headers: { origin: "http://app.example:81", host: "app.example" },
        },
        { what: "a cross-site request without Origin", headers: { "sec-fetch-site": "cross-site" } },
        { what: "a same-site request without Origin", headers: { "sec-fetch-site": "same-site" } },
      ] as const;
      const allowed = [
        { what: "no Origin at all", headers: {} },
        { what: "the Origin of the host", headers: { origin: "http://app.example", host: "app.example" } },
        {
          what: "the Origin of the host behind TLS that ended elsewhere",
          headers: { origin: "https://app.example", host: "app.example" },
        },
        { what: "a development server on another loopback port", headers: { origin: "http://localhost:5173" } },
        { what: "a same-origin request", headers: { "sec-fetch-site": "same-origin" } },
      ] as const;
      for (const { what, headers } of refused) {
        it(`refuses ${what} on each transport before a session exists (the reference: WebSocket is open to all)`, async () => {
          const { port, io } = await stage(library);
          const answer = await ask(port, "/socket.io/?EIO=4&transport=polling", { headers });
          expect(answer.status).toBe(403);
          expect((await refusedUpgrade(port, "EIO=4&transport=websocket", { headers })).status).toBe(403);
          expect(io.engine.clientsCount).toBe(0);
        });
      }
      for (const { what, headers } of allowed) {
        it(`allows ${what} on each transport`, async () => {
          const { port, io } = await stage(library);
          expect((await ask(port, "/socket.io/?EIO=4&transport=polling", { headers })).status).toBe(200);
          const { raw } = await openWebSocket(port, { headers });
          expect(io.engine.clientsCount).toBe(2);
          raw.close();
        });
      }

      it("allows what cors.origin names, and only that", async () => {
        const { port } = await stage(library, { cors: { origin: ["https://a.example", /\.b\.example$/] } });
        for (const origin of ["https://a.example", "https://x.b.example"]) {
          const { raw } = await openWebSocket(port, { headers: { origin } });
          raw.close();
          expect((await ask(port, "/socket.io/?EIO=4&transport=polling", { headers: { origin } })).status).toBe(200);
        }
        const headers = { origin: "https://c.example" };
        expect((await refusedUpgrade(port, "EIO=4&transport=websocket", { headers })).status).toBe(403);
        expect((await ask(port, "/socket.io/?EIO=4&transport=polling", { headers })).status).toBe(403);
      });

      it("allows everyone where cors.origin is *", async () => {
        const { port } = await stage(library, { cors: { origin: "*" } });
        const { raw } = await openWebSocket(port, { headers: { origin: "https://any.example" } });
        raw.close();
      });

      it("says in the refusal which values differ and which option allows it", async () => {
        const { port } = await stage(library);
        const { text } = await ask(port, "/socket.io/?EIO=4&transport=polling", {
          headers: { origin: "https://evil.example" },
        });
        expect(text).toContain("https://evil.example");
        expect(text).toContain(`127.0.0.1:${port}`);
        expect(text).toContain("cors");
      });

      it("refuses on a later request of a session too", async () => {
        const { port } = await stage(library);
        const session = await openPolling(port);
        const answer = await ask(port, session.url, {
          method: "POST",
          body: "40",
          headers: { origin: "https://evil.example" },
        });
        expect(answer.status).toBe(403);
      });
    });

    describe("errors of the user's own code", () => {
      it("tells onError what a handler throws, and goes on (the reference: the process ends)", async () => {
        const scene = await stage(library);
        const errors = new Ledger<{ error: Error; event: string | undefined; id: string | undefined }>();
        (scene.io as Ours).onError((error, { socket, event }) => errors.add({ error, event, id: socket?.id }));
        const { socket, peer } = await pair(scene, stock);
        const cause = new Error("mine");
        socket.on("bad", () => {
          throw cause;
        });
        const good = once(socket, "good");
        peer.emit("bad");
        peer.emit("good");
        await good;
        const [told] = await errors.reaches(1);
        expect(told).toMatchObject({ event: "bad", id: socket.id });
        expect(told?.error === cause || told?.error.cause === cause).toBe(true);
        expect(socket.connected).toBe(true);
      });

      it("tells onError what an asynchronous handler rejects with (the reference: the process ends)", async () => {
        const scene = await stage(library);
        const errors = new Ledger<Error>();
        (scene.io as Ours).onError((error) => errors.add(error));
        const { socket, peer } = await pair(scene, stock);
        const cause = new Error("mine, later");
        socket.on("bad", async () => {
          throw cause;
        });
        peer.emit("bad");
        const [error] = await errors.reaches(1);
        expect(error === cause || error?.cause === cause).toBe(true);
      });

      it("refuses the client whose middleware rejects or throws (the reference: the process ends)", async () => {
        const scene = await stage(library);
        (scene.io as Ours).onError(() => {});
        scene.io.use(async (_socket, _next) => {
          throw new Error("database is away");
        });
        scene.io.of("/sync").use(() => {
          throw new Error("thrown at once");
        });
        const rejected = client(stock, scene.url);
        expect((await once(rejected, "connect_error"))[0]).toBeInstanceOf(Error);
        const thrown = client(stock, `${scene.url}/sync`);
        expect((await once(thrown, "connect_error"))[0]).toBeInstanceOf(Error);
        expect(scene.io.sockets.sockets.size).toBe(0);
      });
    });

    describe("input and limits", () => {
      it("compresses no message over WebSocket that is sent with compress(false) (the reference does)", async () => {
        const { port, io } = await stage(library, { perMessageDeflate: true });
        const arrival = once<[Socket]>(io, "connection");
        const peer = await attackOverWebSocket(port, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        const [socket] = await arrival;
        peer.received = "";
        socket.compress(false).emit("long", "x".repeat(3000));
        await until(() => peer.received.length >= 3000, "the whole message has come");
        expect(peer.received.charCodeAt(0)).toBe(0x81);
        io.compress(false).emit("long", "y".repeat(3000));
        await peer.sees("y".repeat(3000));
      });

      it("takes more than 10 attachments (the reference: the connection ends)", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock);
        const there = once<[Buffer[]]>(socket, "many");
        peer.emit(
          "many",
          Array.from({ length: 25 }, (_, n) => Buffer.from([n])),
        );
        expect((await there)[0].map((blob) => blob[0])).toEqual(Array.from({ length: 25 }, (_, n) => n));
      });

      it("refuses a WebSocket for which allowRequest gives no text (the reference: the process ends)", async () => {
        for (const [error, text] of [
          [42, "42"],
          [new Error("not today"), "not today"],
          [0, "Forbidden"],
        ] as const) {
          const { port } = await stage(library, {
            allowRequest: (_request, callback) => callback(error as unknown as string, false),
          });
          expect(await refusedUpgrade(port, "EIO=4&transport=websocket")).toEqual({ status: 403, text });
        }
      });

      it("names a cyclic object and keeps the connection (the reference: the stack overflows)", async () => {
        const scene = await stage(library);
        const { socket, peer } = await pair(scene, stock);
        const cyclic: Record<string, unknown> = {};
        cyclic["self"] = { cyclic };
        let error: unknown;
        try {
          socket.emit("cyclic", cyclic);
        } catch (thrown) {
          error = thrown;
        }
        expect(code(error)).toBe("PACKET_CYCLIC");
        const next = once(peer, "next");
        socket.emit("next");
        await next;
      });

      it("closes on an event packet without a payload (the reference: waits on)", async () => {
        const { port } = await stage(library);
        const { raw } = await openWebSocket(port);
        await raw.join();
        raw.send("42");
        await raw.closed;
      });

      it("answers a repeated POST without a second effect, and closes at a repeated GET", async () => {
        const { port, io } = await stage(library);
        const heard = new Ledger<number>();
        io.on("connection", (socket) => socket.on("n", (n: number) => heard.add(n)));
        const session = await openPolling(port);
        await session.join();
        const post = (t: string, body: string) => ask(port, `${session.url}&t=${t}`, { method: "POST", body });
        expect((await post("a", '42["n",1]')).status).toBe(200);
        expect((await post("a", '42["n",1]')).status).toBe(200);
        expect((await post("b", '42["n",2]')).status).toBe(200);
        expect(await heard.reaches(2)).toEqual([1, 2]);
        const [socket] = io.sockets.sockets.values();
        socket?.emit("x");
        expect((await ask(port, `${session.url}&t=c`)).text).toBe('42["x"]');
        const gone = once(socket, "disconnect");
        await ask(port, `${session.url}&t=c`);
        await gone;
        expect(heard.entries).toEqual([1, 2]);
      });

      it("disconnects a client that does not read, with a bounded buffer (the reference: holds it all)", async () => {
        const scene = await stage(library);
        const { raw } = await openWebSocket(scene.port);
        await raw.join();
        const [socket] = scene.io.sockets.sockets.values();
        raw.ws.pause();
        const megabyte = Buffer.alloc(1_000_000);
        for (let n = 0; n < 60 && socket?.connected === true; n++) {
          socket.emit("blob", megabyte);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await until(() => socket?.connected === false, "the slow client is disconnected");
        raw.close();
      });
    });

    describe("our own ends", () => {
      it("offers the envelope in the open packet and takes its answer out of the auth", async () => {
        const { port, io } = await stage(library);
        const auths: unknown[] = [];
        io.on("connection", (socket) => auths.push(socket.handshake.auth));
        const { raw, open } = await openWebSocket(port);
        expect(open).toMatchObject({ vaiven: { v: 1, caps: expect.any(Array) } });
        const arrival = once(io, "connection");
        raw.send('40{"token":"t","vaiven":{"v":1,"caps":[]}}');
        await arrival;
        expect(auths).toEqual([{ token: "t" }]);
        raw.close();
      });

      it("tells connection of a session before its client can ask for it elsewhere (the reference: once the answer has left)", async () => {
        const { port, io, httpServer } = await stage(library);
        let answer: ServerResponse | undefined;
        httpServer.prependListener("request", (_request, response) => {
          answer = response;
        });
        const hasLeft: unknown[] = [];
        io.engine.on("connection", (conn: { writeBuffer: unknown[] }) =>
          hasLeft.push([answer?.writableEnded, conn.writeBuffer]),
        );
        const session = await openPolling(port);
        expect(session.open.sid).toMatch(/^[\w-]{20,}$/);
        expect(hasLeft).toEqual([[false, []]]);
        expect(await session.join()).toMatch(/^40/);
      });

      it("closes before it was ever attached (the reference: throws)", async () => {
        await new library.Server().close();
      });
    });
  });
}
