// Server suite: bytes that break HTTP, RFC 6455 or Engine.IO close that client, and the others go on.
import { connect, type Socket as TcpSocket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { openPolling, openWebSocket, type RawWebSocket } from "../../support/raw-client.js";
import { type ServerLibrary, type Stage, stage } from "../../support/scene.js";
import { once, until } from "../../support/waiting.js";

const KEY = "AAAAAAAAAAAAAAAAAAAAAA==";
const MASK = "00000000";

async function dialTcp(port: number): Promise<TcpSocket> {
  const tcp = connect(port, "127.0.0.1");
  tcp.on("error", () => {});
  tcp.resume();
  onTestFinished(() => {
    tcp.destroy();
  });
  await once(tcp, "connect");
  return tcp;
}

/** A WebSocket session by bytes: the handshake is done, the open packet has come. */
async function bareWebSocket(port: number): Promise<TcpSocket> {
  const tcp = await dialTcp(port);
  tcp.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
  );
  let received = "";
  tcp.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
  });
  await until(() => received.includes("maxPayload"), "the open packet");
  return tcp;
}

/** A client that sees whether the server goes on. */
async function witnessOf({ port, io }: Stage): Promise<{ raw: RawWebSocket; isServed: () => Promise<void> }> {
  const { raw } = await openWebSocket(port);
  io.on("connection", (socket) => socket.on("ping?", (answer: (s: string) => void) => answer("pong")));
  await raw.join();
  onTestFinished(() => raw.close());
  return {
    raw,
    isServed: async () => {
      raw.send('427["ping?"]');
      expect(await raw.text()).toBe('437["pong"]');
    },
  };
}

export function describeHostileInput(library: ServerLibrary): void {
  describe("hostile input", () => {
    const frames: Record<string, string> = {
      "a frame that is not masked": "810140",
      "a reserved opcode": `8380${MASK}`,
      "a reserved bit without an extension": `c180${MASK}`,
      "a fragmented control frame": `0980${MASK}`,
      "a control frame of 126 bytes": `89fe007e${MASK}${"00".repeat(126)}`,
      "a continuation of nothing": `8080${MASK}`,
      "a new message inside a message": `0181${MASK}34` + `8181${MASK}34`,
      "a length with its highest bit set": `81ff8000000000000001${MASK}`,
      "a length above every limit": `81ff0000000100000000${MASK}`,
      "a close frame of one byte": `8881${MASK}03`,
      "a close code that may not be sent": `8882${MASK}03ed`,
      "text that is not UTF-8": `8182${MASK}34ff`,
      "text whose fragments are not UTF-8 together": `0182${MASK}34c3` + `8081${MASK}28`,
    };
    for (const [what, hex] of Object.entries(frames)) {
      it(`closes that client on ${what}`, async () => {
        const scene = await stage(library);
        const witness = await witnessOf(scene);
        const tcp = await bareWebSocket(scene.port);
        const closed = once(tcp, "close");
        tcp.write(Buffer.from(hex, "hex"));
        await closed;
        await until(() => scene.io.engine.clientsCount === 1, "the session is gone");
        await witness.isServed();
      });
    }

    it("reads a message that comes byte by byte, in fragments, with a ping between", async () => {
      const scene = await stage(library);
      const arrival = once(scene.io, "connection");
      const tcp = await bareWebSocket(scene.port);
      const bytes = Buffer.from(`0181${MASK}34` + `8980${MASK}` + `8081${MASK}30`, "hex");
      for (const byte of bytes) {
        tcp.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await arrival;
    });

    const payloads: Record<string, string | Buffer> = {
      "an unknown packet type": "9",
      "an empty packet between others": '42["a"]\x1e\x1e42["b"]',
      "bytes that are not UTF-8": Buffer.from("3432ff", "hex"),
    };
    for (const [what, body] of Object.entries(payloads)) {
      it(`goes on for the others when a payload has ${what}`, async () => {
        const scene = await stage(library);
        const witness = await witnessOf(scene);
        const session = await openPolling(scene.port);
        await session.join();
        await session.post(body).catch(() => undefined);
        await witness.isServed();
      });
    }

    const requests: Record<string, string> = {
      "no HTTP at all": "\x16\x03\x01\x02\x00garbage\r\n\r\n",
      "a request that ends in its head": "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHo",
      "a target that is no URL": "GET //?EIO=4&transport=polling&sid=%zz HTTP/1.1\r\nHost: a\r\n\r\n",
      "percent signs in the query that mean nothing":
        "GET /socket.io/?EIO=4&transport=%E0%A4%A HTTP/1.1\r\nHost: a\r\n\r\n",
      "a query with the same key many times": `GET /socket.io/?${"sid=a&".repeat(300)}EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n`,
      "an upgrade without a key":
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "an upgrade to something else": `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
      "an upgrade of another version": `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 7\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
    };
    for (const [what, bytes] of Object.entries(requests)) {
      it(`goes on for the others when a connection brings ${what}`, async () => {
        const scene = await stage(library);
        const witness = await witnessOf(scene);
        const tcp = await dialTcp(scene.port);
        tcp.write(Buffer.from(bytes, "latin1"));
        await witness.isServed();
        tcp.resetAndDestroy();
        await witness.isServed();
        expect(scene.io.engine.clientsCount).toBe(1);
      });
    }

    it("goes on when a client is reset in the middle of a POST", async () => {
      const scene = await stage(library);
      const witness = await witnessOf(scene);
      const session = await openPolling(scene.port);
      await session.join();
      const tcp = await dialTcp(scene.port);
      tcp.write(`POST ${session.url} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n42["half`);
      await witness.isServed();
      tcp.resetAndDestroy();
      await until(() => scene.io.engine.clientsCount === 1, "the session is gone");
      await witness.isServed();
    });
  });
}
