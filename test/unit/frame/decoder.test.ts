import { describe, expect, it } from "vitest";
import type { BytePrimitives } from "../../../src/frame/primitives.js";
import { nodeBytePrimitives } from "../../../src/node/byte-primitives.js";
import { frameHex, fromHex, Recorded, toHex } from "./recorder.js";

const TEXT = 0x81;
const BINARY = 0x82;

function recordingAllocations(): { primitives: BytePrimitives; sizes: number[] } {
  const sizes: number[] = [];
  const allocate = (size: number): Uint8Array => {
    sizes.push(size);
    return nodeBytePrimitives.allocate(size);
  };
  return { primitives: { ...nodeBytePrimitives, allocate }, sizes };
}

describe("section 5.2, payload length", () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
    it(`reads ${length} bytes of text and of binary, masked and not`, () => {
      const text = "a".repeat(length);
      for (const role of ["server", "client"] as const) {
        const recorded = new Recorded({ role });
        recorded.receive(
          frameHex(TEXT, text, role === "server"),
          frameHex(BINARY, Buffer.alloc(length, 7), role === "server"),
        );
        expect(recorded.events).toEqual([`text ${text}`, `binary ${"07".repeat(length)}`]);
      }
    });
  }
});

describe("section 5.4, fragmentation", () => {
  it("joins fragments that come in chunks of any size", () => {
    const whole = "0123456789€ñ😀".repeat(400);
    const bytes = Buffer.from(whole);
    const wire = fromHex(
      frameHex(0x01, bytes.subarray(0, 1001), true) +
        frameHex(0x89, "p", true) +
        frameHex(0x00, bytes.subarray(1001, 1001), true) +
        frameHex(0x00, bytes.subarray(1001, 5002), true) +
        frameHex(0x80, bytes.subarray(5002), true),
    );
    for (const size of [1, 2, 3, 7, 64, 127, 1000, 4096, 100_000]) {
      const recorded = new Recorded();
      for (let at = 0; at < wire.length; at += size) recorded.connection.receive(wire.slice(at, at + size));
      expect(recorded.events).toEqual(["ping 70", `text ${whole}`]);
    }
  });

  it("takes exactly as many fragments as the limit says", () => {
    const recorded = new Recorded({ role: "client", limits: { maxFragments: 65_536 } });
    recorded.receive("0201aa", "0001aa".repeat(65_534), "8001aa");
    expect(recorded.events).toEqual([`binary ${"aa".repeat(65_536)}`]);
    recorded.receive("0201aa", "0001aa".repeat(65_535), "8001aa");
    expect(recorded.events.slice(1)).toEqual(["error FRAME_TOO_MANY_FRAGMENTS", 'close 1008 "" unclean']);
  });

  it("counts empty fragments", () => {
    const recorded = new Recorded({ role: "client", limits: { maxFragments: 10 } });
    recorded.receive("0200", "0000".repeat(10));
    expect(recorded.events).toEqual(["error FRAME_TOO_MANY_FRAGMENTS", 'close 1008 "" unclean']);
  });

  it("refuses a flood of tiny fragments before the limit on fragments", () => {
    const recorded = new Recorded({ role: "client" });
    recorded.receive("020161", "000161".repeat(8191));
    expect(recorded.events).toEqual([]);
    recorded.receive("000161");
    expect(recorded.events).toEqual(["error FRAME_TOO_MANY_FRAGMENTS", 'close 1008 "" unclean']);
  });
});

