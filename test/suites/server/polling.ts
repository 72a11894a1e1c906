// Server suite: HTTP long-polling by bytes (Engine.IO v4, "HTTP long-polling").
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { ask, openPolling } from "../../support/raw-client.js";
import { pair, type ServerLibrary, stage } from "../../support/scene.js";
import { Ledger, once, silence, until } from "../../support/waiting.js";

export function describePolling(library: ServerLibrary): void {
  describe("polling", () => {
    it("answers a POST with ok", async () => {
      const { port } = await stage(library);
      const session = await openPolling(port);
      const answer = await session.post("40");
      expect(answer.status).toBe(200);
      expect(answer.text).toBe("ok");
      expect(answer.headers["content-type"]).toContain("text/html");
    });

    it("reads several packets of one payload in order", async () => {
      const { port, io } = await stage(library);
      const numbers = new Ledger<number>();
      io.on("connection", (socket) => socket.on("n", (n: number) => numbers.add(n)));
      const session = await openPolling(port);
      await session.join();
      await session.post(['42["n",1]', '42["n",2]', '42["n",3]'].join("\x1e"));
      expect(await numbers.reaches(3)).toEqual([1, 2, 3]);
    });

    it("joins what waits into one payload, in order", async () => {
      const { port, io } = await stage(library);
      io.on("connection", (socket) => {
        for (let n = 0; n < 5; n++) socket.emit("n", n);
      });
      const session = await openPolling(port);
      await session.post("40");
      const packets = await session.collect(6);
      expect(packets[0]).toMatch(/^40/);
      expect(packets.slice(1)).toEqual([0, 1, 2, 3, 4].map((n) => `42["n",${n}]`));
    });

    it("holds a GET until there is something to say", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const held = session.packets();
      const [socket] = io.sockets.sockets.values();
      await until(() => socket?.conn.transport.writable === true, "the GET is held");
      socket?.emit("late");
      expect(await held).toEqual(['42["late"]']);
    });

    for (const [what, packet] of [
      ["a second CONNECT", "40"],
      ["an event for a namespace that it is not in", '42/none,["n"]'],
      ["what is no packet", "4abc"],
    ] as const) {
      it(`tells the GET that follows ${what} of the end, behind a NOOP`, async () => {
        const { port } = await stage(library);
        const session = await openPolling(port);
        await session.join();
        expect((await session.post(packet)).text).toBe("ok");
        expect((await session.get()).text).toBe("6\x1e1");
        expect((await session.get()).status).toBe(400);
      });
    }

    for (const discard of [false, true]) {
      it(`tells a held GET of the end with conn.close(${discard})`, async () => {
        const { port, io } = await stage(library);
        const session = await openPolling(port);
        await session.join();
        const held = session.get();
        const [socket] = io.sockets.sockets.values();
        await until(() => socket?.conn.transport.writable === true, "the GET is held");
        socket?.conn.close(discard);
        expect((await held).text).toBe("1");
      });
    }

    it("goes on when an acknowledgement follows the client's DISCONNECT of its namespace", async () => {
      const { port, io } = await stage(library);
      const heard: string[] = [];
      io.on("connection", (socket) => socket.onAny((name: string) => heard.push(name)));
      io.of("/news");
      const session = await openPolling(port);
      await session.join();
      await session.join("/news");
      await session.post(["41/news,", "43/news,0[]"].join("\x1e"));
      expect((await session.post('42["alive"]')).status).toBe(200);
      await until(() => heard.length > 0, "the session is alive");
      expect(heard).toEqual(["alive"]);
    });

    it("ends with the server, although no GET is there that could be told", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const reasons: string[] = [];
      socket?.conn.on("close", (reason: string) => reasons.push(reason));
      socket?.emit("waits");
      await io.close();
      expect(reasons).toEqual(["forced close"]);
      expect(socket?.conn.readyState).toBe("closed");
      expect(io.engine.clientsCount).toBe(0);
    });

    it("tells its sockets of the end when the engine closes", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const reasons: string[] = [];
      socket?.on("disconnect", (reason) => reasons.push(reason));
      socket?.emit("waits");
      io.engine.close();
      expect(reasons).toEqual(["forced close"]);
    });

    it("sends binary as base64 behind a b", async () => {
      const { port, io } = await stage(library);
      io.on("connection", (socket) => socket.emit("blob", Buffer.from([1, 2, 255])));
      const session = await openPolling(port);
      await session.post("40");
      const packets = await session.collect(3);
      expect(packets.slice(1)).toEqual(['451-["blob",{"_placeholder":true,"num":0}]', "bAQL/"]);
    });

    it("reads binary as base64 behind a b", async () => {
      const { port, io } = await stage(library);
      const blobs = new Ledger<Buffer>();
      io.on("connection", (socket) => socket.on("blob", (blob: Buffer) => blobs.add(blob)));
      const session = await openPolling(port);
      await session.join();
      await session.post(['451-["blob",{"_placeholder":true,"num":0}]', "bAQL/"].join("\x1e"));
      const [blob] = await blobs.reaches(1);
      expect(Buffer.isBuffer(blob)).toBe(true);
      expect(blob?.toString("hex")).toBe("0102ff");
    });

    it("keeps text of every plane whole", async () => {
      const { port, io } = await stage(library);
      const texts = new Ledger<string>();
      io.on("connection", (socket) => {
        socket.on("text", (text: string) => {
          texts.add(text);
          socket.emit("text", text);
        });
      });
      const session = await openPolling(port);
      await session.join();
      const text = "ñandú € 🦤 \u2028 \u0000";
      await session.post(`42${JSON.stringify(["text", text])}`);
      expect(await texts.reaches(1)).toEqual([text]);
      const [packet] = await session.collect(1);
      expect(JSON.parse(packet?.slice(2) ?? "")).toEqual(["text", text]);
    });

    it("closes the session on a second GET beside the first", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const gone = once<[string]>(socket, "disconnect");
      const first = session.get().catch(() => undefined);
      await until(() => socket?.conn.transport.writable === true, "the GET is held");
      const second = await session.get();
      expect(second.status).toBe(400);
      expect(await gone).toEqual(["transport error", expect.anything()]);
      await first;
      expect((await session.get()).status).toBe(400);
    });

    it("closes the session at a CLOSE packet", async () => {
      const { port, io } = await stage(library);
      const session = await openPolling(port);
      await session.join();
      const [socket] = io.sockets.sockets.values();
      const gone = once<[string]>(socket, "disconnect");
      await session.post("1");
      expect((await gone)[0]).toBe("transport close");
      const answer = await session.get();
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 1 });
    });

    it("closes only that session on a payload that cannot be read", async () => {
      const { port, io } = await stage(library);
      const good = await openPolling(port);
      await good.join();
      const [other] = io.sockets.sockets.values();
      const bad = await openPolling(port);
      await bad.post("abracadabra");
      await until(() => io.engine.clientsCount === 1, "the bad session is gone");
      expect((await bad.get()).status).toBe(400);
      other?.emit("still", "here");
      expect(await good.collect(1)).toEqual(['42["still","here"]']);
    });

    it("refuses a body above maxHttpBufferSize with 413", async () => {
      const { port, io } = await stage(library, { maxHttpBufferSize: 100 });
      const seen = new Ledger<string>();
      io.on("connection", (socket) => socket.on("text", (text: string) => seen.add(text)));
      const session = await openPolling(port);
      await session.join();
      const answer = await session.post(`42["text","${"x".repeat(200)}"]`).catch(() => ({ status: 413 }));
      expect(answer.status).toBe(413);
      await silence();
      expect(seen.entries).toEqual([]);
    });

    it("refuses it to a client as an error, not as the end", async () => {
      const scene = await stage(library, { maxHttpBufferSize: 100 });
      const { peer } = await pair(scene, stock, { transports: ["polling"] });
      const gone = once<[string]>(peer, "disconnect");
      peer.emit("text", "x".repeat(200));
      expect((await gone)[0]).toBe("transport error");
    });

    it("accepts a body of exactly maxHttpBufferSize", async () => {
      const { port, io } = await stage(library, { maxHttpBufferSize: 100 });
      const seen = new Ledger<string>();
      io.on("connection", (socket) => socket.on("text", (text: string) => seen.add(text)));
      const session = await openPolling(port);
      await session.join();
      const text = "x".repeat(100 - '42["text",""]'.length);
      expect((await session.post(`42["text","${text}"]`)).status).toBe(200);
      expect(await seen.reaches(1)).toEqual([text]);
    });

    it("compresses an answer of 1024 bytes or more where the client accepts it", async () => {
      const { port, io } = await stage(library);
      io.on("connection", (socket) => socket.emit("long", "x".repeat(3000)));
      const session = await openPolling(port);
      await session.post("40");
      const answer = await ask(port, session.url, { headers: { "accept-encoding": "gzip" } });
      const later =
        answer.headers["content-encoding"] === undefined
          ? await ask(port, session.url, { headers: { "accept-encoding": "gzip" } })
          : answer;
      expect(later.headers["content-encoding"]).toBe("gzip");
      expect(later.body.length).toBeLessThan(1000);
    });

    it("answers the preflight and the requests of an allowed origin with its headers", async () => {
      const { port } = await stage(library, { cors: { origin: "https://a.example", credentials: true } });
      const origin = { origin: "https://a.example" };
      const preflight = await ask(port, "/socket.io/?EIO=4&transport=polling", {
        method: "OPTIONS",
        headers: { ...origin, "access-control-request-method": "POST" },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers["access-control-allow-origin"]).toBe("https://a.example");
      const answer = await ask(port, "/socket.io/?EIO=4&transport=polling", { headers: origin });
      expect(answer.headers["access-control-allow-origin"]).toBe("https://a.example");
      expect(answer.headers["access-control-allow-credentials"]).toBe("true");
    });

    it("sends no CORS headers where none are asked for", async () => {
      const { port } = await stage(library);
      const { answer } = await openPolling(port);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    });

    it("sets a cookie with the session's id where one is asked for", async () => {
      const { port } = await stage(library, { cookie: { name: "who", path: "/", httpOnly: true, sameSite: "lax" } });
      const { answer, open } = await openPolling(port);
      expect(answer.headers["set-cookie"]).toEqual([`who=${open.sid}; Path=/; HttpOnly; SameSite=Lax`]);
    });
  });
}
