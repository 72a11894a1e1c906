// node/websocket-server-transport.ts: one connection from its first byte to its end, over a socket in memory and a clock that the test moves.
import { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, it, type MockInstance, onTestFinished, vi } from "vitest";
import type { VaivenError } from "../../../src/errors.js";
import { connectionProfile } from "../../../src/frame/profile.js";
import { nodePlatform } from "../../../src/node/platform.js";
import { processHost } from "../../../src/node/process-host.js";
import { WebSocketServerTransport } from "../../../src/node/websocket-server-transport.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { maskedText } from "./engine-stage.js";

/** A socket whose peer is the test. It takes `capacity` bytes, then nothing until it is drained. */
class FakeSocket extends Duplex {
  readonly sent: Buffer[] = [];
  private waiting: (() => void) | undefined = undefined;
  private capacity: number;

  constructor(capacity = Number.POSITIVE_INFINITY) {
    super({ allowHalfOpen: true });
    this.capacity = capacity;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.sent.push(Buffer.from(chunk));
    this.capacity -= chunk.length;
    if (this.capacity > 0) done();
    else this.waiting = done;
  }

  drain(): void {
    const { waiting } = this;
    this.capacity = Number.POSITIVE_INFINITY;
    this.waiting = undefined;
    waiting?.();
  }

  get hex(): string {
    return Buffer.concat(this.sent).toString("hex");
  }
}

const profile = connectionProfile({ role: "server", primitives: nodePlatform, limits: { maxMessageBytes: 1000 } });
const CLOSE_NORMAL = "880203e8";
const MASKED_CLOSE = "88820000000003e8";

function open(socket: FakeSocket = new FakeSocket(), head = "") {
  const transport = new WebSocketServerTransport(socket, profile, undefined);
  onTestFinished(() => transport.discard());
  const seen: string[] = [];
  const ends: (VaivenError | undefined)[] = [];
  transport.sink = {
    onText: (text) => void seen.push(text),
    onBinary: (bytes) => void seen.push(Buffer.from(bytes).toString("hex")),
    onWritable: () => void seen.push("writable"),
    onClose: (error) => void ends.push(error),
  };
  transport.start(Buffer.from(head, "hex"));
  return { socket, transport, seen, ends };
}

/** Streams hand on what they have in later turns. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Those that were set in this file: sessions of others may still be ending in this process. */
let deadlinesSet: MockInstance<typeof processHost.deadlines.set>;

function pendingDeadlines(): number {
  return new Set(deadlinesSet.mock.calls.map(([deadline]) => deadline).filter(({ bucket }) => bucket !== undefined))
    .size;
}

