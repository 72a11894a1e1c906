import { describe, expect, it } from "vitest";
import { VaivenError } from "../../../src/errors.js";
import { Deadlines } from "../../../src/session/deadlines.js";
import { FlushQueue } from "../../../src/session/flush-queue.js";
import { MeteredSession, type RateLimits, TokenBucket } from "../../../src/session/metered-session.js";
import type { Transport, TransportSink } from "../../../src/session/transport.js";
import { FakePlatform } from "../../support/fake-platform.js";

describe("a token bucket", () => {
  it("gives its burst at once, then its rate", () => {
    const bucket = new TokenBucket(10, 2, 0);
    for (let n = 0; n < 20; n++) expect(bucket.take(1, 0)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.take(1, 99)).toBe(false);
    expect(bucket.take(1, 100)).toBe(true);
    expect(bucket.take(1, 100)).toBe(false);
  });

  it("does not save up more than its burst", () => {
    const bucket = new TokenBucket(10, 2, 0);
    let taken = 0;
    while (bucket.take(1, 1_000_000)) taken++;
    expect(taken).toBe(20);
  });

  it("lets one message larger than the bucket through, and pays the debt before the next one", () => {
    const bucket = new TokenBucket(100, 1, 0);
    expect(bucket.take(1000, 0)).toBe(true);
    expect(bucket.take(1, 8_000)).toBe(false);
    expect(bucket.take(1, 9_100)).toBe(true);
  });
});

class Wire implements Transport {
  readonly name = "websocket";
  sink!: TransportSink;
  readonly writable = true;
  readonly bufferedAmount = 0;
  closed: (number | string | undefined)[] | undefined = undefined;
  send(): void {}
  close(code?: number, reason?: string): void {
    this.closed ??= [code, reason];
  }
  discard(): void {}
}

function metered(limits: Partial<RateLimits>) {
  const platform = new FakePlatform();
  const host = { platform, flushQueue: new FlushQueue(platform.soon), deadlines: new Deadlines(platform) };
  const wire = new Wire();
  const seen: string[] = [];
  const ends: unknown[] = [];
  const sink = {
    onMessage: (packet: string, start: number) => void seen.push(packet.slice(start)),
    onBinary: (bytes: Uint8Array) => void seen.push(`${bytes.length} bytes`),
    onClose: (reason: string, error: unknown) => void ends.push([reason, error instanceof VaivenError && error.code]),
  };
  const options = {
    pingInterval: 25_000,
    pingTimeout: 20_000,
    upgradeTimeout: 10_000,
    maxPayload: 1e6,
    maxBufferedBytes: 1e6,
    upgrades: [],
  };
  const session = new MeteredSession("id", 4, wire, sink, options, host);
  session.limitTo({
    messagesPerSecond: Number.POSITIVE_INFINITY,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    burstSeconds: 1,
    ...limits,
  });
  const bites: VaivenError[] = [];
  session.onRateExceeded = (error) => bites.push(error);
  session.open();
  return { platform, wire, seen, ends, bites, session };
}

describe("a session with a rate", () => {
  it("closes at the message too many, and says which limit it was", () => {
    const { wire, seen, ends, bites } = metered({ messagesPerSecond: 3 });
    for (let n = 0; n < 5; n++) wire.sink.onText(`4${n}`);
    expect(seen).toEqual(["0", "1", "2"]);
    expect(ends).toEqual([["transport error", "SESSION_RATE_EXCEEDED"]]);
    expect(wire.closed).toEqual([1008, "SESSION_RATE_EXCEEDED"]);
    expect(bites.map(({ detail }) => detail)).toEqual([{ name: "maxMessagesPerSecond", limit: 3 }]);
  });

  it("goes on for a peer that keeps to it", () => {
    const { wire, seen, ends, platform } = metered({ messagesPerSecond: 3 });
    for (let n = 0; n < 30; n++) {
      wire.sink.onText("4x");
      platform.advance(334);
    }
    expect(seen).toHaveLength(30);
    expect(ends).toEqual([]);
  });

  it("counts the bytes of texts as UTF-8, and those of attachments", () => {
    const { wire, seen, ends, bites } = metered({ bytesPerSecond: 100 });
    wire.sink.onText(`4${"ñ".repeat(20)}`);
    wire.sink.onBinary(new Uint8Array(60));
    expect(ends).toEqual([]);
    wire.sink.onText("4more");
    expect(seen).toEqual(["ñ".repeat(20), "60 bytes"]);
    expect(bites.map(({ detail }) => detail)).toEqual([{ name: "maxBytesPerSecond", limit: 100 }]);
  });

  it("counts pings and pongs of the transport, and the bytes of their payloads", () => {
    const few = metered({ messagesPerSecond: 3 });
    for (let n = 0; n < 4; n++) few.wire.sink.onControlFrame?.(0);
    expect(few.ends).toEqual([["transport error", "SESSION_RATE_EXCEEDED"]]);
    const small = metered({ bytesPerSecond: 100 });
    small.wire.sink.onControlFrame?.(125);
    expect(small.ends).toEqual([]);
    small.wire.sink.onControlFrame?.(1);
    expect(small.bites.map(({ detail }) => detail)).toEqual([{ name: "maxBytesPerSecond", limit: 100 }]);
  });

  it("counts heartbeats too: a flood of pongs is a flood", () => {
    const { wire, ends } = metered({ messagesPerSecond: 3 });
    for (let n = 0; n < 4; n++) wire.sink.onText("3");
    expect(ends).toEqual([["transport error", "SESSION_RATE_EXCEEDED"]]);
  });
});
