// Server suite: options that show on the wire: compression, cookies, the first packet, upgrades that nobody answers, CORS.
import { connect, type Socket } from "node:net";
import type { ServerOptions } from "socket.io";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Attacker, attackOverWebSocket } from "../../support/attacker.js";
import { type Answer, ask, dial, openPolling, openWebSocket } from "../../support/raw-client.js";
import { type ServerLibrary, type Stage, stage } from "../../support/scene.js";
import { once, silence, until } from "../../support/waiting.js";

const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";
const OFFER =
  "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
/** The first bytes of a whole text message, and of one that is compressed (RFC 7692 section 6). */
const [TEXT, COMPRESSED] = [0x81, 0xc1];

/** The answer to a poll that carries what `say` emits, for a client that takes gzip. */
async function polled(scene: Stage, say: (socket: import("socket.io").Socket) => void): Promise<Answer> {
  const arrival = once<[import("socket.io").Socket]>(scene.io, "connection");
  const session = await openPolling(scene.port);
  await session.join();
  say((await arrival)[0]);
  return ask(scene.port, session.url, { headers: { "accept-encoding": "gzip" } });
}

/** The first byte and the length of what one emit sends over WebSocket to a client that offers compression. */
async function framed(scene: Stage, say: (socket: import("socket.io").Socket) => void): Promise<[number, number]> {
  const arrival = once<[import("socket.io").Socket]>(scene.io, "connection");
  const peer: Attacker = await attackOverWebSocket(scene.port, OFFER);
  const [socket] = await arrival;
  peer.received = "";
  say(socket);
  await until(() => peer.received.length > 0, "a frame has come");
  return [peer.received.charCodeAt(0), peer.received.length];
}

