import { describe, expect, it } from "vitest";
import type { DeflateAgreement } from "../../../src/frame/deflate.js";
import type { CompressionDone, CompressionPrimitives } from "../../../src/frame/primitives.js";
import { nodeCompression } from "../../../src/node/zlib.js";
import { frameHex, fromHex, Recorded, toHex } from "./recorder.js";

const KEEP: DeflateAgreement = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
const DROP: DeflateAgreement = { ...KEEP, serverNoContextTakeover: true, clientNoContextTakeover: true };

/** Compression whose asynchronous calls end when the test says so. "Compressed" is every byte plus one. */
class ManualCompression implements CompressionPrimitives {
  readonly synchronousBytes = 10;
  readonly pending: (() => void)[] = [];

  createInflater = (): ReturnType<CompressionPrimitives["createInflater"]> => {
    let isClosed = false;
    return {
      inflate: (input, _maxOutput, done) =>
        this.answer(
          input.map((byte) => byte - 1),
          () => isClosed,
          done,
        ),
      close: () => {
        isClosed = true;
      },
    };
  };

  createDeflater = (): ReturnType<CompressionPrimitives["createDeflater"]> => {
    let isClosed = false;
    return {
      deflate: (input, done) =>
        this.answer(
          input.map((byte) => byte + 1),
          () => isClosed,
          done,
        ),
      close: () => {
        isClosed = true;
      },
    };
  };

  finishOne(): void {
    this.pending.shift()!();
  }

  private answer(output: Uint8Array, isClosed: () => boolean, done: CompressionDone): Uint8Array | undefined {
    if (output.length <= this.synchronousBytes) return output;
    this.pending.push(() => {
      if (!isClosed()) done(undefined, output);
    });
    return undefined;
  }
}

const compressedText = (text: string): string =>
  frameHex(
    0xc1,
    Buffer.from(text).map((byte) => byte + 1),
    true,
  );

describe("RFC 7692 section 7.2.3, the examples", () => {
  it.each([
    ["7.2.3.1 one block", ["c107f248cdc9c90700"], ["text Hello"]],
    ["7.2.3.1 one block in two fragments", ["4103f248cd8004c9c90700"], ["text Hello"]],
    ["7.2.3.2 a shared window", ["c107f248cdc9c90700", "c105f200110000"], ["text Hello", "text Hello"]],
    ["7.2.3.3 a block without compression", ["c10b000500faff48656c6c6f00"], ["text Hello"]],
    ["7.2.3.4 a block marked as final", ["c108f348cdc9c9070000"], ["text Hello"]],
    ["7.2.3.5 two blocks", ["c10df248050000 00ffffcac9c90700"], ["text Hello"]],
    ["7.2.3.6 an empty fragment", ["c10100"], ["text "]],
    ["a final block, and then more", ["c10ef348cdc9c90700f248cdc9c90700"], ["text HelloHello"]],
    ["an empty message without its byte", ["c100"], ["text "]],
    [
      "a message that is not compressed between",
      ["c107f248cdc9c90700", "810161", "c105f200110000"],
      ["text Hello", "text a", "text Hello"],
    ],
  ])("%s", (_, frames, events) => {
    const recorded = new Recorded({ role: "client", agreement: KEEP });
    recorded.receive(...frames);
    expect(recorded.events).toEqual(events);
  });

  it("keeps no window where none was agreed on", () => {
    const recorded = new Recorded({ role: "client", agreement: DROP });
    recorded.receive("c107f248cdc9c90700", "c105f200110000");
    expect(recorded.events).toEqual(["text Hello", "error FRAME_INFLATE_FAILED", 'close 1007 "" unclean']);
  });

  it("drops a payload that is cut, is no DEFLATE, or is text without being UTF-8", () => {
    for (const [frame, code] of [
      ["c105f248cdc9c9", "FRAME_INFLATE_FAILED"],
      ["c103ffffff", "FRAME_INFLATE_FAILED"],
      ["c10800 0200fdff c328 00", "FRAME_INVALID_UTF8"],
    ] as const) {
      const recorded = new Recorded({ role: "client", agreement: KEEP });
      recorded.receive(frame);
      expect(recorded.events).toEqual([`error ${code}`, 'close 1007 "" unclean']);
    }
  });
});

