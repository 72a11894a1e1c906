// node/websocket-link.ts and websocket-messages.ts: a peer over a socket in memory and a clock that the test moves.
import { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { nodePlatform } from "../../../src/node/platform.js";
import { type WebSocketOptions, webSocketSettings } from "../../../src/node/websocket-options.js";
import { WebSocketPeer } from "../../../src/node/websocket-peer.js";

/** A socket whose peer is the test; it takes nothing while `isStuck`. */
class FakeSocket extends Duplex {
  readonly sent: Buffer[] = [];
  writes = 0;
  isStuck = false;
  private release: (() => void) | undefined = undefined;

  constructor() {
    super({ allowHalfOpen: true });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this._writev([{ chunk, encoding: "binary" }], done);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: () => void): void {
    this.writes++;
    for (const { chunk } of chunks) this.sent.push(chunk);
    if (this.isStuck) this.release = done;
    else done();
  }

  unstick(): void {
    this.isStuck = false;
    this.release?.();
    this.release = undefined;
  }

  get hex(): string {
    return Buffer.concat(this.sent).toString("hex");
  }
}

function open(options: WebSocketOptions = {}, role: "server" | "client" = "server") {
  const socket = new FakeSocket();
  const peer = new WebSocketPeer(socket, webSocketSettings(role, options, []), "", undefined);
  onTestFinished(() => peer.terminate());
  const seen: unknown[] = [];
  peer.on("message", (data) => seen.push(data));
  peer.on("error", ({ code }) => seen.push(code));
  peer.on("close", (...end) => seen.push(end));
  WebSocketPeer.start(peer, Buffer.alloc(0));
  return { socket, peer, seen };
}

/** Streams hand on what they have in later turns. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const PING = "8900";
const MASKED_PONG = "8a8000000000";
const MASKED_A = "81810000000061";
const MASKED_CLOSE = "88820000000003e8";

beforeAll(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterAll(() => {
  vi.useRealTimers();
});

describe("a WebSocket peer", () => {
  it("writes once for all that it sends in a turn, in order with its control frames", async () => {
    const { socket, peer } = open();
    peer.send("a");
    peer.ping();
    peer.send(hex("ff"));
    expect(socket.writes).toBe(0);
    expect(peer.bufferedAmount).toBe(8);
    await settle();
    expect(socket.writes).toBe(1);
    expect(socket.hex).toBe(`810161${PING}8201ff`);
  });

  it("writes once for all that listeners send while a chunk is read, when the last has returned", async () => {
    const { socket, peer } = open();
    const before: number[] = [];
    peer.on("message", () => {
      before.push(socket.writes);
      peer.send("x");
    });
    socket.push(hex(MASKED_A + MASKED_A));
    await settle();
    expect(before).toEqual([0, 0]);
    expect(socket.writes).toBe(1);
    expect(socket.hex).toBe("810178810178");
  });

  it("flushes at once when it closes", () => {
    const { socket, peer } = open();
    peer.send("a");
    peer.close(4000);
    expect(socket.hex).toBe("81016188020fa0");
  });

  it("sends what listeners sent before the peer's Close frame in the same chunk", async () => {
    const { socket, peer, seen } = open();
    peer.on("message", () => peer.send("x"));
    socket.push(hex(MASKED_A + MASKED_CLOSE));
    await settle();
    expect(socket.hex).toBe("810178880203e8");
    expect(seen).toEqual(["a", [1000, "", true]]);
    expect(socket.writableEnded).toBe(true);
  });

  it("is cut closeTimeout after its Close frame, not before", async () => {
    const { socket, peer, seen } = open({ closeTimeout: 500 });
    peer.close();
    await pass(499);
    expect(socket.destroyed).toBe(false);
    await pass(20);
    expect(socket.destroyed).toBe(true);
    expect(seen).toEqual([[1006, "", false]]);
  });

  it("leaves it to the server to end the connection, for closeTimeout", async () => {
    const { socket, peer, seen } = open({ closeTimeout: 500 }, "client");
    peer.close();
    socket.push(hex("880203e8"));
    await settle();
    expect(seen).toEqual([[1000, "", true]]);
    expect(socket.writableEnded).toBe(false);
    await pass(520);
    expect(socket.destroyed).toBe(true);
  });

  it("pings, and is cut when nothing came in two intervals", async () => {
    const { socket, seen } = open({ pingInterval: 1000 });
    await pass(1064);
    expect(socket.hex).toBe(PING);
    socket.push(hex(MASKED_PONG));
    await pass(1064);
    expect(socket.hex).toBe(PING + PING);
    expect(seen).toEqual([]);
    await pass(1064);
    expect(seen).toEqual(["SESSION_PING_TIMEOUT", [1006, "", false]]);
    expect(socket.destroyed).toBe(true);
  });

  it("is not blamed for silence while it is paused, or while a large message is on its way to it", async () => {
    const { socket, peer, seen } = open({ pingInterval: 1000 });
    peer.pause();
    await pass(4000);
    expect(peer.state).toBe("open");
    peer.resume();
    socket.isStuck = true;
    peer.send(Buffer.alloc(100_000));
    await pass(4000);
    expect(peer.state).toBe("open");
    socket.unstick();
    await pass(3000);
    expect(seen).toEqual(["SESSION_PING_TIMEOUT", [1006, "", false]]);
  });

  it("sends no pings with pingInterval 0", async () => {
    const { socket } = open({ pingInterval: 0 });
    await pass(100_000);
    expect(socket.hex).toBe("");
  });

  it("takes one message of any size, and none while more than maxBufferedBytes wait", async () => {
    const { socket, peer, seen } = open({ maxBufferedBytes: 1000, maxMessageBytes: 10 });
    socket.isStuck = true;
    expect(peer.send(Buffer.alloc(996))).toBe(true);
    expect(peer.bufferedAmount).toBe(1000);
    expect(peer.send(Buffer.alloc(5000))).toBe(true);
    expect(peer.send("x")).toBe(false);
    expect(peer.state).toBe("closed");
    await settle();
    expect(seen).toEqual(["SESSION_BUFFER_FULL", [1006, "", false]]);
  });

  it("keeps an error to itself where nobody listens for it", async () => {
    const { socket, peer, seen } = open();
    peer.removeAllListeners("error");
    socket.destroy(new Error("reset"));
    await settle();
    expect(seen).toEqual([[1006, "", false]]);
    expect(peer.ending?.error).toMatchObject({ code: "SESSION_TRANSPORT_ERROR", cause: new Error("reset") });
  });

  it("may be terminated in every state, and tells its end once", async () => {
    const { socket, peer, seen } = open();
    peer.close();
    peer.terminate();
    peer.terminate();
    peer.close();
    await settle();
    peer.terminate();
    expect(seen).toEqual([[1006, "", false]]);
    expect(socket.destroyed).toBe(true);
    expect([peer.send("a"), await peer.drain()]).toEqual([false, false]);
  });
});

describe("a loop over messages", () => {
  it("stops reading when 64 wait, and reads again when it has caught up", async () => {
    const { socket, peer } = open();
    const iterator = peer[Symbol.asyncIterator]();
    socket.push(hex(MASKED_A.repeat(63)));
    await settle();
    expect(socket.isPaused()).toBe(false);
    socket.push(hex(MASKED_A));
    await settle();
    expect(socket.isPaused()).toBe(true);
    for (let index = 0; index < 63; index++) await iterator.next();
    expect(socket.isPaused()).toBe(true);
    expect(await iterator.next()).toEqual({ done: false, value: "a" });
    expect(socket.isPaused()).toBe(false);
  });

  it("gives what waits before it ends, and answers every waiting call at the end", async () => {
    const { socket, peer } = open();
    const iterator = peer[Symbol.asyncIterator]();
    const early = [iterator.next(), iterator.next()];
    socket.push(hex(MASKED_A));
    await settle();
    socket.destroy();
    expect(await Promise.all(early)).toEqual([
      { done: false, value: "a" },
      { done: true, value: undefined },
    ]);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("reads on when it is left while the peer waits", async () => {
    const { socket, peer } = open();
    const iterator = peer[Symbol.asyncIterator]();
    socket.push(hex(MASKED_A.repeat(64)));
    await settle();
    expect(socket.isPaused()).toBe(true);
    await iterator.return?.();
    expect(socket.isPaused()).toBe(false);
    expect(peer.listenerCount("message")).toBe(1);
  });
});

describe("the options", () => {
  it("have the documented defaults", () => {
    const { profile, ...settings } = webSocketSettings("server", {}, []);
    expect(settings).toEqual({
      maxBufferedBytes: 16 * 1024 * 1024,
      handshakeTimeout: 10_000,
      closeTimeout: 10_000,
      pingInterval: 30_000,
    });
    expect(profile.limits).toEqual({ maxMessageBytes: 1_000_000, maxFragments: 65_536, maxTinyFragments: 8192 });
    expect(profile.deflate).toBeUndefined();
    expect(profile.primitives).toBe(nodePlatform);
  });

  it("let maxTinyFragments follow maxFragments, and compression have its settings", () => {
    const { profile } = webSocketSettings("client", { maxFragments: 7, perMessageDeflate: { level: 9 } }, []);
    expect(profile.limits).toMatchObject({ maxFragments: 7, maxTinyFragments: 7 });
    expect(profile.deflate).toMatchObject({ level: 9, threshold: 1024 });
  });

  it.each([
    { maxMessageBytes: -1 },
    { maxFragments: 0 },
    { maxTinyFragments: 1.5 },
    { maxBufferedBytes: Number.POSITIVE_INFINITY },
    { closeTimeout: 2 ** 31 },
    { perMessageDeflate: "yes" as never },
    { unknown: 1 } as object,
  ])("are refused where they make no sense: %j", (options: WebSocketOptions) => {
    expect(() => webSocketSettings("server", options, [])).toThrow(
      expect.objectContaining({
        code: "API_INVALID_OPTION",
        message: expect.stringContaining(Object.keys(options)[0]!),
      }),
    );
  });
});
