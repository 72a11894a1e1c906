import { describe, expect, it } from "vitest";
import { MessageAssembler } from "../../../src/frame/assembler.js";
import { FIN, OPCODE_BINARY } from "../../../src/frame/header.js";
import { FakePlatform } from "../../support/fake-platform.js";

/** A message of `count` fragments of `size` bytes, and the bytes of all buffers that it took. */
function assemble(count: number, size: number): { allocated: number; length: number } {
  let allocated = 0;
  const platform = new FakePlatform();
  const allocate = (bytes: number): Uint8Array => {
    allocated += bytes;
    return new Uint8Array(bytes);
  };
  const message = new MessageAssembler(OPCODE_BINARY, Object.assign(Object.create(platform), platform, { allocate }));
  const fragment = new Uint8Array(size).fill(7);
  for (let n = 0; n < count; n++) message.append(fragment, 0, size, false, 0);
  const bytes = message.bytes();
  expect(bytes.every((byte) => byte === 7)).toBe(true);
  return { allocated, length: bytes.length };
}

describe("a message of many fragments", () => {
  for (const [count, size] of [
    [60_000, 16],
    [1000, 1000],
    [20, 50_000],
  ] as const) {
    it(`copies each byte a bounded number of times: ${count} fragments of ${size} bytes`, () => {
      const { allocated, length } = assemble(count, size);
      expect(length).toBe(count * size);
      expect(allocated).toBeLessThan(6 * length);
    });
  }

  it("takes no more than its frame announces while there is only one", () => {
    let allocated = 0;
    const platform = new FakePlatform();
    const allocate = (bytes: number): Uint8Array => {
      allocated += bytes;
      return new Uint8Array(bytes);
    };
    const message = new MessageAssembler(
      FIN | OPCODE_BINARY,
      Object.assign(Object.create(platform), platform, { allocate }),
    );
    message.append(new Uint8Array(60_000), 0, 60_000, false, 40_000);
    message.append(new Uint8Array(40_000), 0, 40_000, false, 0);
    expect([allocated, message.bytes().length]).toEqual([100_000, 100_000]);
  });
});
