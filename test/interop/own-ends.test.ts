// Interop: what our own two ends do for each other beyond the protocol, over real sockets; and that stock ends never see any of it.
import { createConnection } from "node:net";
import { beforeEach, describe, expect, it } from "vitest";
import type { Server } from "../../src/entry/server.js";
import { stubPage } from "../support/page.js";
import { client, connected, pair, stage } from "../support/scene.js";
import { once } from "../support/waiting.js";
import { MIXED, OURS, PAGE, type Pair, WAYS } from "./pairs.js";

beforeEach(stubPage);

const [stockClient, stockServer] = MIXED as [Pair, Pair];

for (const { name, server, client: library } of [OURS, PAGE])
  describe(`errors as acknowledgements between our own ends: ${name}`, () => {
    for (const [way, options] of Object.entries(WAYS)) {
      it(`arrive as errors, both ways: ${way}`, async () => {
        const scene = await stage(server);
        const { socket, peer } = await pair(scene, library, options);
        const failing = (): never => {
          throw Object.assign(new RangeError("too far"), { code: "E_FAR", data: { at: 3 } });
        };
        socket.on("go", failing);
        peer.on("go", (ack: (error: Error) => void) => ack(Object.assign(new Error("no"), { code: 7 })));
        (scene.io as unknown as { onError(hook: () => void): void }).onError(() => {});
        const expected = { name: "RangeError", message: "too far", code: "E_FAR", data: { at: 3 } };
        await expect(peer.emitWithAck("go")).rejects.toMatchObject(expected);
        await expect(peer.timeout(20_000).emitWithAck("go")).rejects.toMatchObject(expected);
        await expect(socket.emitWithAck("go")).rejects.toMatchObject({ name: "Error", message: "no", code: 7 });
        await expect(peer.emitWithAck("nobody")).rejects.toMatchObject({ code: "ACK_UNHANDLED" });
        await expect(socket.timeout(20_000).emitWithAck("nobody")).rejects.toMatchObject({ code: "ACK_UNHANDLED" });
      });
    }
  });

for (const { name, server, client: library } of [OURS, PAGE])
  describe(`a limit that has no room for what our own ends tell each other: ${name}`, () => {
    for (const [way, options] of Object.entries(WAYS)) {
      it(`lets them meet as stock ends: ${way}`, async () => {
        const scene = await stage(server, { maxHttpBufferSize: 60, connectionStateRecovery: {} });
        const { socket, peer } = await pair(scene, library, { ...options, auth: { token: "t" } });
        expect(socket.handshake.auth).toEqual({ token: "t" });
        socket.on("double", (n: number, answer: (n: number) => void) => answer(n * 2));
        expect(await peer.emitWithAck("double", 21)).toBe(42);
      });
    }

    // Pages say so to the console.
    if (library === OURS.client)
      it("refuses credentials that it has no room for", async () => {
        const scene = await stage(server, { maxHttpBufferSize: 60 });
        const peer = client(library, scene.url, { auth: { token: "t".repeat(60) } });
        expect((await once<[{ code?: string }]>(peer, "connect_error"))[0].code).toBe("PACKET_TOO_BIG");
      });
  });

for (const { name, server, client: library } of [OURS, PAGE])
  describe(`a server that leaves with a drain: ${name}`, () => {
    // Pages cannot read that header.
    for (const transport of library === PAGE.client ? [] : ["polling", "websocket"])
      it(`is not asked again before the time that its refusal names: ${transport}`, async () => {
        const scene = await stage(server);
        void (scene.io as unknown as Server).engine.leave(5000);
        const peer = client(library, scene.url, {
          transports: [transport],
          reconnection: true,
          reconnectionDelay: 1,
        });
        let attempts = 0;
        peer.io.on("reconnect_attempt", () => attempts++);
        const [error] = await once<[{ retryAfter?: number }]>(peer, "connect_error");
        expect(error.retryAfter).toBeGreaterThanOrEqual(5000);
        expect(error.retryAfter).toBeLessThanOrEqual(7500);
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(attempts).toBe(0);
        peer.disconnect();
      });

    for (const [way, options] of Object.entries(WAYS)) {
      it(`has its last words heard, and our client comes back when it was told to: ${way}`, async () => {
        const scene = await stage(server);
        // Its own delay would be longer than this test may take.
        const patient = { ...options, reconnection: true, reconnectionDelay: 600_000, reconnectionDelayMax: 600_000 };
        const { peer } = await pair(scene, library, patient);
        const goodbye = once(peer, "goodbye");
        const gone = once(peer, "disconnect");
        scene.io.emit("goodbye", "x".repeat(100_000));
        const closed = (scene.io as unknown as Server).close({ drain: 3000 });
        expect((await goodbye)[0]).toHaveLength(100_000);
        expect((await gone)[0]).toBe("transport close");
        await closed;
        const back = once(peer, "connect");
        await stage(server, {}, scene.port);
        await back;
      });
    }

    it("opens no session meanwhile, and tells a stock client nothing", async () => {
      const scene = await stage(stockClient.server);
      const peer = await connected(stockClient.client, scene.url, { transports: ["websocket"] });
      const raw: unknown[] = [];
      peer.io.engine.on("packet", ({ data }: { data?: unknown }) => raw.push(data));
      const goodbye = once(peer, "goodbye");
      const gone = once(peer, "disconnect");
      scene.io.emit("goodbye");
      const closed = (scene.io as unknown as Server).close({ drain: 50 });
      const late = client(library, scene.url, { transports: ["websocket"] });
      await once(late, "connect_error");
      await goodbye;
      expect((await gone)[0]).toBe("transport close");
      await closed;
      expect(raw).toEqual(['2["goodbye"]']);
    });
  });

