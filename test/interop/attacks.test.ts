// Interop: what an attacker does, over real sockets. Memory is bounded by counts and byte figures, never by time, and a witness is served throughout.
import { createServer, type Server as HttpServer } from "node:http";
import { deflateRawSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { Server, type ServerOptions, type Socket } from "../../src/entry/server.js";
import { Attacker, attackOverWebSocket, frame, upgradeRequest } from "../support/attacker.js";
import { ask, dial, openPolling, openWebSocket, type RawWebSocket } from "../support/raw-client.js";
import { closeLater, listening } from "../support/scene.js";
import { once, until } from "../support/waiting.js";

interface Target {
  readonly io: Server;
  readonly port: number;
  readonly httpServer: HttpServer;
  /** The errors that ended sessions, by code, as the `disconnect` handlers saw them. */
  readonly ends: (string | undefined)[];
  /** A healthy client gets its answer. */
  isServed(): Promise<void>;
  /** Only the witness is left. */
  isAlone(): Promise<void>;
}

async function target(options: Partial<ServerOptions> = {}, httpServer: HttpServer = createServer()): Promise<Target> {
  const io = new Server(httpServer, options);
  const ends: (string | undefined)[] = [];
  io.onError((error) => {
    throw error;
  });
  io.on("connection", (socket) => {
    socket.on("ping?", (answer: (text: string) => void) => answer("pong"));
    socket.on("disconnect", (_reason, description) => ends.push((description as { code?: string } | undefined)?.code));
  });
  const port = await listening(httpServer);
  closeLater(httpServer);
  onTestFinished(() => {
    const closed = io.close();
    httpServer.closeAllConnections();
    return closed;
  });
  const { raw } = await openWebSocket(port);
  raw.ws.on("message", (data: Buffer) => {
    if (data.toString() === "2") raw.send("3");
  });
  await raw.join();
  onTestFinished(() => raw.close());
  let asked = 0;
  return {
    io,
    port,
    httpServer,
    ends,
    isServed: async () => {
      const id = asked++;
      raw.send(`42${id}["ping?"]`);
      expect(await answerOf(raw, id)).toBe(`43${id}["pong"]`);
    },
    isAlone: () => until(() => io.engine.clientsCount === 1, "only the witness is left", 15_000),
  };
}

async function answerOf(raw: RawWebSocket, id: number): Promise<string> {
  for (;;) {
    const text = await raw.text();
    if (text.startsWith(`43${id}[`)) return text;
  }
}

const socketOf = (io: Server): Promise<Socket> => once<[Socket]>(io, "connection").then(([socket]) => socket);

describe("slow and half-open handshakes", () => {
  it("a hundred heads that never end are cut off by the HTTP server, and cost no session", async () => {
    const httpServer = createServer({ headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 });
    const { port, io, isServed } = await target({}, httpServer);
    const attackers = Array.from({ length: 100 }, () =>
      new Attacker(port).send("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nX-Slow: "),
    );
    const drip = setInterval(() => {
      for (const attacker of attackers) if (attacker.socket.writable) attacker.send("z");
    }, 20);
    onTestFinished(() => clearInterval(drip));
    expect(io.engine.clientsCount).toBe(1);
    for (const attacker of attackers) await attacker.closes();
    expect(attackers.every(({ received }) => received.startsWith("HTTP/1.1 408"))).toBe(true);
    await isServed();
    expect(io.engine.clientsCount).toBe(1);
  });

  it("sessions that never join are closed with the reason, over both transports", async () => {
    const { port, io, isServed, isAlone } = await target({ connectTimeout: 300, pingTimeout: 500 });
    const sockets = await Promise.all(Array.from({ length: 100 }, () => dial(port)));
    await Promise.all(Array.from({ length: 100 }, () => openPolling(port)));
    for (const { closed } of sockets) expect(await closed).toEqual({ code: 1008, reason: "SESSION_NEVER_JOINED" });
    await isServed();
    // Who polls is told at its next request, and is waited for no longer than for a ping.
    await isAlone();
    expect(io.sockets.sockets.size).toBe(1);
  });

  it("a thousand polls that are opened and left go with their heartbeat", async () => {
    const { port, io, isServed, isAlone } = await target({ pingInterval: 300, pingTimeout: 300 });
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => ask(port, "/socket.io/?EIO=4&transport=polling")),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await isServed();
    await isAlone();
    expect(io.sockets.sockets.size).toBe(1);
    await isServed();
  });

  it("a body that trickles goes with the heartbeat, and what has come of it is let go", async () => {
    const { port, isServed, isAlone } = await target({ pingInterval: 200, pingTimeout: 200 });
    const attackers: Attacker[] = [];
    for (let n = 0; n < 20; n++) {
      const { url } = await openPolling(port);
      attackers.push(
        new Attacker(port).send(`POST ${url} HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n${"4".repeat(1000)}`),
      );
    }
    await isServed();
    await isAlone();
    for (const attacker of attackers) await attacker.sees("HTTP/1.1 400");
    await isServed();
  });

  it("upgrades that are offered and never confirmed end, and their sessions go on", async () => {
    const { port, io, isServed } = await target({ upgradeTimeout: 200 });
    const session = await openPolling(port);
    await session.join();
    const candidate = await dial(port, `EIO=4&transport=websocket&sid=${session.open.sid}`);
    candidate.send("2probe");
    await candidate.closed;
    await session.post('421["ping?"]');
    expect((await session.collect(1))[0]).toBe('431["pong"]');
    expect(io.engine.clientsCount).toBe(2);
    await isServed();
  });

  it("a second upgrade of a session is refused, and the first one is not disturbed", async () => {
    const { port, isServed } = await target();
    const session = await openPolling(port);
    await session.join();
    const query = `EIO=4&transport=websocket&sid=${session.open.sid}`;
    const first = await dial(port, query);
    const second = await dial(port, query);
    await second.closed;
    first.send("2probe");
    expect(await first.next()).toBe("3probe");
    first.send("5");
    first.send('427["ping?"]');
    expect(await first.text()).toBe('437["pong"]');
    const third = await dial(port, query);
    await third.closed;
    first.send('428["ping?"]');
    expect(await first.text()).toBe('438["pong"]');
    first.close();
    await isServed();
  });
});