describe("RFC 7692 section 6, the bit", () => {
  it("is refused on a continuation", () => {
    const recorded = new Recorded({ role: "client", agreement: KEEP });
    recorded.receive("4103f248cd c004c9c90700");
    expect(recorded.events[0]).toBe("error FRAME_RESERVED_BITS");
  });

  it("is refused on control frames", () => {
    const recorded = new Recorded({ role: "client", agreement: KEEP });
    recorded.receive("c900");
    expect(recorded.events[0]).toBe("error FRAME_RESERVED_BITS");
  });

  it("section 6.1: is not set on messages below the threshold, on control frames, and where compression does not pay", () => {
    const recorded = new Recorded({ agreement: DROP, deflate: { threshold: 5 } });
    recorded.connection.sendText("four");
    recorded.connection.sendText("abcdefgh");
    recorded.connection.ping();
    recorded.connection.sendText("aaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    recorded.connection.sendText("aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false);
    expect(recorded.frames.map((frame) => frame.slice(0, 2))).toEqual(["81", "81", "89", "c1", "81"]);
  });
});

describe("limits on inflation", () => {
  const bomb = (size: number): Uint8Array => {
    const deflater = nodeCompression.createDeflater({ windowBits: 15, keepContext: false, level: 9, memoryLevel: 8 });
    return new Uint8Array(deflater.deflate(new Uint8Array(size).fill(0x61), () => {})!);
  };

  it("stops at the largest message, with 1009", () => {
    const recorded = new Recorded({ agreement: DROP, limits: { maxMessageBytes: 9_999 } });
    recorded.receive(frameHex(0xc1, bomb(10_000), true));
    expect(recorded.events).toEqual(["error FRAME_MESSAGE_TOO_BIG", 'close 1009 "" unclean']);
    const enough = new Recorded({ agreement: DROP, limits: { maxMessageBytes: 10_000 } });
    enough.receive(frameHex(0xc1, bomb(10_000), true));
    expect(enough.events).toEqual([`text ${"a".repeat(10_000)}`]);
  });

  it("stops at the ratio beyond its floor, with 1008", () => {
    const deflate = { maxInflateRatio: 100, inflateRatioFloor: 5_000 };
    const recorded = new Recorded({ agreement: DROP, deflate });
    recorded.receive(frameHex(0xc1, bomb(5_000), true));
    expect(recorded.events).toEqual([`text ${"a".repeat(5_000)}`]);
    recorded.receive(frameHex(0xc1, bomb(16_000), true));
    expect(recorded.events.slice(1)).toEqual(["error FRAME_INFLATE_RATIO", 'close 1008 "" unclean']);
  });

  it("refuses compressed data that could not be a message of the allowed size", () => {
    const recorded = new Recorded({ role: "client", agreement: DROP, limits: { maxMessageBytes: 1000 } });
    recorded.receive("c17e0449");
    expect(recorded.events).toEqual(["error FRAME_MESSAGE_TOO_BIG", 'close 1009 "" unclean']);
  });
});

describe("inflation that takes its time", () => {
  const setUp = (): { recorded: Recorded; compression: ManualCompression } => {
    const compression = new ManualCompression();
    return { recorded: new Recorded({ agreement: DROP, compression }), compression };
  };

  it("pauses what follows, in order, and tells the host when to go on", () => {
    const { recorded, compression } = setUp();
    recorded.receive(frameHex(0x81, "a", true), compressedText("b".repeat(11)), frameHex(0x81, "c", true));
    expect(recorded.connection.isPaused).toBe(true);
    recorded.receive(compressedText("d".repeat(12)), frameHex(0x81, "e", true));
    expect(recorded.events).toEqual(["text a"]);
    compression.finishOne();
    expect(recorded.events).toEqual(["text a", `text ${"b".repeat(11)}`, "text c"]);
    expect(recorded.resumes).toBe(0);
    compression.finishOne();
    expect(recorded.events.slice(3)).toEqual([`text ${"d".repeat(12)}`, "text e"]);
    expect(recorded.resumes).toBe(1);
    expect(recorded.connection.isPaused).toBe(false);
  });

  it("delivers what had arrived before the transport ended", () => {
    const { recorded, compression } = setUp();
    recorded.receive(compressedText("b".repeat(11)), frameHex(0x81, "c", true), frameHex(0x88, "", true));
    recorded.connection.transportClosed();
    expect(recorded.events).toEqual([]);
    compression.finishOne();
    expect(recorded.events).toEqual([`text ${"b".repeat(11)}`, "text c", 'close 1005 "" clean']);
  });

  it("reports 1006 after it where no close frame came", () => {
    const { recorded, compression } = setUp();
    recorded.receive(compressedText("b".repeat(11)));
    recorded.connection.transportClosed();
    compression.finishOne();
    expect(recorded.events).toEqual([`text ${"b".repeat(11)}`, 'close 1006 "" unclean']);
    expect(recorded.resumes).toBe(0);
  });

  it("delivers nothing after terminate()", () => {
    const { recorded, compression } = setUp();
    recorded.receive(compressedText("b".repeat(11)), frameHex(0x81, "c", true));
    recorded.connection.terminate();
    compression.finishOne();
    expect(recorded.events).toEqual([]);
  });

  it("goes on after a sink that throws", () => {
    const compression = new ManualCompression();
    const recorded: Recorded = new Recorded({
      agreement: DROP,
      compression,
      onEvent: (event) => {
        throw new Error(event);
      },
    });
    recorded.receive(compressedText("b".repeat(11)), frameHex(0x81, "c", true));
    expect(() => compression.finishOne()).toThrow(`text ${"b".repeat(11)}`);
    expect(recorded.events).toEqual([`text ${"b".repeat(11)}`, "text c"]);
    expect(recorded.resumes).toBe(1);
  });
});