describe("a server that leaves with a drain, and has a connection over which nothing was ever asked", () => {
  it("closes all the same", async () => {
    const scene = await stage(OURS.server);
    const idle = createConnection({ port: scene.port, host: "127.0.0.1" });
    const gone = once(idle, "close");
    idle.on("error", () => {});
    await once(idle, "connect");
    await (scene.io as unknown as Server).close({ drain: 50 });
    await gone;
  });
});

for (const { name, server, client: library } of [OURS, PAGE])
  describe(`credentials that expire: ${name}`, () => {
    it("are renewed by our client without a reconnection; refused ones end it with a code at both ends", async () => {
      const scene = await stage(server);
      const io = scene.io as unknown as Server;
      const life = 2000;
      io.use((socket, next) => {
        socket.expiresAt = Date.now() + life;
        next();
      });
      let asked = 0;
      const seen: unknown[] = [];
      io.onRefresh((_socket, auth) => {
        seen.push(auth);
        return ++asked < 2 ? Date.now() + life : false;
      });
      let tokens = 0;
      const { socket, peer } = await pair(scene, library, {
        transports: ["websocket"],
        auth: (cb) => cb({ token: ++tokens }),
      });
      const { id } = peer;
      const serverSide = once(socket, "disconnect");
      const [reason, error] = await once<[string, { code?: string }]>(peer, "disconnect");
      expect([reason, error.code]).toEqual(["io server disconnect", "CREDENTIALS_REFUSED"]);
      expect(await serverSide).toMatchObject(["server namespace disconnect", { code: "CREDENTIALS_REFUSED" }]);
      expect(seen).toEqual([{ token: 2 }, { token: 3 }]);
      expect(socket.id).toBe(id);
    });

    it("end a stock client when they lapse, and a session that comes back does not outlive them", async () => {
      const scene = await stage(stockClient.server, { connectionStateRecovery: {} });
      const peer = await connected(stockClient.client, scene.url, {
        transports: ["websocket"],
        reconnection: true,
        reconnectionDelay: 20,
      });
      const first = scene.io.sockets.sockets.get(peer.id ?? "") as unknown as { expiresAt: number | undefined };
      const expiry = Date.now() + 3000;
      first.expiresAt = expiry;
      const back = once(peer, "connect");
      peer.io.engine.close();
      await back;
      expect(peer.recovered).toBe(true);
      const second = scene.io.sockets.sockets.get(peer.id ?? "") as unknown as { expiresAt: number | undefined };
      expect(second).not.toBe(first);
      expect(second.expiresAt).toBe(expiry);
      expect((await once(peer, "disconnect"))[0]).toBe("io server disconnect");
    });
  });

describe("a stock end", () => {
  it("at the client sees one unknown key in the open packet, and packets of the protocol only", async () => {
    const scene = await stage(stockClient.server);
    const peer = client(stockClient.client, scene.url, { transports: ["websocket"] });
    const raw: unknown[] = [];
    peer.io.engine.on("packet", ({ data }: { data?: unknown }) => raw.push(data));
    await once(peer, "connect");
    const socket = scene.io.sockets.sockets.get(peer.id ?? "");
    socket?.on("e", (ack: (error: Error) => void) => ack(new Error("no")));
    expect(await peer.emitWithAck("e")).toEqual({});
    expect(socket?.handshake.auth).toEqual({});
    expect(Object.keys(socket?.handshake.query ?? {}).sort()).toEqual(["EIO", "transport"]);
    expect(raw.filter((data) => typeof data === "string" && /^(7|.*vaiven)/.test(data)).length).toBe(1);
  });

  it("at the server sees nothing: not in auth, not in the query, not among the packets", async () => {
    const scene = await stage(stockServer.server);
    const peer = await connected(stockServer.client, scene.url, { transports: ["websocket"], auth: { token: "t" } });
    const socket = scene.io.sockets.sockets.get(peer.id ?? "");
    const raw: unknown[] = [];
    socket?.conn.on("data", (data: unknown) => raw.push(data));
    peer.on("e", (ack: (error: Error) => void) => ack(new Error("no")));
    expect(await socket?.emitWithAck("e")).toEqual({});
    expect(socket?.handshake.auth).toEqual({ token: "t" });
    expect(Object.keys(socket?.handshake.query ?? {}).sort()).toEqual(["EIO", "transport"]);
    expect(raw).toEqual(["30[{}]"]);
  });
});
