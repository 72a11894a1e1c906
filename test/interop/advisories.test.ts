// Interop: the published advisories of ws, engine.io, socket.io and socket.io-parser, each as an attack on our server. SECURITY.md lists them by the
// names of these tests, and the last test holds the two together. What they were is taken from the advisories.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { describe, expect, it, onTestFinished } from "vitest";
import { io as connect } from "../../src/entry/client.js";
import { writeClosePayload } from "../../src/frame/close.js";
import { answerHandshake } from "../../src/frame/handshake-server.js";
import { nodePlatform } from "../../src/node/platform.js";
import { socketOf, target } from "../support/attack-target.js";
import { Attacker, attackOverWebSocket, frame, upgradeRequest } from "../support/attacker.js";
import { CERTIFICATE, KEY } from "../support/certificate.js";
import { ask, dial, openPolling, openWebSocket, type RawWebSocket, refusedUpgrade } from "../support/raw-client.js";
import { closeLater, listening } from "../support/scene.js";
import { once, until } from "../support/waiting.js";

async function joined(port: number): Promise<RawWebSocket> {
  const { raw } = await openWebSocket(port);
  await raw.join();
  return raw;
}

describe("advisories", () => {
  it("CVE-2016-10518: a pong carries the bytes of its ping and no others", async () => {
    const { port, isServed } = await target();
    const attacker = await attackOverWebSocket(port);
    const before = attacker.received.length;
    attacker.send(frame(0x89)).send(frame(0x89, "abc"));
    await attacker.sees("abc");
    expect(attacker.received.slice(before)).toBe("\x8a\x00\x8a\x03abc");
    await isServed();
  });

  it("CVE-2016-10542: messages have a limit without being asked for one", async () => {
    const { port, ends, isServed, isAlone } = await target();
    const attacker = await attackOverWebSocket(port);
    attacker.send(frame(0x82, Buffer.alloc(1_000_001)));
    await attacker.closes();
    await isAlone();
    expect(ends).toEqual(["FRAME_MESSAGE_TOO_BIG"]);
    await isServed();
  });

  it("CVE-2016-10536: our client trusts no certificate that nobody vouches for", async () => {
    const server = createHttpsServer({ key: KEY, cert: CERTIFICATE });
    const port = await listening(server as never);
    closeLater(server as never);
    for (const transport of ["polling", "websocket"]) {
      const socket = connect(`https://localhost:${port}`, {
        transports: [transport],
        reconnection: false,
        forceNew: true,
      });
      onTestFinished(() => void socket.disconnect());
      await once(socket, "connect_error");
      expect(socket.connected).toBe(false);
    }
  });

  it("GHSA-5v72-xg48-5rpm: extensions named after properties of objects are only unknown", async () => {
    const { port, isServed } = await target({ perMessageDeflate: true });
    for (const offer of [
      "constructor",
      "__proto__; toString=1",
      "permessage-deflate; constructor",
      "hasOwnProperty; a; a",
    ]) {
      const attacker = new Attacker(port).send(upgradeRequest(undefined, `Sec-WebSocket-Extensions: ${offer}\r\n`));
      await attacker.sees("101 Switching Protocols");
      expect(attacker.received).not.toContain("Sec-WebSocket-Extensions");
    }
    await isServed();
  });

  it("CVE-2017-16031: ids of sessions and of sockets come from the system's random source", async () => {
    const random = Math.random;
    onTestFinished(() => {
      Math.random = random;
    });
    Math.random = () => {
      throw new Error("Math.random is predictable");
    };
    const { port, io } = await target();
    const sids = await Promise.all(Array.from({ length: 100 }, async () => (await openPolling(port)).open.sid));
    const arrival = socketOf(io);
    (await joined(port)).close();
    const ids = [...sids, (await arrival).id];
    expect(new Set(ids).size).toBe(101);
    expect(ids.every((id) => /^[\w-]{20}$/.test(id))).toBe(true);
  });

  it("CVE-2020-28481: pages of other origins have no leave by default", async () => {
    const { port, io } = await target();
    const headers = { origin: "https://evil.example" };
    const answer = await ask(port, "/socket.io/?EIO=4&transport=polling", { headers });
    expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([403, undefined]);
    expect((await refusedUpgrade(port, "EIO=4&transport=websocket", { headers })).status).toBe(403);
    expect(io.engine.clientsCount).toBe(1);
  });

  it("CVE-2020-36048: a body of many small packets costs its own bytes, also where each of them is answered", async () => {
    const { port, io, isServed } = await target({ allowEIO3: true });
    const pongs = await openPolling(port);
    await pongs.join();
    expect((await pongs.post("3\x1e".repeat(300_000).slice(0, -1))).status).toBe(200);
    const answer = await ask(port, "/socket.io/?EIO=3&transport=polling");
    const sid = /"sid":"([\w-]+)"/.exec(answer.text)?.[1] ?? "";
    const conn = io.engine.clients[sid];
    const headers = { "content-type": "text/plain;charset=UTF-8" };
    const url = `/socket.io/?EIO=3&transport=polling&sid=${sid}`;
    let most = 0;
    for (let n = 0; n < 5 && conn?.readyState === "open"; n++) {
      await ask(port, url, { method: "POST", headers, body: "1:2".repeat(300_000) }).catch(() => undefined);
      most = Math.max(most, conn.writeBuffer.length);
    }
    // Each pong is one byte, and an object: the objects have a limit too.
    expect(most).toBeLessThan(600_000);
    await until(() => conn?.readyState === "closed", "the flood has ended");
    await isServed();
  });

  it("CVE-2020-36049: a packet as large as the limit is read once", async () => {
    const { port, isServed, isAlone } = await target();
    for (const text of [
      `42/${"n".repeat(999_000)}`,
      `4${"5".repeat(999_000)}`,
      `42${"1".repeat(999_000)}`,
      `42[${'"'.repeat(1)}${"x".repeat(999_000)}`,
    ]) {
      const raw = await joined(port);
      raw.send(text);
      await raw.closed;
    }
    await isAlone();
    await isServed();
  });

  it("CVE-2021-32640: a header of subprotocols is read in one pass, however it is spaced", () => {
    for (const value of [`a${" ".repeat(1_000_000)}b`, " ,".repeat(500_000), `${"a,".repeat(300_000)}a`]) {
      const headers: Record<string, string> = {
        host: "a",
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "sec-websocket-protocol": value,
      };
      // A million characters: what takes the square of them would not end within the test's time.
      const answer = answerHandshake(
        { method: "GET", httpVersion: "1.1", header: (name) => headers[name] },
        nodePlatform,
        {
          selectProtocol: (offered) => offered[0],
          deflate: undefined,
        },
      );
      expect(typeof answer.accepted).toBe("boolean");
    }
  });

  it("CVE-2022-2421: a placeholder takes the place of bytes and of nothing else", async () => {
    const { port, ends, isServed, isAlone } = await target();
    for (const num of ['"splice"', '"length"', "-1", "0.5", "1", "null", '"0"', "[0]", "{}"]) {
      const raw = await joined(port);
      raw.send(`451-["hello",{"_placeholder":true,"num":${num}}]`);
      raw.send(Buffer.from("world"));
      expect((await raw.closed).reason).toBe("PACKET_ATTACHMENT_MISSING");
    }
    await isAlone();
    expect(new Set(ends)).toEqual(new Set(["PACKET_ATTACHMENT_MISSING"]));
    await isServed();
  });

  it("CVE-2022-21676: an invalid frame that comes with the handshake is that client's end", async () => {
    const { port, isServed, isAlone } = await target();
    for (const bytes of ["f180000000003334", "b180000000003334", "8380", "c100"]) {
      const attacker = new Attacker(port).send(
        Buffer.concat([Buffer.from(upgradeRequest()), Buffer.from(bytes, "hex")]),
      );
      await attacker.sees("101 Switching Protocols");
      attacker.send(Buffer.alloc(8));
      await attacker.closes();
    }
    await isAlone();
    await isServed();
  });

  it("CVE-2022-41940: a socket that is reset during its upgrade request ends nobody else", async () => {
    const { port, isServed, isAlone } = await target({
      allowRequest: (_req, decide) => setTimeout(() => decide(null, true), 20),
    });
    const queries = [
      "EIO=4&transport=websocket",
      "EIO=4&transport=websocket&sid=unknown",
      "EIO=4&transport=nothing",
      "",
    ];
    for (const query of queries) {
      const attacker = new Attacker(port).send(upgradeRequest(query));
      await once(attacker.socket, "connect");
      attacker.socket.resetAndDestroy();
      await isServed();
    }
    await isAlone();
  });

  it("CVE-2023-31125: a WebSocket request for any transport is accepted or refused", async () => {
    const { port, io, isServed } = await target();
    for (const transport of [
      "polling",
      "webtransport",
      "constructor",
      "__proto__",
      "toString",
      "",
      "websocket&transport=polling",
    ]) {
      for (const sid of ["", "&sid=__proto__"]) {
        const attacker = new Attacker(port).send(upgradeRequest(`EIO=4&transport=${transport}${sid}`));
        await attacker.sees("HTTP/1.1 400");
      }
    }
    expect(io.engine.clientsCount).toBe(1);
    await isServed();
  });

  it("CVE-2023-32695: the name of an event is a text or a number", async () => {
    const { port, ends, isServed, isAlone } = await target();
    for (const name of ['{"toString":"foo"}', "null", "true", "[]", '["connect"]', '{"__proto__":[]}']) {
      const raw = await joined(port);
      raw.send(`42[${name}]`);
      await raw.closed;
    }
    const raw = await joined(port);
    raw.send("42[]");
    await raw.closed;
    await isAlone();
    expect(new Set(ends)).toEqual(new Set(["PACKET_INVALID_PAYLOAD"]));
    await isServed();
  });

  it("CVE-2024-37890: more headers than Node keeps are refused, whichever of them are lost", async () => {
    const httpServer = createServer({ maxHeaderSize: 100_000 });
    const { port, isServed } = await target({}, httpServer);
    const many = Array.from({ length: 2500 }, (_, n) => `x${n}: y\r\n`).join("");
    for (const bytes of [
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n${many}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      upgradeRequest(undefined, many),
    ]) {
      const attacker = new Attacker(port).send(bytes);
      await attacker.sees("HTTP/1.1 4");
    }
    await isServed();
  });

  it("CVE-2024-38355: an event named error that nobody listens to is an event that nobody listens to", async () => {
    const { port, ends, isServed } = await target();
    const raw = await joined(port);
    raw.send('42["error","forged"]');
    raw.send('421["ping?"]');
    expect(await raw.text()).toBe('431["pong"]');
    expect(ends).toEqual([]);
    raw.close();
    await isServed();
  });

  it("CVE-2026-33151: attachments have a limit in number and in bytes", async () => {
    const { port, ends, isServed, isAlone } = await target();
    const many = await joined(port);
    many.send('451001-["e"]');
    expect((await many.closed).reason).toBe("PACKET_TOO_MANY_ATTACHMENTS");
    const large = await joined(port);
    large.send('41000-["e"]'.replace("41000", "451000"));
    for (let n = 0; n < 20; n++) large.send(Buffer.alloc(900_000));
    expect((await large.closed).reason).toBe("PACKET_ATTACHMENTS_TOO_BIG");
    await isAlone();
    expect(ends).toEqual(["PACKET_TOO_MANY_ATTACHMENTS", "PACKET_ATTACHMENTS_TOO_BIG"]);
    await isServed();
  });

  it("CVE-2026-45736: the reason of a close is the text that was given, and its length is that of its bytes", () => {
    const wrong = new Float32Array(20) as unknown as string;
    expect(() => writeClosePayload(1000, wrong, nodePlatform)).toThrow(TypeError);
    expect(writeClosePayload(1000, "ñ".repeat(200), nodePlatform).length).toBeLessThanOrEqual(125);
  });

  it("CVE-2026-48779: tiny fragments and tiny chunks are kept as bytes, not as objects", async () => {
    const { port, io, isServed } = await target();
    const attacker = await attackOverWebSocket(port);
    const before = process.memoryUsage().heapUsed;
    attacker.send(frame(0x01, "4"));
    for (let n = 0; n < 8000; n++) {
      attacker.send(frame(0x00, "x"));
      if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await isServed();
    expect(io.engine.clientsCount).toBe(2);
    // 8,000 objects with their buffers would be some megabytes.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(30_000_000);
    attacker.send(frame(0x80, "x"));
    await attacker.closes();
  });

  it("CVE-2026-62389: a message that is never finished reaches the limit of its fragments", async () => {
    const { port, ends, isServed, isAlone } = await target();
    const attacker = await attackOverWebSocket(port);
    attacker.send(frame(0x01, "4"));
    const sixteen = frame(0x00, "0123456789abcdef");
    attacker.send(Buffer.concat(Array.from({ length: 70_000 }, () => sixteen)));
    await attacker.closes();
    await isAlone();
    expect(["FRAME_TOO_MANY_FRAGMENTS", "FRAME_MESSAGE_TOO_BIG"]).toContain(ends[0]);
    await isServed();
  });

  it("CVE-2026-59724: a session named after a property of objects is unknown, on every transport", async () => {
    const { port, io, isServed } = await target();
    for (const sid of ["__proto__", "constructor", "hasOwnProperty"]) {
      const query = `EIO=4&transport=polling&sid=${sid}`;
      expect((await ask(port, `/socket.io/?${query}`)).text).toContain("Session ID unknown");
      expect((await ask(port, `/socket.io/?${query}`, { method: "POST", body: "40" })).status).toBe(400);
      expect((await refusedUpgrade(port, query.replace("polling", "websocket"))).status).toBe(400);
    }
    expect(io.engine.clientsCount).toBe(1);
    await isServed();
  });

  it("CVE-2026-59725: bytes in a POST of protocol 4 are refused, with an answer", async () => {
    const { port, isServed, isAlone } = await target();
    for (let n = 0; n < 20; n++) {
      const session = await openPolling(port);
      const answer = await session.post(Buffer.from("00010304", "hex"), { "content-type": "application/octet-stream" });
      expect(answer.status).toBe(400);
    }
    await isAlone();
    await isServed();
  });

  it("CVE-2026-69185: a packet that announces no attachment waits for none", async () => {
    const { port, ends, isServed, isAlone } = await target();
    const raw = await joined(port);
    raw.send('450-["e"]');
    raw.send(Buffer.alloc(10));
    expect((await raw.closed).reason).toBe("PACKET_ATTACHMENT_UNEXPECTED");
    await isAlone();
    expect(ends).toEqual(["PACKET_ATTACHMENT_UNEXPECTED"]);
    await isServed();
  });

  it("CVE-2026-102600: locate of a program's own is asked with the id as it came, and its failure is its own", async () => {
    const { port, io, isServed } = await target();
    const asked: string[] = [];
    const { locate } = io.engine;
    io.engine.locate = (sid) => {
      asked.push(sid);
      return locate.call(io.engine, sid);
    };
    expect((await ask(port, "/socket.io/?EIO=4&transport=polling&sid=__proto__")).text).toContain("Session ID unknown");
    expect(asked).toEqual(["__proto__"]);
    const other = await dial(port);
    other.close();
    await isServed();
  });
});

describe("SECURITY.md", () => {
  const root = new URL("../../", import.meta.url);
  const names = (text: string, pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].map((match) => match[1] as string);

  it("lists each of these advisories, and no other", () => {
    const tests = names(readFileSync(import.meta.filename, "utf8"), /^ {2}it\("((?:CVE|GHSA)-[\w-]+): /gm);
    const rows = names(readFileSync(new URL("SECURITY.md", root), "utf8"), /^\| `((?:CVE|GHSA)-[\w-]+)` \|/gm);
    expect(tests.length).toBeGreaterThan(20);
    expect(rows).toEqual(tests);
  });

  it("names test files that exist", () => {
    const files = names(readFileSync(new URL("SECURITY.md", root), "utf8"), /`(test\/[\w/.-]+\.ts)`/g);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect(readFileSync(new URL(file, root), "utf8").length, file).toBeGreaterThan(0);
  });
});
