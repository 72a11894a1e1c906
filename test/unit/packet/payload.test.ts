// packet/payload.ts and base64.ts: Engine.IO v4 polling payloads.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBase64 } from "../../../src/packet/base64.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { PayloadCodec } from "../../../src/packet/payload.js";
import { FakePlatform } from "../../support/fake-platform.js";

const platform = new FakePlatform();
const codec = new PayloadCodec(platform);

function read(
  payload: string,
  stopAfter = Number.POSITIVE_INFINITY,
): { packets: (string | Uint8Array)[]; code?: string } {
  const packets: (string | Uint8Array)[] = [];
  const take = (packet: string | Uint8Array): boolean => packets.push(packet) < stopAfter;
  const error = codec.read(payload, { onText: take, onBinary: take });
  return error === undefined ? { packets } : { packets, code: error.code };
}

/** Any text of Unicode characters; fast-check's own arbitrary for it takes seconds to get ready. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }))
  .map((points) =>
    points.map((point) => (point >= 0xd800 && point < 0xe000 ? "-" : String.fromCodePoint(point))).join(""),
  );

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

describe("a payload", () => {
  it("joins packets by 0x1e and writes bytes as b and Base64", () => {
    const batch = [new Outgoing('42["a"]'), new Outgoing('451-["b",{"_placeholder":true,"num":0}]', [hex("0102ff")])];
    expect(codec.write(batch)).toBe('42["a"]\u001e451-["b",{"_placeholder":true,"num":0}]\u001ebAQL/');
  });

  it("writes a shared packet once for all clients", () => {
    let written = 0;
    const toBase64 = (bytes: Uint8Array): string => {
      written++;
      return platform.toBase64(bytes);
    };
    const counting = new PayloadCodec({ ...platform, toBase64 });
    const packet = new Outgoing(hex("010203"));
    packet.shared = true;
    for (let client = 0; client < 5; client++) expect(counting.write([packet])).toBe("bAQID");
    expect(written).toBe(1);
  });

  it("gives back every list of packets that was written", () => {
    const text = anyText.map((data) => `4${data.replaceAll("\u001e", "")}`);
    const packet = fc.oneof(text, fc.uint8Array({ maxLength: 64 }));
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 10 }), (packets) => {
        const payload = codec.write(packets.map((each) => new Outgoing(each)));
        expect(read(payload)).toEqual({ packets });
      }),
    );
  });

  const refused = [
    { what: "an empty payload", payload: "", code: "PACKET_INVALID_PAYLOAD", before: 0 },
    { what: "two separators in a row", payload: "42\u001e\u001e42", code: "PACKET_INVALID_PAYLOAD", before: 1 },
    { what: "a separator at the end", payload: "42\u001e", code: "PACKET_INVALID_PAYLOAD", before: 1 },
    { what: "an unknown type", payload: "42\u001e7", code: "PACKET_UNKNOWN_TYPE", before: 1 },
    { what: "a page of HTML", payload: "<html></html>", code: "PACKET_UNKNOWN_TYPE", before: 0 },
    { what: "bytes in no Base64", payload: "bAQ*D", code: "PACKET_INVALID_BASE64", before: 0 },
  ];
  for (const { what, payload, code, before } of refused) {
    it(`refuses ${what} after the packets before it`, () => {
      const { packets, code: seen } = read(payload);
      expect(seen).toBe(code);
      expect(packets).toHaveLength(before);
    });
  }

  it("is not read on when its receiver wants no more", () => {
    expect(read("41\u001e42\u001e7", 1)).toEqual({ packets: ["41"] });
  });
});

describe("Base64", () => {
  const decode = (text: string): Uint8Array | undefined => readBase64(text, 0, text.length, platform.allocate);

  it("reads what Node writes, padded or not", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const padded = Buffer.from(bytes).toString("base64");
        expect(decode(padded)).toEqual(bytes);
        expect(decode(padded.replaceAll("=", ""))).toEqual(bytes);
      }),
    );
  });

  for (const text of ["A", "AAAAA", "A===", "AA=", "AAA==", "=", "==", "A=AA", "AA A", "AA-_", "AAA\u0100", "éAAA"]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(decode(text)).toBeUndefined();
    });
  }
});