describe("floods of frames", () => {
  it("tiny fragments close the connection at the limit", async () => {
    const { port, ends, isServed, isAlone } = await target({ maxTinyFragments: 100 });
    const attacker = await attackOverWebSocket(port);
    attacker.send(Buffer.concat([frame(0x01, "4"), ...Array.from({ length: 200 }, () => frame(0x00, "x"))]));
    await attacker.closes();
    await isAlone();
    expect(ends).toEqual(["FRAME_TOO_MANY_FRAGMENTS"]);
    expect(attacker.closeFrame()?.code).toBe(1008);
    await isServed();
  });

  it("empty fragments close it too, without a limit of the program's own", async () => {
    const { port, ends, isServed, isAlone } = await target();
    const attacker = await attackOverWebSocket(port);
    attacker.send(Buffer.concat([frame(0x01), ...Array.from({ length: 10_000 }, () => frame(0x00))]));
    await attacker.closes();
    await isAlone();
    expect(ends).toEqual(["FRAME_TOO_MANY_FRAGMENTS"]);
    await isServed();
  });

  it("a length that is announced costs no memory before it is there", async () => {
    const { port, io, isServed } = await target({ maxHttpBufferSize: 400_000_000 });
    const before = process.memoryUsage().arrayBuffers;
    const attackers = await Promise.all(Array.from({ length: 20 }, () => attackOverWebSocket(port)));
    for (const attacker of attackers) attacker.send(Buffer.from("81ff0000000017d784000000000034", "hex"));
    await isServed();
    expect(io.engine.clientsCount).toBe(21);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });

  it("pings to which nobody reads the pongs leave a bounded output", async () => {
    const { port, io, isServed } = await target();
    const arrival = socketOf(io);
    const attacker = await attackOverWebSocket(port);
    const { transport } = (await arrival).conn;
    attacker.stopReading();
    const flood = Buffer.concat(Array.from({ length: 1000 }, () => frame(0x89, "p".repeat(125))));
    let most = 0;
    for (let n = 0; n < 100; n++) {
      const taken = new Promise((resolve) => attacker.socket.write(flood, resolve));
      await taken;
      most = Math.max(most, transport.bufferedAmount);
    }
    await isServed();
    expect(most).toBeLessThan(1_000_000);
  });

  it("a bomb of zeros stops at the limit of a message, and at the ratio where one is set", async () => {
    const bomb = deflateRawSync(Buffer.alloc(100_000_000), { level: 9 });
    const extension = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n";
    const plain = await target({ perMessageDeflate: true });
    const attacker = await attackOverWebSocket(plain.port, extension);
    attacker.send(frame(0xc2, bomb));
    await attacker.closes();
    await plain.isAlone();
    expect(plain.ends).toEqual(["FRAME_MESSAGE_TOO_BIG"]);
    await plain.isServed();

    const large = await target({
      maxHttpBufferSize: 200_000_000,
      perMessageDeflate: { maxInflateRatio: 50, inflateRatioFloor: 1_000_000 },
    });
    const second = await attackOverWebSocket(large.port, extension);
    second.send(frame(0xc2, bomb));
    await second.closes();
    await large.isAlone();
    expect(large.ends).toEqual(["FRAME_INFLATE_RATIO"]);
    await large.isServed();
  });

  it("a client that sends faster than its rate is told which one", async () => {
    const { port, ends, isServed, isAlone } = await target({ maxMessagesPerSecond: 50, maxBytesPerSecond: 1e6 });
    const attacker = await attackOverWebSocket(port);
    attacker.send(Buffer.concat(Array.from({ length: 1000 }, () => frame(0x81, '42["x"]'))));
    await attacker.closes();
    await isAlone();
    expect(ends).toEqual(["SESSION_RATE_EXCEEDED"]);
    expect(attacker.closeFrame()).toEqual({ code: 1008, reason: "SESSION_RATE_EXCEEDED" });
    await isServed();
  });
});

