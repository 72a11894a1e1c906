// Interop: what an attacker does with connections, frames and requests, over real sockets. Memory is bounded by counts and byte figures, never by
// time, and a witness is served throughout. Packets and names: attacks-packets.test.ts.
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { deflateRawSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { socketOf, target } from "../support/attack-target.js";
import { Attacker, attackOverWebSocket, frame, upgradeRequest } from "../support/attacker.js";
import { ask, dial, openPolling, openWebSocket } from "../support/raw-client.js";
import { until } from "../support/waiting.js";

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
    const { port, io, isServed, isAlone } = await target({ connectTimeout: 1000, pingTimeout: 500 });
    const sockets = await Promise.all(Array.from({ length: 100 }, () => dial(port)));
    await Promise.all(Array.from({ length: 100 }, () => openPolling(port)));
    for (const { closed } of sockets) expect(await closed).toEqual({ code: 1008, reason: "SESSION_NEVER_JOINED" });
    await isServed();
    // Who polls is told at its next request, and is waited for no longer than for a ping.
    await isAlone();
    expect(io.sockets.sockets.size).toBe(1);
  });

  it("a thousand polls that are opened and left go with their heartbeat", async () => {
    const { port, io, isServed, isAlone } = await target({ pingInterval: 300, pingTimeout: 3000 });
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
    const { port, isServed, isAlone } = await target({ pingInterval: 200, pingTimeout: 1500 });
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

  const elsewhere = "GET /elsewhere HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

  it("upgrades that nobody wants end, whatever their connections were used for before", async () => {
    const { port, httpServer, isServed } = await target({ destroyUpgradeTimeout: 50 });
    const open = new Set<Socket>();
    httpServer.on("connection", (socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    });
    const session = await openPolling(port);
    await session.join();
    const poll = `GET ${session.url} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const before = new Set(open);
    const attackers: Attacker[] = [];
    for (const first of ["", "OPTIONS /socket.io/ HTTP/1.1\r\nHost: a\r\n\r\n", poll])
      attackers.push(new Attacker(port).send(first + elsewhere));
    await until(() => open.size >= before.size + 3, "they are connected");
    const theirs = [...open].filter((socket) => !before.has(socket));
    for (const attacker of attackers.slice(0, 2)) await attacker.closes();
    // The answer to what was held goes out behind the upgrade.
    await session.post('421["ping?"]');
    await attackers[2]?.closes();
    await until(() => !theirs.some((socket) => open.has(socket)), "no connection is left");
    await isServed();
  });

  it("an upgrade behind a request that is not answered yet gets no answer among its frames", async () => {
    const { port, isServed } = await target();
    const session = await openPolling(port);
    await session.join();
    const poll = `GET ${session.url} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const attacker = new Attacker(port).send(poll + upgradeRequest());
    await attacker.closes();
    expect(attacker.received).toBe("");
    const patient = new Attacker(port).send("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n");
    await patient.sees("maxPayload");
    patient.received = "";
    patient.send(upgradeRequest());
    await patient.sees("maxPayload");
    expect(patient.received).toMatch(/^HTTP\/1\.1 101 /);
    await isServed();
  });

  for (const [form, more] of [
    ["", ""],
    [", also in another form", "&b64=1"],
  ])
    it(`a second upgrade of a session is refused, and the first one is not disturbed${form}`, async () => {
      const { port, isServed } = await target();
      const session = await openPolling(port);
      await session.join();
      const query = `EIO=4&transport=websocket&sid=${session.open.sid}${more}`;
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

  for (const [name, first] of [
    ["pings", 0x89],
    ["pongs", 0x8a],
  ] as const) {
    it(`${name} of WebSocket count toward the rate`, async () => {
      const { port, ends, isServed, isAlone } = await target({ maxMessagesPerSecond: 50 });
      const attacker = await attackOverWebSocket(port);
      attacker.send(Buffer.concat(Array.from({ length: 1000 }, () => frame(first, "flood"))));
      await attacker.closes();
      await isAlone();
      expect(ends).toEqual(["SESSION_RATE_EXCEEDED"]);
      await isServed();
    });
  }

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
