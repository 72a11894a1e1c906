import { inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Deflater, Inflater } from "../../../src/frame/primitives.js";
import { nodeCompression } from "../../../src/node/zlib.js";

const deflate = (deflater: Deflater, input: Uint8Array): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const now = deflater.deflate(input, (error, output) => (output === undefined ? reject(error) : resolve(output)));
    if (now !== undefined) resolve(now);
  });

const inflate = (inflater: Inflater, input: Uint8Array, maxOutput: number): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const now = inflater.inflate(input, maxOutput, (error, output) =>
      output === undefined ? reject(error) : resolve(output),
    );
    if (now !== undefined) resolve(now);
  });

/** Repeats runs of itself at distances up to about 40 KB, so that every window size matters. */
const compressible = (length: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  for (let at = 0; at < length; ) {
    const run = at < 300 || next(4) === 0 ? 0 : 4 + next(40);
    const distance = 1 + next(Math.min(Math.max(at, 1), 40_000));
    for (const end = Math.min(length, at + Math.max(run, 1)); at < end; at++) {
      bytes[at] = run === 0 ? next(256) : bytes[at - distance]!;
    }
  }
  return bytes;
};

describe("messages through deflater and inflater", () => {
  for (const keepContext of [false, true]) {
    for (const windowBits of [8, 9, 12, 15]) {
      it(`come back whole, small and large: ${windowBits} bits, window ${keepContext ? "kept" : "dropped"}`, async () => {
        const deflater = nodeCompression.createDeflater({ windowBits, keepContext, level: 6, memoryLevel: 4 });
        const inflater = nodeCompression.createInflater({ windowBits, keepContext });
        for (const [index, length] of [0, 1, 300, 5_000, 16_384, 16_385, 100, 300_000, 2, 70_000, 40].entries()) {
          const message = compressible(length, index % 3);
          const wire = await deflate(deflater, message);
          expect(wire.length).toBeGreaterThan(0);
          expect(Buffer.compare(await inflate(inflater, wire, 1e6), message)).toBe(0);
        }
      });
    }
  }

  it("never reaches back beyond the window that was agreed on", async () => {
    for (const windowBits of [8, 9, 10, 12]) {
      const deflater = nodeCompression.createDeflater({ windowBits, keepContext: false, level: 9, memoryLevel: 9 });
      const message = compressible(16_000, 3);
      const wire = Buffer.concat([await deflate(deflater, message), Buffer.from("0000ffff010000ffff", "hex")]);
      // With 64 bytes of output at a time zlib has little more than its window to refer to.
      const output = inflateRawSync(wire, { windowBits, chunkSize: 64 });
      expect(Buffer.compare(output, message)).toBe(0);
    }
    const wide = nodeCompression.createDeflater({ windowBits: 15, keepContext: false, level: 9, memoryLevel: 9 });
    const wire = Buffer.concat([
      await deflate(wide, compressible(16_000, 3)),
      Buffer.from("0000ffff010000ffff", "hex"),
    ]);
    expect(() => inflateRawSync(wire, { windowBits: 8, chunkSize: 64 })).toThrow("too far back");
  });

  it("uses the window of the messages before, if it is kept", async () => {
    const deflater = nodeCompression.createDeflater({ windowBits: 15, keepContext: true, level: 6, memoryLevel: 8 });
    const message = Buffer.from(JSON.stringify({ some: "message", with: [1, 2, 3], text: "that comes again" }));
    const first = await deflate(deflater, message);
    const second = await deflate(deflater, message);
    expect(second.length).toBeLessThan(first.length / 3);
  });

  it("come back for any sequence of bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }),
        fc.boolean(),
        async (messages, keepContext) => {
          const deflater = nodeCompression.createDeflater({ windowBits: 10, keepContext, level: 1, memoryLevel: 1 });
          const inflater = nodeCompression.createInflater({ windowBits: 10, keepContext });
          for (const message of messages) {
            expect(Buffer.compare(await inflate(inflater, await deflate(deflater, message), 1000), message)).toBe(0);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("limits and mistakes", () => {
  const deflater = nodeCompression.createDeflater({ windowBits: 15, keepContext: false, level: 9, memoryLevel: 8 });
  const inflater = nodeCompression.createInflater({ windowBits: 15, keepContext: false });

  it("stops at the limit, whether it inflates at once or later", async () => {
    for (const size of [10_000, 300_000, 2_000_000]) {
      const wire = await deflate(deflater, new Uint8Array(size));
      expect(await inflate(inflater, wire, size)).toHaveLength(size);
      await expect(inflate(inflater, wire, size - 1)).rejects.toMatchObject({
        code: "FRAME_MESSAGE_TOO_BIG",
        closeCode: 1009,
      });
    }
  });

  it("counts all blocks toward the limit where one is marked as final", async () => {
    const hello = Buffer.from("f348cdc9c90700f348cdc9c90700f248cdc9c90700", "hex");
    expect(Buffer.from(await inflate(inflater, hello, 15)).toString()).toBe("HelloHelloHello");
    await expect(inflate(inflater, hello, 14)).rejects.toMatchObject({ code: "FRAME_MESSAGE_TOO_BIG" });
    await expect(inflate(inflater, hello, 10)).rejects.toMatchObject({ code: "FRAME_MESSAGE_TOO_BIG" });
    const kept = nodeCompression.createInflater({ windowBits: 15, keepContext: true });
    expect(Buffer.from(await inflate(kept, hello, 15)).toString()).toBe("HelloHelloHello");
  });

  it("refuses data that is cut or is no DEFLATE, whether it inflates at once or later", async () => {
    const storing = nodeCompression.createDeflater({ windowBits: 15, keepContext: false, level: 0, memoryLevel: 8 });
    for (const size of [2_000, 400_000]) {
      const wire = await deflate(storing, compressible(size, 5));
      await expect(inflate(inflater, wire.subarray(0, wire.length - 20), 1e6)).rejects.toMatchObject({
        code: "FRAME_INFLATE_FAILED",
        closeCode: 1007,
      });
      const broken = new Uint8Array(wire);
      // The block type 3 does not exist.
      broken[0] = 0x06;
      await expect(inflate(inflater, broken, 1e6)).rejects.toMatchObject({ code: "FRAME_INFLATE_FAILED" });
    }
  });

  it("calls nobody after close()", async () => {
    const closing = nodeCompression.createDeflater({ windowBits: 15, keepContext: false, level: 1, memoryLevel: 4 });
    const expanding = nodeCompression.createInflater({ windowBits: 15, keepContext: false });
    const wire = await deflate(deflater, new Uint8Array(500_000));
    let called = 0;
    expect(closing.deflate(new Uint8Array(100_000), () => called++)).toBeUndefined();
    expect(expanding.inflate(wire, 1e6, () => called++)).toBeUndefined();
    closing.close();
    closing.close();
    expanding.close();
    // The thread pool works in order of arrival for each of its threads: these end after the two above.
    for (let round = 0; round < 4; round++) await deflate(deflater, new Uint8Array(500_000));
    expect(called).toBe(0);
  });
});