describe("requests that are not what they seem", () => {
  it("heads that are too large or have too many headers are refused before a session exists", async () => {
    const { port, io, isServed } = await target();
    const path = "/socket.io/?EIO=4&transport=polling";
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`x-${n}`, "y"]));
    expect((await ask(port, path, { headers: many })).status).toBe(431);
    expect((await ask(port, path, { headers: { "x-long": "y".repeat(20_000) } })).status).toBe(431);
    expect((await ask(port, `${path}&${"q".repeat(20_000)}`)).status).toBe(431);
    expect(io.engine.clientsCount).toBe(1);
    await isServed();
  });

  const smuggled = "GET /socket.io/?EIO=4&transport=polling&smuggled=1 HTTP/1.1\r\nHost: a\r\n\r\n";
  const forms: Record<string, (url: string) => string> = {
    "a length and chunks": (url) =>
      `POST ${url} HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    "two lengths": (url) =>
      `POST ${url} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 200\r\n\r\n3${smuggled}`,
    "two codings": (url) =>
      `POST ${url} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`,
    "a coding that is not quite chunked": (url) =>
      `POST ${url} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    "a space before the colon": (url) =>
      `POST ${url} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${smuggled}`,
    "a bare line feed in a chunk": (url) =>
      `POST ${url} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\n3\r\n0\r\n\r\n${smuggled}`,
    "an upgrade that is refused, and a request behind it": () =>
      upgradeRequest("EIO=4&transport=websocket&sid=nobody") + smuggled,
    "an upgrade with a body": (url) =>
      upgradeRequest(url.slice(url.indexOf("?") + 1), `Content-Length: ${smuggled.length}\r\n`) + smuggled,
  };
  for (const [what, bytes] of Object.entries(forms)) {
    it(`a request is not smuggled in by ${what}`, async () => {
      const { port, io, isServed } = await target();
      let reached = 0;
      io.engine.use((req, _res, next) => {
        if (req.url?.includes("smuggled") === true) reached++;
        next();
      });
      const session = await openPolling(port);
      await session.join();
      const attacker = new Attacker(port).send(bytes(session.url));
      await until(() => attacker.received !== "" || attacker.isClosed, "the server has answered");
      await isServed();
      expect(reached).toBe(0);
    });
  }

  it("an address that was never given out names no session, whatever it looks like", async () => {
    const { port, io, isServed } = await target();
    const arrival = socketOf(io);
    const { raw } = await openWebSocket(port);
    await raw.join();
    // The id that other users see is not the session's.
    const { id } = await arrival;
    const names = ["__proto__", "constructor", "toString", "%00", "..", id, ..."abcdefghij".repeat(20)];
    for (const sid of names) {
      const answer = await ask(port, `/socket.io/?EIO=4&transport=polling&sid=${sid}`);
      expect([answer.status, JSON.parse(answer.text)]).toEqual([400, { code: 1, message: "Session ID unknown" }]);
    }
    raw.send('425["ping?"]');
    expect(await raw.text()).toBe('435["pong"]');
    raw.close();
    await isServed();
  });

  it("ids of sessions have 120 random bits", async () => {
    const { port } = await target();
    const sids = await Promise.all(Array.from({ length: 200 }, async () => (await openPolling(port)).open.sid));
    expect(new Set(sids).size).toBe(200);
    expect(sids.every((sid) => /^[\w-]{20}$/.test(sid))).toBe(true);
    // Each place takes many values: none of them counts or stands still.
    for (let at = 0; at < 20; at++) expect(new Set(sids.map((sid) => sid[at])).size).toBeGreaterThan(30);
  });
});