describe("section 10.4, limits", () => {
  it("takes a message of exactly the limit, in one frame, in fragments and across chunks", () => {
    const recorded = new Recorded({ role: "client", limits: { maxMessageBytes: 300 } });
    const payload = Buffer.alloc(300, 1);
    recorded.receive(frameHex(BINARY, payload, false));
    recorded.receive(frameHex(0x02, payload.subarray(0, 100), false), frameHex(0x80, payload.subarray(100), false));
    const wire = frameHex(BINARY, payload, false);
    recorded.receive(wire.slice(0, 100)).receive(wire.slice(100));
    expect(recorded.events).toEqual(Array.from({ length: 3 }, () => `binary ${"01".repeat(300)}`));
  });

  it("refuses a larger message when its header arrives, before any payload", () => {
    const recorded = new Recorded({ role: "client", limits: { maxMessageBytes: 300 } });
    recorded.receive("827e012d");
    expect(recorded.events).toEqual(["error FRAME_MESSAGE_TOO_BIG", 'close 1009 "" unclean']);
  });

  it("refuses the fragment that would go beyond the limit", () => {
    const recorded = new Recorded({ role: "client", limits: { maxMessageBytes: 300 } });
    recorded.receive(frameHex(0x02, Buffer.alloc(200), false)).receive(frameHex(0x00, Buffer.alloc(100), false));
    expect(recorded.events).toEqual([]);
    recorded.receive("8001");
    expect(recorded.events).toEqual(["error FRAME_MESSAGE_TOO_BIG", 'close 1009 "" unclean']);
  });

  it("allocates what arrives and not what a header announces", () => {
    const { primitives, sizes } = recordingAllocations();
    const recorded = new Recorded({ role: "client", limits: { maxMessageBytes: 2 ** 30 }, primitives });
    recorded.receive("827f000000001ff00000");
    recorded.receive("0102030405");
    expect(recorded.events).toEqual([]);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
  });

  it("copies each byte a bounded number of times when a large message comes in small chunks", () => {
    const { primitives, sizes } = recordingAllocations();
    const length = 1 << 20;
    const recorded = new Recorded({ role: "client", limits: { maxMessageBytes: length + 99 }, primitives });
    recorded.receive("827f0000000000100000");
    for (let at = 0; at < length; at += 1024) recorded.connection.receive(new Uint8Array(1024).fill(5));
    expect(recorded.binaries[0]).toHaveLength(length);
    expect(recorded.binaries[0]?.every((byte) => byte === 5)).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(length * 4);
  });
});

describe("memory of binary messages", () => {
  it("is a view of the chunk where the message is most of it", () => {
    const recorded = new Recorded({ role: "client" });
    const chunk = fromHex(frameHex(BINARY, Buffer.alloc(1000, 3), false));
    recorded.connection.receive(chunk);
    expect(recorded.binaries[0]?.buffer).toBe(chunk.buffer);
  });

  it("is a copy where the message is a small part of the chunk, so that keeping it does not keep the chunk", () => {
    const recorded = new Recorded({ role: "client" });
    const chunk = fromHex(frameHex(BINARY, Buffer.alloc(10, 3), false) + frameHex(TEXT, "x".repeat(1000), false));
    recorded.connection.receive(chunk);
    expect(recorded.binaries[0]?.buffer).not.toBe(chunk.buffer);
    expect(toHex(recorded.binaries[0]!)).toBe("03".repeat(10));
  });

  it("is at most twice the message where it was collected from pieces", () => {
    const recorded = new Recorded({ role: "client" });
    recorded.receive("0202aabb", "8001cc");
    expect(recorded.binaries[0]!.length).toBe(3);
    expect(toHex(recorded.binaries[0]!)).toBe("aabbcc");
  });
});

describe("section 8.1, UTF-8 across chunks", () => {
  it("fails as soon as the wrong byte arrives, in the middle of a frame", () => {
    const recorded = new Recorded({ role: "client" });
    recorded.receive("810a 48656c6c6f");
    expect(recorded.events).toEqual([]);
    recorded.receive("ff");
    expect(recorded.events).toEqual(["error FRAME_INVALID_UTF8", 'close 1007 "" unclean']);
  });

  it("fails in the second fragment, not at the end of the message", () => {
    const recorded = new Recorded({ role: "client" });
    recorded.receive(frameHex(0x01, `${"ñ".repeat(100)}`, false)).receive("0003eda080");
    expect(recorded.events).toEqual(["error FRAME_INVALID_UTF8", 'close 1007 "" unclean']);
  });

  it("fails at the end when the last fragment stops inside a character", () => {
    const recorded = new Recorded({ role: "client" });
    recorded.receive("0101e2").receive("800182");
    expect(recorded.events).toEqual(["error FRAME_INVALID_UTF8", 'close 1007 "" unclean']);
  });

  it("does not check binary messages", () => {
    const recorded = new Recorded({ role: "client" });
    recorded.receive("0201ff").receive("8001fe");
    expect(recorded.events).toEqual(["binary fffe"]);
  });
});
