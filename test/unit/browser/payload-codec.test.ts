import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPayload, writePayload } from "../../../src/browser/payload-codec.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { PayloadCodec } from "../../../src/packet/payload.js";
import { FakePlatform } from "../../support/fake-platform.js";

const strict = new PayloadCodec(new FakePlatform());
const batch = fc.array(
  fc.tuple(
    fc.string().map((text) => `4${text.split("\u001e").join("")}`),
    fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 2 }),
  ),
  { minLength: 1, maxLength: 4 },
);

describe("the browser's payload codec", () => {
  it("writes what the server's writes, and reads it back", () => {
    fc.assert(
      fc.property(batch, (packets) => {
        const outgoing = packets.map(([head, rest]) => new Outgoing(head, rest));
        const payload = writePayload(outgoing);
        expect(payload).toBe(strict.write(outgoing));
        const read: unknown[] = [];
        readPayload(payload, { onText: (text) => read.push(text) > 0, onBinary: (bytes) => read.push(bytes) > 0 });
        expect(read).toEqual(packets.flat(2).map((part) => (typeof part === "string" ? part : new Uint8Array(part))));
      }),
    );
  });

  it("writes bytes of any length", () => {
    const bytes = new Uint8Array(10_000).map((_, index) => index);
    expect(writePayload([new Outgoing(bytes)])).toBe(`b${Buffer.from(bytes).toString("base64")}`);
  });

  it("stops where the receiver wants no more, and at what is no Base64", () => {
    const read: string[] = [];
    const receiver = { onText: (text: string) => read.push(text) < 2, onBinary: () => true };
    expect(readPayload("4a\u001e4b\u001e4c", receiver)).toBeUndefined();
    expect(read).toEqual(["4a", "4b"]);
    expect(readPayload("b*", receiver)).toMatchObject({ code: "PACKET_INVALID_BASE64" });
  });
});