describe("names and keys that mean something to JavaScript", () => {
  const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "error", "valueOf", "then", ""];

  it("are events like any other, with a listener and without", async () => {
    const { port, io, ends, isServed } = await target();
    const arrival = socketOf(io);
    const { raw } = await openWebSocket(port);
    await raw.join();
    const socket = await arrival;
    for (const name of NAMES) raw.send(`42${JSON.stringify([name, 1])}`);
    raw.send('420["ping?"]');
    expect(await raw.text()).toBe('430["pong"]');
    const heard: unknown[] = [];
    for (const name of NAMES) socket.on(name, (value: unknown) => heard.push([name, value]));
    for (const name of NAMES) raw.send(`42${JSON.stringify([name, 2])}`);
    raw.send('421["ping?"]');
    expect(await raw.text()).toBe('431["pong"]');
    expect(heard).toEqual(NAMES.map((name) => [name, 2]));
    expect(ends).toEqual([]);
    raw.close();
    await isServed();
  });

  for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
    it(`a client cannot send the library's own event ${name}`, async () => {
      const { port, ends, isServed, isAlone } = await target();
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send(`42["${name}","forged"]`);
      expect(await raw.closed).toEqual({ code: 1002, reason: "PACKET_RESERVED_EVENT" });
      await isAlone();
      expect(ends).toEqual(["PACKET_RESERVED_EVENT"]);
      await isServed();
    });
  }

  it("are rooms and namespaces like any other", async () => {
    const { port, io, isServed } = await target();
    io.on("connection", (socket) => {
      socket.on("join", (room: string) => void socket.join(room));
    });
    io.of((_name, _auth, next) => next(null, true));
    const { raw } = await openWebSocket(port);
    await raw.join();
    for (const name of NAMES.filter((each) => each !== "")) {
      raw.send(`42${JSON.stringify(["join", name])}`);
      raw.send(`40/${name},`);
      expect(await raw.text()).toMatch(`40/${name},{"sid"`);
      expect([...(await io.in(name).fetchSockets())]).toHaveLength(1);
      io.to(name).emit("to", name);
      expect(await raw.text()).toBe(`42["to",${JSON.stringify(name)}]`);
    }
    expect(io.of("/").adapter.rooms.get("__proto__")?.size).toBe(1);
    raw.close();
    await isServed();
  });

  it("reach no prototype from JSON, in events, auth, acknowledgements and attachments", async () => {
    const { port, io, isServed } = await target();
    const evil = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const arrival = socketOf(io);
    const { raw } = await openWebSocket(port);
    raw.send(`40${evil}`);
    await raw.text();
    const socket = await arrival;
    const heard = once<[Record<string, unknown>]>(socket, "e");
    raw.send(`42["e",${evil}]`);
    const [value] = await heard;
    const answer = socket.timeout(5000).emitWithAck("q");
    expect(await raw.text()).toBe('420["q"]');
    raw.send(`430[${evil}]`);
    await answer;
    const binary = once<[Record<string, unknown>]>(socket, "b");
    raw.send('451-["b",{"__proto__":{"_placeholder":true,"num":0},"x":{"__proto__":{"polluted":1}}}]');
    raw.send(Buffer.from("01", "hex"));
    const [withBytes] = await binary;
    expect(Object.keys(withBytes)).toEqual(["__proto__", "x"]);
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    for (const object of [{}, value, withBytes, socket.handshake.auth, [], socket]) {
      expect(Object.getPrototypeOf(object)).not.toHaveProperty("polluted");
      expect("polluted" in Object(Object.getPrototypeOf(object))).toBe(false);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    raw.close();
    await isServed();
  });

  it("reach no prototype from the query and the headers", async () => {
    const { port, io, isServed } = await target();
    const arrival = socketOf(io);
    const { raw } = await openWebSocketAt(port, "__proto__=1&constructor=2&__proto__[x]=3&EIO=4&transport=websocket");
    await raw.join();
    const { handshake } = await arrival;
    expect(Object.entries(handshake.query).slice(0, 2)).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
    raw.close();
    await isServed();
  });
});

