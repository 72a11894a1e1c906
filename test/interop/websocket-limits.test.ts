// `vaiven/websocket`: every limit with its close code, and bytes in any pieces (RFC 6455 sections 5, 7.4 and 10.4).
import type { IncomingMessage } from "node:http";
import type { WebSocketPeer } from "vaiven/websocket";
import { describe, expect, it, vi } from "vitest";
import type { VaivenError } from "../../src/errors.js";
import { seeded, seedOfThisRun } from "../support/random.js";
import { collect, inTime, once, until } from "../support/waiting.js";
import { CLOSE_1000, echoServer, HANDSHAKE_LINES, masked, open, openStock, Raw } from "./websocket-stage.js";

describe("a limit", () => {
  it.each([
    ["maxMessageBytes", { maxMessageBytes: 10 }, [masked(0x81, "x".repeat(11))], 1009, "FRAME_MESSAGE_TOO_BIG"],
    [
      "maxMessageBytes over fragments",
      { maxMessageBytes: 10 },
      [masked(0x01, "x".repeat(6)), masked(0x80, "x".repeat(6))],
      1009,
      "FRAME_MESSAGE_TOO_BIG",
    ],
    ["maxFragments", { maxFragments: 2 }, [masked(0x01), masked(0x00), masked(0x80)], 1008, "FRAME_TOO_MANY_FRAGMENTS"],
    [
      "maxTinyFragments",
      { maxTinyFragments: 1 },
      [masked(0x01), masked(0x00), masked(0x80)],
      1008,
      "FRAME_TOO_MANY_FRAGMENTS",
    ],
    ["the mask", {}, ["810161"], 1002, "FRAME_MASK_REQUIRED"],
    ["reserved bits", {}, [masked(0xc1, "a")], 1002, "FRAME_RESERVED_BITS"],
    ["reserved opcodes", {}, [masked(0x83, "a")], 1002, "FRAME_RESERVED_OPCODE"],
    ["UTF-8", {}, [masked(0x81, Buffer.from("ff", "hex"))], 1007, "FRAME_INVALID_UTF8"],
    ["close codes", {}, [masked(0x88, Buffer.from("03ed", "hex"))], 1002, "FRAME_CLOSE_INVALID"],
  ] as const)(
    "%s closes with its code, raises nothing, and leaves the others alone",
    async (_name, options, frames, code, error) => {
      const { port, url, endings } = await echoServer(options);
      const other = await open(url);
      const raw = await new Raw(port).upgraded();
      raw.hex(...frames);
      await inTime(raw.closed, "the end of the connection");
      expect(raw.received[0]).toBe(0x88);
      expect(raw.received.readUInt16BE(2)).toBe(code);
      expect((await endings.reaches(1))[0]).toEqual({ code, reason: "", wasClean: false, error });
      const coming = once(other, "message");
      other.send("alive");
      expect(await coming).toEqual(["alive"]);
    },
  );

  it("holds at the client too, which tells the server", async () => {
    const { url, server, endings } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const peer = await open(url, { maxMessageBytes: 10 });
    const failed = once<[VaivenError]>(peer, "error");
    const closed = once(peer, "close");
    (await peers)[0].send("x".repeat(11));
    expect((await failed)[0].code).toBe("FRAME_MESSAGE_TOO_BIG");
    expect(await closed).toEqual([1009, "", false]);
    expect((await endings.reaches(1))[0]).toMatchObject({ code: 1009, wasClean: true });
  });

  it("of compressed messages counts what comes out", async () => {
    const { url, endings } = await echoServer({ perMessageDeflate: true, maxMessageBytes: 100_000 });
    const ws = await openStock(url, { perMessageDeflate: true });
    ws.send("x".repeat(100_001));
    expect((await endings.reaches(1))[0]).toMatchObject({ code: 1009, error: "FRAME_MESSAGE_TOO_BIG" });
  });

  it("of 65,536 fragments takes just so many, and one more not", async () => {
    const { port, endings } = await echoServer({ maxFragments: 65_536 });
    const raw = await new Raw(port).upgraded();
    raw.hex(masked(0x01, "a"), masked(0x00, "a").repeat(65_534), masked(0x80, "z"));
    await until(() => raw.received.length === 10 + 65_536, "the echo was whole", 20_000);
    expect(raw.received.subarray(0, 10).toString("hex")).toBe("817f0000000000010000");
    raw.hex(masked(0x01, "a"), masked(0x00, "a").repeat(65_535), masked(0x80, "z"));
    expect((await endings.reaches(1, 20_000))[0]).toMatchObject({ code: 1008, error: "FRAME_TOO_MANY_FRAGMENTS" });
  });

  it("maxBufferedBytes cuts a peer that does not read", async () => {
    const { port, server, endings } = await echoServer({ maxBufferedBytes: 1_000_000 });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    raw.socket.pause();
    const [peer] = await peers;
    const data = Buffer.alloc(500_000);
    let sent = 0;
    while (peer.send(data)) {
      sent++;
      expect(peer.bufferedAmount).toBeLessThan(1_600_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeGreaterThan(1);
    expect((await endings.reaches(1))[0]).toEqual({
      code: 1006,
      reason: "",
      wasClean: false,
      error: "SESSION_BUFFER_FULL",
    });
    expect(peer.bufferedAmount).toBe(0);
  });

  it("pingInterval cuts a peer that has gone silent, not one that answers", async () => {
    const { port, url, endings, server } = await echoServer({ pingInterval: 500 });
    const alive = await open(url, { pingInterval: 0 });
    await new Raw(port).upgraded();
    expect((await endings.reaches(1))[0]).toEqual({
      code: 1006,
      reason: "",
      wasClean: false,
      error: "SESSION_PING_TIMEOUT",
    });
    expect(alive.state).toBe("open");
    expect(server.clients.size).toBe(1);
  });
});

describe("bytes in any pieces", () => {
  it("end in messages or in a refusal, whatever they are", async () => {
    const random = seeded(seedOfThisRun());
    const { port, url, endings, server } = await echoServer({ maxMessageBytes: 1000 });
    const witness = await open(url);
    const count = 100;
    for (let round = 0; round < count; round++) {
      const raw = await new Raw(port).upgraded();
      const parts = Array.from({ length: random.between(1, 8) }, () =>
        masked(random.chance(0.8) ? 0x81 : 0x02, "ñ".repeat(random.between(0, 300))),
      );
      const bytes = Buffer.from(parts.join(""), "hex");
      for (let change = random.between(1, 4); change > 0; change--)
        bytes[random.between(0, Math.min(bytes.length - 1, 40))] = random.between(0, 255);
      for (let at = 0; at < bytes.length; ) {
        const end = at + random.between(1, 400);
        raw.socket.write(bytes.subarray(at, end));
        at = end;
      }
      raw.socket.end();
    }
    const ended = await endings.reaches(count, 20_000);
    for (const { code, error } of ended) {
      const isRefused = error?.startsWith("FRAME_") === true && [1002, 1007, 1008, 1009].includes(code);
      const hasLeft = error === undefined || error === "SESSION_TRANSPORT_ERROR";
      expect(isRefused || hasLeft, `seed ${random.seed}: ${code} ${error}`).toBe(true);
    }
    expect(ended.some(({ error }) => error?.startsWith("FRAME_"))).toBe(true);
    const coming = once(witness, "message");
    witness.send("alive");
    expect(await coming).toEqual(["alive"]);
    expect(server.clients.size).toBe(1);
  });

  it("make the same messages: one by one", async () => {
    const { port } = await echoServer();
    const raw = await new Raw(port).upgraded();
    const bytes = Buffer.from(
      masked(0x01, "vai") + masked(0x89, "?") + masked(0x80, "vén") + masked(0x82, Buffer.alloc(200, 1)) + CLOSE_1000,
      "hex",
    );
    for (const byte of bytes) {
      raw.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await inTime(raw.closed, "the end");
    const binary = `827e00c8${"01".repeat(200)}`;
    expect(raw.received.toString("hex")).toBe(`8a013f8107${Buffer.from("vaivén").toString("hex")}${binary}880203e8`);
  });

  it("make the same messages: with the handshake in one piece", async () => {
    const { port } = await echoServer();
    const raw = new Raw(port);
    const head = Buffer.from(`GET / HTTP/1.1\r\n${HANDSHAKE_LINES.join("\r\n")}\r\n\r\n`);
    raw.socket.write(Buffer.concat([head, Buffer.from(masked(0x81, "a") + masked(0x81, "b") + CLOSE_1000, "hex")]));
    await inTime(raw.closed, "the end");
    expect(raw.text.slice(raw.text.indexOf("\r\n\r\n") + 4)).toBe("\x81\x01a\x81\x01b\x88\x02\x03\xe8");
  });

  it("leave in one write for all that was sent in one turn", async () => {
    const { server, url } = await echoServer();
    const peers = once<[WebSocketPeer, IncomingMessage]>(server, "connection");
    const peer = await open(url);
    const [other, request] = await peers;
    const write = vi.spyOn(request.socket, "_writev" as never);
    const coming = collect(peer, "message", 100);
    for (let index = 0; index < 100; index++) other.send(`n${index}`);
    await coming;
    expect(write).toHaveBeenCalledOnce();
  });
});
