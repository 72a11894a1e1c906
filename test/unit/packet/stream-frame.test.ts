import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VaivenError } from "../../../src/errors.js";
import { StreamDecoder, streamHeader } from "../../../src/packet/stream-frame.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function read(stream: Uint8Array, cuts: readonly number[] = [], limit: number = 1e6) {
  const decoder = new StreamDecoder(limit);
  const packets: [string, boolean][] = [];
  const received: Uint8Array[] = [];
  let error: VaivenError | undefined;
  const ends = [...cuts, stream.length].map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b);
  let at = 0;
  for (const end of ends) {
    const chunk = stream.slice(at, end);
    error ??= decoder.push(chunk, (packet, isBinary) => {
      received.push(packet);
      packets.push([hex(packet), isBinary]);
    });
    // The memory of a chunk is not the decoder's once it was read; what it delivered is the receiver's.
    at = end;
  }
  expect(received.map(hex)).toEqual(packets.map(([bytes]) => bytes));
  return { packets, error };
}

describe("headers of packets on a stream", () => {
  it.each([
    [0, false, "00"],
    [1, false, "01"],
    [125, false, "7d"],
    [126, false, "7e007e"],
    [65_535, false, "7effff"],
    [65_536, false, "7f0000000000010000"],
    [2 ** 32 + 5, false, "7f0000000100000005"],
    [0, true, "80"],
    [125, true, "fd"],
    [126, true, "fe007e"],
    [65_536, true, "ff0000000000010000"],
  ])("are, for %i bytes, binary %s: %s", (length, isBinary, expected) => {
    expect(hex(streamHeader(length, isBinary))).toBe(expected);
  });
});

describe("a decoder of streams", () => {
  it("reads text and bytes that stand in one chunk", () => {
    expect(read(Buffer.from("0130063468656c6c6f83010203", "hex")).packets).toEqual([
      ["30", false],
      ["3468656c6c6f", false],
      ["010203", true],
    ]);
  });

  it("keeps what is not complete in memory of its own", () => {
    const decoder = new StreamDecoder(10);
    const packets: string[] = [];
    const chunk = Uint8Array.of(3, 0x34, 0x61);
    decoder.push(chunk, (packet) => packets.push(hex(packet)));
    chunk.fill(0);
    decoder.push(Uint8Array.of(0x62), (packet) => packets.push(hex(packet)));
    expect(packets).toEqual(["346162"]);
  });

  it("reads back what was written, however the stream is cut", () => {
    const packet = fc.record({
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        fc.integer({ min: 120, max: 300 }).map((n) => new Uint8Array(n).fill(n)),
        fc.constantFrom(65_535, 65_536, 70_000).map((n) => new Uint8Array(n).fill(7)),
      ),
      isBinary: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 6 }), fc.array(fc.nat(5000), { maxLength: 12 }), (packets, cuts) => {
        const stream = Buffer.concat(
          packets.flatMap(({ bytes, isBinary }) => [streamHeader(bytes.length, isBinary), bytes]),
        );
        const result = read(stream, cuts);
        expect(result.error).toBeUndefined();
        expect(result.packets).toEqual(packets.map(({ bytes, isBinary }) => [hex(bytes), isBinary]));
      }),
    );
  });

  it("reads a stream that comes byte by byte", () => {
    const stream = Buffer.concat([
      streamHeader(300, true),
      new Uint8Array(300).fill(5),
      streamHeader(1, false),
      Buffer.from("2"),
    ]);
    const { packets } = read(
      stream,
      Array.from({ length: stream.length }, (_, n) => n),
    );
    expect(packets).toEqual([
      ["05".repeat(300), true],
      ["32", false],
    ]);
  });

  it("refuses a packet that is longer than allowed by its header, before its bytes are there", () => {
    expect(read(streamHeader(100, false), [], 100)).toEqual({ packets: [], error: undefined });
    for (const length of [101, 2 ** 40]) {
      const { error } = read(streamHeader(length, true), [], 100);
      expect(error).toBeInstanceOf(VaivenError);
      expect([error?.code, error?.closeCode, error?.detail]).toEqual([
        "PACKET_TOO_BIG",
        1009,
        { limit: 100, got: length },
      ]);
    }
  });

  it("ends in packets or in a documented error, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 6 }), (bytes, cuts) => {
        const { error } = read(bytes, cuts, 40);
        if (error !== undefined) expect(error.code).toBe("PACKET_TOO_BIG");
      }),
    );
  });
});