export function describeOptions(library: ServerLibrary): void {
  const long = "x".repeat(3000);

  describe("compression over WebSocket", () => {
    it("is not negotiated by default", async () => {
      const peer = await attackOverWebSocket((await stage(library)).port, OFFER);
      expect(peer.received.toLowerCase()).not.toContain("sec-websocket-extensions");
    });

    it("is negotiated with perMessageDeflate, and used from its threshold on", async () => {
      const usual = await stage(library, { perMessageDeflate: { threshold: 1024 } });
      const [first, length] = await framed(usual, (socket) => socket.emit("long", long));
      expect(first).toBe(COMPRESSED);
      expect(length).toBeLessThan(200);
      expect((await framed(usual, (socket) => socket.emit("short", "x".repeat(100))))[0]).toBe(TEXT);
      const eager = await stage(library, { perMessageDeflate: { threshold: 300 } });
      expect((await framed(eager, (socket) => socket.emit("short", "x".repeat(500))))[0]).toBe(COMPRESSED);
    });
  });

  describe("compression over polling", () => {
    it("is left out for a packet that is sent with compress(false)", async () => {
      const scene = await stage(library);
      const plain = await polled(scene, (socket) => socket.compress(false).emit("long", long));
      expect(plain.headers["content-encoding"]).toBeUndefined();
      expect(plain.text).toContain(long);
      const usual = await polled(scene, (socket) => socket.compress(true).emit("long", long));
      expect(usual.headers["content-encoding"]).toBe("gzip");
    });

    it("follows httpCompression: off, or from its threshold on", async () => {
      const off = await polled(await stage(library, { httpCompression: false }), (socket) => socket.emit("long", long));
      expect(off.headers["content-encoding"]).toBeUndefined();
      const scene = await stage(library, { httpCompression: { threshold: 10 } });
      const eager = await polled(scene, (socket) => socket.emit("short", "x".repeat(100)));
      expect(eager.headers["content-encoding"]).toBe("gzip");
    });
  });

  describe("the cookie of a session", () => {
    for (const [cookie, rest] of [
      [true, "io=SID; Path=/; HttpOnly; SameSite=Lax"],
      [{ name: "who" }, "who=SID; Path=/; HttpOnly; SameSite=Lax"],
      [
        {
          name: "who",
          path: "/live",
          httpOnly: false,
          sameSite: "strict",
          maxAge: 60,
          domain: "a.example",
          secure: true,
        },
        "who=SID; Max-Age=60; Domain=a.example; Path=/live; Secure; SameSite=Strict",
      ],
    ] as const) {
      it(`is what the option says: ${JSON.stringify(cookie)}`, async () => {
        const { port } = await stage(library, { cookie } as Partial<ServerOptions>);
        const { answer, open } = await openPolling(port);
        expect(answer.headers["set-cookie"]).toEqual([rest.replace("SID", open.sid)]);
      });
    }

    it("is not set where nobody asked for one", async () => {
      const { answer } = await openPolling((await stage(library)).port);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    });
  });

  describe("initialPacket", () => {
    it("comes right behind the handshake, over both transports", async () => {
      const { port } = await stage(library, { initialPacket: "hello" } as Partial<ServerOptions>);
      expect((await ask(port, HANDSHAKE)).text.split("\x1e")[1]).toBe("4hello");
      const { raw } = await openWebSocket(port);
      expect(await raw.next()).toBe("4hello");
      raw.close();
    });
  });

  describe("an upgrade that nobody answers", () => {
    const knock = ({ port, httpServer }: Stage): { isClosed: boolean } => {
      const taken = new Set<Socket>();
      httpServer.on("connection", (socket) => taken.add(socket));
      const state = { isClosed: false };
      const tcp = connect(port, "127.0.0.1", () =>
        tcp.write("GET /elsewhere HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
      );
      tcp
        .on("error", () => {})
        .on("close", () => {
          state.isClosed = true;
        });
      tcp.resume();
      onTestFinished(() => {
        for (const socket of [tcp, ...taken]) socket.destroy();
      });
      return state;
    };

    it("is cut off after destroyUpgradeTimeout", async () => {
      const tcp = knock(await stage(library, { destroyUpgradeTimeout: 30 } as Partial<ServerOptions>));
      await until(() => tcp.isClosed, "the connection is cut off");
    });

    it("is left alone where destroyUpgrade is off", async () => {
      const options = { destroyUpgradeTimeout: 5, destroyUpgrade: false } as Partial<ServerOptions>;
      const tcp = knock(await stage(library, options));
      await silence(60);
      expect(tcp.isClosed).toBe(false);
    });
  });

  describe("values in place of the documented ones", () => {
    it("allow every origin where cors is true or a star", async () => {
      for (const cors of [true, "*"]) {
        const { port } = await stage(library, { cors } as unknown as Partial<ServerOptions>);
        const headers = { origin: "http://other.example" };
        const answer = await ask(port, HANDSHAKE, { headers });
        expect(answer.status).toBe(200);
        expect(answer.headers["access-control-allow-origin"]).toBe("*");
        (await dial(port, "EIO=4&transport=websocket", { headers })).close();
      }
    });

    it("switch CORS off with cors: false", async () => {
      const { port } = await stage(library, { cors: false } as unknown as Partial<ServerOptions>);
      const answer = await ask(port, HANDSHAKE, { headers: { origin: `http://127.0.0.1:${port}` } });
      expect(answer.status).toBe(200);
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    });

    it("set a cookie io where a text stands for true", async () => {
      const { port } = await stage(library, { cookie: "name" } as unknown as Partial<ServerOptions>);
      const session = await openPolling(port);
      expect(session.answer.headers["set-cookie"]).toEqual([`io=${session.open.sid}; Path=/; HttpOnly; SameSite=Lax`]);
    });

    it("are numbers that come as texts out of the environment", async () => {
      const texts = { pingInterval: "25000", pingTimeout: "60000", upgradeTimeout: "1000", connectTimeout: "50" };
      const { port } = await stage(library, {
        ...texts,
        maxHttpBufferSize: "100",
      } as unknown as Partial<ServerOptions>);
      const { raw, open } = await openWebSocket(port);
      expect(Number(open.pingTimeout)).toBe(60_000);
      expect(Number(open.maxPayload)).toBe(100);
      await raw.closed;
    });

    it("leave the usual path with an empty one", async () => {
      const { port, io } = await stage(library, { path: "" });
      expect(io.path()).toBe("/socket.io");
      await openPolling(port);
    });
  });

  describe("cors", () => {
    it("names origins by text, pattern, list or function, or is a function of the request", async () => {
      for (const cors of [
        { origin: "https://a.example" },
        { origin: /\ba\.example$/ },
        { origin: ["https://b.example", /\/\/a\.example$/] },
        {
          origin: (origin: string | undefined, answer: (error: Error | null, allowed?: boolean) => void) =>
            answer(null, origin === "https://a.example"),
        },
        (_request: unknown, answer: (error: Error | null, options?: object) => void) =>
          answer(null, { origin: "https://a.example" }),
      ]) {
        const { port } = await stage(library, { cors } as Partial<ServerOptions>);
        const answer = await ask(port, HANDSHAKE, { headers: { origin: "https://a.example" } });
        expect(answer.status).toBe(200);
        expect(answer.headers["access-control-allow-origin"]).toBe("https://a.example");
      }
    });

    it("tells methods, headers and age of a preflight", async () => {
      const { port } = await stage(library, {
        cors: {
          origin: "https://a.example",
          methods: ["GET", "POST"],
          allowedHeaders: ["x-token"],
          exposedHeaders: ["x-back"],
          maxAge: 600,
          credentials: true,
        },
      });
      const headers = { origin: "https://a.example", "access-control-request-method": "POST" };
      const preflight = await ask(port, HANDSHAKE, { method: "OPTIONS", headers });
      expect(preflight.headers).toMatchObject({
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "x-token",
        "access-control-allow-credentials": "true",
        "access-control-max-age": "600",
      });
      const answer = await ask(port, HANDSHAKE, { headers: { origin: "https://a.example" } });
      expect(answer.headers["access-control-expose-headers"]).toBe("x-back");
    });
  });
}
