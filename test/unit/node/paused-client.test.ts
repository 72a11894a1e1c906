// An hour with a client that answers pings and takes nothing: what waits for it stays within the limit, on a clock that the test moves.
// test/interop/back-pressure.test.ts has the same over TCP, for a moment.
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Socket } from "../../../src/server/socket.js";
import { clientFrame, MemoryNet, type MemorySocket, WEBSOCKET_HEADERS } from "../../support/memory-net.js";

const LIMIT = 1_000_000;
const KILOBYTE = "x".repeat(1000);
const SECONDS = 3600;

interface Paused {
  readonly net: MemoryNet;
  readonly socket: Socket;
  /** Bytes that the operating system holds for it. */
  held(): number;
  /** One second passes: the client answers a ping if one was due. */
  second(): Promise<void>;
}

const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** The socket takes every write and passes nothing on. */
function stopReading(socket: MemorySocket): () => number {
  let held = 0;
  Object.defineProperties(socket, {
    writableLength: { get: () => (socket.destroyed ? 0 : held) },
    writableNeedDrain: { get: () => true },
  });
  socket.write = (chunk) => {
    held += chunk.length;
    return false;
  };
  return () => held;
}

/** Its sessions end with the test: their deadlines are those of the process. */
function netOfTest(): MemoryNet {
  const net = new MemoryNet({ maxBufferedBytes: LIMIT, maxHttpBufferSize: LIMIT });
  onTestFinished(() => {
    for (const conn of Object.values(net.io.engine.clients)) conn.close(true);
  });
  return net;
}

async function overWebSocket(): Promise<Paused> {
  const net = netOfTest();
  const socket = net.upgrade("/socket.io/?EIO=4&transport=websocket", WEBSOCKET_HEADERS);
  socket.receive(clientFrame(0x81, Buffer.from("40")));
  await turn();
  const held = stopReading(socket);
  return {
    net,
    socket: joined(net),
    held,
    async second() {
      vi.advanceTimersByTime(1000);
      socket.receive(clientFrame(0x81, Buffer.from("3")));
      await turn();
    },
  };
}

async function overPolling(): Promise<Paused> {
  const net = netOfTest();
  const url = "/socket.io/?EIO=4&transport=polling";
  const sid = /"sid":"([^"]+)"/.exec(net.request("GET", url).body)?.[1];
  let posts = 0;
  const post = (body: string): void =>
    void net.request("POST", `${url}&sid=${sid}&t=${posts++}`, [], Buffer.from(body));
  post("40");
  await turn();
  return {
    net,
    socket: joined(net),
    held: () => 0,
    async second() {
      vi.advanceTimersByTime(1000);
      post("3");
      await turn();
    },
  };
}

function joined({ io }: MemoryNet): Socket {
  const [socket] = io.sockets.sockets.values();
  if (socket === undefined) throw new Error("nobody has joined");
  return socket as unknown as Socket;
}

describe("a client that takes nothing for an hour", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  for (const [way, open] of Object.entries({ WebSocket: overWebSocket, polling: overPolling })) {
    it(`stays, over ${way}, where what it is sent is volatile, and costs no more at the end than at the beginning`, async () => {
      const { socket, net, held, second } = await open();
      socket.emit("first", KILOBYTE);
      await second();
      const atFirst = socket.bufferedAmount;
      for (let n = 0; n < SECONDS; n++) {
        socket.volatile.emit("position", KILOBYTE);
        net.io.volatile.emit("news", KILOBYTE);
        await second();
      }
      expect(socket.connected).toBe(true);
      // The heartbeat's pings wait too.
      expect(socket.bufferedAmount - atFirst).toBeLessThan(2000);
      expect(held()).toBeLessThan(5000);
    });

    it(`is closed with a reason, over ${way}, once more than the limit waits, and never holds more`, async () => {
      const { socket, net, second } = await open();
      const ends: unknown[] = [];
      socket.on("disconnect", (reason, details) => ends.push(reason, (details as { code?: string }).code));
      let most = 0;
      let lasted = 0;
      for (let n = 0; n < SECONDS; n++) {
        if (socket.connected) lasted = n;
        socket.emit("row", KILOBYTE);
        if (n % 10 === 0) net.io.emit("news", KILOBYTE);
        most = Math.max(most, socket.bufferedAmount);
        await second();
      }
      expect(ends).toEqual(["transport error", "SESSION_BUFFER_FULL"]);
      expect(most).toBeLessThanOrEqual(LIMIT + 2 * KILOBYTE.length);
      expect(lasted).toBeGreaterThan(800);
      expect([socket.bufferedAmount, net.io.engine.clientsCount]).toEqual([0, 0]);
    });
  }
});