describe("compression that takes its time", () => {
  const setUp = (): { recorded: Recorded; compression: ManualCompression } => {
    const compression = new ManualCompression();
    return { recorded: new Recorded({ agreement: KEEP, compression, deflate: { threshold: 1 } }), compression };
  };

  it("keeps the order of messages, pings and the close frame", () => {
    const { recorded, compression } = setUp();
    const { connection } = recorded;
    connection.sendText("a");
    connection.sendText("b".repeat(11));
    connection.sendText("c");
    connection.ping();
    connection.sendBinary(new Uint8Array(12));
    connection.sendText("d", false);
    connection.close(1000);
    expect(connection.waitingOutputBytes).toBe(11 + 1 + 2 + 12 + 1 + 4);
    expect(recorded.frames).toEqual(["c10162"]);
    compression.finishOne();
    expect(recorded.frames.slice(1)).toEqual([`c10b${"63".repeat(11)}`, "c10164", "8900"]);
    compression.finishOne();
    expect(recorded.frames.slice(4)).toEqual([`c20c${"01".repeat(12)}`, "810164", "880203e8"]);
    expect(connection.waitingOutputBytes).toBe(0);
  });

  it("sends what waits before it echoes the peer's close, and is closed then", () => {
    const { recorded, compression } = setUp();
    recorded.connection.sendText("b".repeat(11));
    recorded.receive(frameHex(0x88, Buffer.from("03e8", "hex"), true));
    expect(recorded.events).toEqual([]);
    expect(recorded.connection.sendText("late")).toBe(false);
    compression.finishOne();
    expect(recorded.frames).toEqual([`c10b${"63".repeat(11)}`, "880203e8"]);
    expect(recorded.events).toEqual(['close 1000 "" clean']);
  });

  it("drops what waits when the connection ends", () => {
    const { recorded, compression } = setUp();
    recorded.connection.sendText("b".repeat(11));
    recorded.connection.sendText("c");
    recorded.connection.terminate();
    compression.finishOne();
    expect(recorded.frames).toEqual([]);
    expect(recorded.connection.waitingOutputBytes).toBe(0);
  });
});

describe("compressed frames for many", () => {
  it("are equal for connections that keep no window and have the same size of it", () => {
    const one = new Recorded({ agreement: DROP, deflate: { threshold: 5 } });
    const other = new Recorded({ agreement: DROP, deflate: { threshold: 5 } });
    const small = new Recorded({ agreement: { ...DROP, serverMaxWindowBits: 9 }, deflate: { threshold: 5 } });
    expect(one.connection.sharedForm).toBe(other.connection.sharedForm);
    expect(one.connection.sharedForm).not.toBe(small.connection.sharedForm);
    const text = "hola ".repeat(50);
    const frame = one.connection.sharedFrameOf(text)!;
    expect(frame[0]).toBe(0xc1);
    other.connection.sendFrame(frame);
    const client = new Recorded({ role: "client", agreement: DROP });
    client.connection.receive(fromHex(other.frames[0]!));
    expect(client.events).toEqual([`text ${text}`]);
    expect(toHex(one.connection.sharedFrameOf("tiny")!)).toBe("810474696e79");
    expect(one.connection.sharedFrameOf("x".repeat(20_000))).toBeUndefined();
  });

  it("do not exist where the window is kept", () => {
    const recorded = new Recorded({ agreement: KEEP });
    expect(recorded.connection.sharedForm).toBeUndefined();
    expect(recorded.connection.sharedFrameOf("a")).toBeUndefined();
  });
});