async function openWebSocketAt(port: number, query: string): Promise<{ raw: RawWebSocket }> {
  const raw = await dial(port, query);
  await raw.next();
  return { raw };
}

describe("floods of packets", () => {
  it("CONNECTs for namespaces that do not exist are each refused, and nothing is kept of them", async () => {
    const { port, io, isServed } = await target();
    const { raw } = await openWebSocket(port);
    await raw.join();
    for (let n = 0; n < 5000; n++) raw.send(`40/none${n},`);
    for (let n = 0; n < 5000; n++) expect(await raw.text()).toBe(`44/none${n},{"message":"Invalid namespace"}`);
    expect(io._nsps.size).toBe(1);
    raw.close();
    await isServed();
  });

  it("CONNECTs for namespaces that a pattern makes stop at the limit, which the refusal names", async () => {
    const { port, io, isServed } = await target({ maxNamespacesPerConnection: 10, cleanupEmptyChildNamespaces: true });
    io.of(/^\/made/);
    const { raw } = await openWebSocket(port);
    for (let n = 0; n < 50; n++) raw.send(`40/made${n},`);
    const answers: string[] = [];
    while (answers.length < 50) answers.push(await raw.text());
    expect(answers.filter((text) => text.startsWith("40/"))).toHaveLength(10);
    expect(answers.filter((text) => text.includes("CONNECT_TOO_MANY_NAMESPACES"))).toHaveLength(40);
    expect(io._nsps.size).toBe(11);
    raw.close();
    await until(() => io._nsps.size === 1, "the namespaces are let go with their client");
    await isServed();
  });

  it("joining and leaving for ever leaves nothing behind", async () => {
    const { port, io, isServed } = await target();
    const { raw } = await openWebSocket(port);
    for (let n = 0; n < 3000; n++) {
      raw.send("40");
      raw.send("41");
    }
    raw.send('40{"last":true}');
    for (let n = 0; n <= 3000; n++) expect(await raw.text()).toMatch(/^40\{"sid"/);
    await isServed();
    expect(io.sockets.sockets.size).toBe(2);
    expect(io.of("/").adapter.sids.size).toBe(2);
    expect(io.of("/").adapter.rooms.size).toBe(2);
    raw.close();
  });

  it("a second CONNECT of a joined namespace closes the connection", async () => {
    const { port, ends, isServed, isAlone } = await target();
    const { raw } = await openWebSocket(port);
    await raw.join();
    raw.send("40");
    expect(await raw.closed).toEqual({ code: 1002, reason: "SESSION_UNEXPECTED_PACKET" });
    await isAlone();
    expect(ends).toEqual(["SESSION_UNEXPECTED_PACKET"]);
    await isServed();
  });

  it("acknowledgements that nobody waits for are dropped, also those of another socket", async () => {
    const { port, io, isServed } = await target();
    const arrival = socketOf(io);
    const { raw } = await openWebSocket(port);
    await raw.join();
    const socket = await arrival;
    const [other] = [...io.sockets.sockets.values()].filter((each) => each !== socket);
    const answers: unknown[] = [];
    other?.emit("q", (...args: unknown[]) => answers.push(args));
    for (let id = 0; id < 10_000; id++) raw.send(`43${id}["forged"]`);
    raw.send("43999999999999999[]");
    raw.send('421["ping?"]');
    expect(await raw.text()).toBe('431["pong"]');
    expect(socket.acks.size).toBe(0);
    expect(other?.acks.size).toBe(1);
    expect(answers).toEqual([]);
    raw.send("431234567890123456[]");
    expect(await raw.closed).toEqual({ code: 1002, reason: "PACKET_INVALID_ID" });
    await isServed();
  });

  it("one event asked to be acknowledged twice is answered once", async () => {
    const { port, io, isServed } = await target();
    io.on("connection", (socket) =>
      socket.on("twice", (answer: (n: number) => void) => {
        answer(1);
        answer(2);
      }),
    );
    const { raw } = await openWebSocket(port);
    await raw.join();
    raw.send('425["twice"]');
    raw.send('426["ping?"]');
    expect([await raw.text(), await raw.text()]).toEqual(["435[1]", '436["pong"]']);
    raw.close();
    await isServed();
  });

  it("attachments that never come are bounded by the connection's life, and by bytes and number while they come", async () => {
    const { port, ends, isServed, isAlone } = await target({ maxAttachments: 5, maxAttachmentBytes: 100_000 });
    const join = async (): Promise<RawWebSocket> => {
      const { raw } = await openWebSocket(port);
      await raw.join();
      return raw;
    };
    const many = await join();
    many.send('456-["b"]');
    expect((await many.closed).reason).toBe("PACKET_TOO_MANY_ATTACHMENTS");
    const large = await join();
    large.send('453-["b"]');
    large.send(Buffer.alloc(60_000));
    large.send(Buffer.alloc(60_000));
    expect((await large.closed).reason).toBe("PACKET_ATTACHMENTS_TOO_BIG");
    const missing = await join();
    missing.send('452-["b"]');
    missing.send(Buffer.alloc(10));
    missing.send('42["text"]');
    expect((await missing.closed).reason).toBe("PACKET_ATTACHMENT_MISSING");
    const foreign = await join();
    foreign.send('451-["b",{"_placeholder":true,"num":7}]');
    foreign.send(Buffer.alloc(10));
    expect((await foreign.closed).reason).toBe("PACKET_ATTACHMENT_MISSING");
    const unasked = await join();
    unasked.send(Buffer.alloc(10));
    expect((await unasked.closed).reason).toBe("PACKET_ATTACHMENT_UNEXPECTED");
    await isAlone();
    expect(ends).toHaveLength(5);
    await isServed();
  });

  it("JSON that is nested a hundred thousand times is read or refused, and never overflows the stack", async () => {
    const { port, ends, isServed, isAlone } = await target();
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const { raw } = await openWebSocket(port);
    await raw.join();
    raw.send(`42["unheard",${deep}]`);
    raw.send('421["ping?"]');
    expect(await raw.text()).toBe('431["pong"]');
    raw.send(`451-["unheard",${deep}]`);
    raw.send(Buffer.alloc(1));
    expect((await raw.closed).reason).toBe("PACKET_TOO_DEEP");
    await isAlone();
    expect(ends).toEqual(["PACKET_TOO_DEEP"]);
    await isServed();
  });

  it("what a client that reads nothing is sent stops at the limit of its buffer", async () => {
    const { port, io, ends, isServed, isAlone } = await target({ maxBufferedBytes: 1_000_000 });
    const arrival = socketOf(io);
    const attacker = await attackOverWebSocket(port);
    const socket = await arrival;
    attacker.stopReading();
    const chunk = "x".repeat(100_000);
    let most = 0;
    for (let n = 0; n < 1000 && socket.connected; n++) {
      socket.emit("chunk", chunk);
      most = Math.max(most, socket.bufferedAmount);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await isAlone();
    expect(most).toBeLessThan(1_300_000);
    expect(ends).toEqual(["SESSION_BUFFER_FULL"]);
    await isServed();
  });
});