beforeAll(() => {
  deadlinesSet = vi.spyOn(processHost.deadlines, "set");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterAll(() => {
  deadlinesSet.mockRestore();
  vi.useRealTimers();
});

describe("a WebSocket at the server", () => {
  it("reads what came with the handshake, then what follows", async () => {
    const { socket, seen } = open(new FakeSocket(), maskedText("4a").toString("hex"));
    expect(seen).toEqual(["4a"]);
    socket.push(maskedText("4b"));
    await settle();
    expect(seen).toEqual(["4a", "4b"]);
  });

  it("sends what handlers send while a chunk is read in one write, when the last has returned", () => {
    const { socket, transport } = open();
    const flushable = { flush: () => transport.send([new Outgoing("4x"), new Outgoing("4y")]) };
    let sentInside = -1;
    transport.sink = {
      ...transport.sink,
      onText: (text) => {
        if (text === "4a") processHost.flushQueue.add(flushable);
        sentInside = socket.sent.length;
      },
    };
    transport.receive(Buffer.concat([maskedText("4a"), maskedText("4b")]));
    expect(sentInside).toBe(0);
    expect(socket.sent.map((bytes) => bytes.toString("hex"))).toEqual(["81023478" + "81023479"]);
  });

  it("flushes although a handler throws, reads on, and lets the error out", () => {
    const { socket, transport, seen } = open();
    const { sink } = transport;
    transport.sink = {
      ...sink,
      onText: (text) => {
        sink.onText(text);
        processHost.flushQueue.add({ flush: () => transport.send([new Outgoing(text)]) });
        if (text === "4a") throw new Error("mine");
      },
    };
    expect(() => transport.receive(Buffer.concat([maskedText("4a"), maskedText("4b")]))).toThrow("mine");
    expect(seen).toEqual(["4a", "4b"]);
    expect(socket.hex).toBe("81023461" + "81023462");
  });

  it("writes the handshake's answer in one piece with what is sent at once, or by itself", () => {
    const [busy, silent] = [open(), open()];
    busy.transport.answer("HTTP/1.1 101\r\n\r\n", () => busy.transport.send([new Outgoing("4a"), new Outgoing("4b")]));
    expect(busy.socket.sent.map(String)).toEqual(["HTTP/1.1 101\r\n\r\n\ufffd\x024a\ufffd\x024b"]);
    silent.transport.answer("HTTP/1.1 101\r\n\r\n", () => undefined);
    expect(silent.socket.sent.map(String)).toEqual(["HTTP/1.1 101\r\n\r\n"]);
  });

  it("writes the handshake's answer before a Close frame, and also if the program throws", () => {
    const [closed, broken] = [open(), open()];
    closed.transport.answer("101\n", () => closed.transport.close(1000));
    expect(closed.socket.hex).toBe(`${Buffer.from("101\n").toString("hex")}${CLOSE_NORMAL}`);
    const begin = () => {
      throw new Error("mine");
    };
    expect(() => broken.transport.answer("101\n", begin)).toThrow("mine");
    expect(String(broken.socket.sent)).toBe("101\n");
  });

  it("is not writable while the peer takes nothing, and says when it is again", async () => {
    const { socket, transport, seen } = open(new FakeSocket(100));
    transport.send([new Outgoing(`4${"x".repeat(200)}`)]);
    transport.send([new Outgoing(`4${"x".repeat(100_000)}`)]);
    expect(transport.writable).toBe(false);
    expect(transport.bufferedAmount).toBeGreaterThan(100_000);
    socket.drain();
    await settle();
    expect(transport.writable).toBe(true);
    expect(transport.bufferedAmount).toBe(0);
    expect(seen).toEqual(["writable"]);
  });

  it("answers a Close frame, ends in order and tells it once", async () => {
    const { socket, ends } = open();
    socket.push(Buffer.from(MASKED_CLOSE, "hex"));
    await settle();
    expect(socket.hex).toBe(CLOSE_NORMAL);
    expect(socket.writableEnded).toBe(true);
    socket.push(null);
    await settle();
    expect(ends).toEqual([undefined]);
    expect(socket.destroyed).toBe(true);
  });

  it("sends a Close frame and waits for the peer's", async () => {
    const { socket, transport, ends, seen } = open();
    transport.send([new Outgoing("4last")]);
    transport.close(1000);
    expect(socket.hex.endsWith(CLOSE_NORMAL)).toBe(true);
    expect(ends).toEqual([]);
    expect(transport.writable).toBe(false);
    socket.push(Buffer.concat([maskedText("4late"), Buffer.from(MASKED_CLOSE, "hex")]));
    await settle();
    expect(seen).toEqual([]);
    expect(ends).toEqual([undefined]);
  });

  it("is cut when the peer does not answer a Close frame within ten seconds", async () => {
    const { socket, transport, ends } = open();
    transport.close(1000);
    vi.advanceTimersByTime(9_900);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(500);
    await settle();
    expect(socket.destroyed).toBe(true);
    expect(ends).toMatchObject([{ code: "SESSION_TRANSPORT_CLOSED" }]);
    expect(pendingDeadlines()).toBe(0);
  });

  it("is cut when the peer keeps its side open after both Close frames", async () => {
    const { socket, ends } = open();
    socket.push(Buffer.from(MASKED_CLOSE, "hex"));
    await settle();
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(10_500);
    await settle();
    expect(socket.destroyed).toBe(true);
    expect(ends).toEqual([undefined]);
    expect(pendingDeadlines()).toBe(0);
  });

  it("tells which rule the peer broke, to both sides", async () => {
    const { socket, ends } = open();
    socket.push(Buffer.from("8102" + "3461", "hex"));
    await settle();
    expect(ends.map((error) => error?.code)).toEqual(["FRAME_MASK_REQUIRED"]);
    expect(socket.hex).toMatch(/^88..03ea/);
    expect(socket.writableEnded).toBe(true);
  });

  it("refuses a message above the limit with 1009", async () => {
    const { socket, ends } = open();
    socket.push(Buffer.from("81fe07d000000000", "hex"));
    await settle();
    expect(ends.map((error) => error?.code)).toEqual(["FRAME_MESSAGE_TOO_BIG"]);
    expect(socket.hex).toMatch(/^88..03f1/);
  });

  it("ends once when the socket ends, breaks and closes", async () => {
    const { socket, ends } = open();
    socket.push(null);
    socket.destroy(new Error("ECONNRESET"));
    await settle();
    expect(ends).toMatchObject([{ code: "SESSION_TRANSPORT_CLOSED" }]);
  });

  it("tells nobody when it is discarded, and sends nothing after it", async () => {
    const { socket, transport, ends } = open();
    transport.discard();
    transport.send([new Outgoing("4late")]);
    transport.close(1000);
    await settle();
    expect(socket.destroyed).toBe(true);
    expect(socket.sent).toEqual([]);
    expect(ends).toEqual([]);
    expect(pendingDeadlines()).toBe(0);
  });
});
