import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VaivenError } from "../../../src/errors.js";
import { Outgoing, wireForm } from "../../../src/packet/outgoing.js";
import { PacketReader } from "../../../src/packet/packet-reader.js";
import {
  encodeAck,
  encodeEvent,
  encodePacket,
  PacketType,
  type SocketPacket,
} from "../../../src/packet/socket-packet.js";

const LIMITS = { maxAttachments: 4, maxAttachmentBytes: 100 };

function codeOf(fn: () => unknown): string | undefined {
  try {
    fn();
    return undefined;
  } catch (error) {
    return (error as VaivenError).code;
  }
}

function roundTrip(
  packet: Outgoing,
  limits = { maxAttachments: 1000, maxAttachmentBytes: 1e6 },
): SocketPacket | undefined {
  const reader = new PacketReader(limits);
  let read = reader.readText(packet.head as string, 1);
  for (const bytes of packet.rest ?? []) {
    expect(read).toBeUndefined();
    read = reader.readBinary(bytes as Uint8Array);
  }
  return read;
}

describe("writing Socket.IO packets", () => {
  it.each<[string, Outgoing, string]>([
    ["an event of the main namespace", encodeEvent("/", undefined, ["foo"]), '42["foo"]'],
    ["an event with an id", encodeEvent("/", 12, ["foo", 1, null]), '4212["foo",1,null]'],
    ["an event of another namespace", encodeEvent("/admin", 1, ["tellme"]), '42/admin,1["tellme"]'],
    ["an acknowledgement", encodeAck("/admin", 456, []), "43/admin,456[]"],
    ["CONNECT", encodePacket({ type: PacketType.CONNECT, nsp: "/" }), "40"],
    [
      "CONNECT with data",
      encodePacket({ type: PacketType.CONNECT, nsp: "/a", data: { sid: "x" } }),
      '40/a,{"sid":"x"}',
    ],
    ["DISCONNECT", encodePacket({ type: PacketType.DISCONNECT, nsp: "/admin" }), "41/admin,"],
    [
      "CONNECT_ERROR",
      encodePacket({ type: PacketType.CONNECT_ERROR, nsp: "/", data: { message: "Not authorized" } }),
      '44{"message":"Not authorized"}',
    ],
  ])("writes %s as the protocol shows it", (_, packet, text) => {
    expect(packet.head).toBe(text);
    expect(packet.rest).toBeUndefined();
  });

  it("takes bytes out of the JSON and leaves the caller's object as it was", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const data = { deep: [{ bytes }], plain: "x" };
    const packet = encodeEvent("/", 7, ["file", data, bytes.buffer]);
    expect(packet.head).toBe(
      '452-7["file",{"deep":[{"bytes":{"_placeholder":true,"num":0}}],"plain":"x"},{"_placeholder":true,"num":1}]',
    );
    expect(packet.rest).toEqual([bytes, bytes]);
    expect(data.deep[0]?.bytes).toBe(bytes);
  });

  it("sends only the part of a buffer that a view covers", () => {
    const packet = encodeEvent("/", undefined, ["x", new DataView(Uint8Array.of(9, 8, 7, 6).buffer, 1, 2)]);
    expect(packet.rest).toEqual([Uint8Array.of(8, 7)]);
  });

  it("looks into what toJSON returns, as JSON.stringify does", () => {
    const bytes = Uint8Array.of(5);
    const packet = encodeEvent("/", undefined, ["x", { toJSON: () => ({ bytes }) }]);
    expect(packet.head).toBe('451-["x",{"bytes":{"_placeholder":true,"num":0}}]');
    expect(packet.rest).toEqual([bytes]);
  });

  it("keeps a key named __proto__ a plain key", () => {
    const data = JSON.parse('{"__proto__":{"a":1},"b":2}') as Record<string, unknown>;
    Object.defineProperty(data, "c", { value: Uint8Array.of(1), enumerable: true });
    const packet = encodeEvent("/", undefined, ["x", data]);
    expect(packet.head).toBe('451-["x",{"__proto__":{"a":1},"b":2,"c":{"_placeholder":true,"num":0}}]');
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  it("says what is wrong with a value that contains itself, however it branches", () => {
    const loop: Record<string, unknown> = {};
    loop.left = loop;
    loop.right = [loop];
    expect(codeOf(() => encodeEvent("/", undefined, ["x", loop]))).toBe("PACKET_CYCLIC");
  });

  it("accepts one object in two places, which is no cycle", () => {
    const twice = { a: 1 };
    expect(encodeEvent("/", undefined, ["x", { p: twice, q: [twice, twice] }]).head).toBe(
      '42["x",{"p":{"a":1},"q":[{"a":1},{"a":1}]}]',
    );
  });

  it("refuses nesting that would end in a stack overflow", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 5000; i++) deep = [deep];
    expect(codeOf(() => encodeEvent("/", undefined, ["x", deep]))).toBe("PACKET_TOO_DEEP");
  });

  it("reports a BigInt as invalid JSON", () => {
    expect(codeOf(() => encodeEvent("/", undefined, ["x", 1n]))).toBe("PACKET_INVALID_JSON");
  });
});

describe("reading Socket.IO packets", () => {
  const read = (text: string) => new PacketReader(LIMITS).readText(text, 0);

  it.each<[string, SocketPacket]>([
    ["0", { type: 0, nsp: "/" }],
    ['0/admin,{"token":"123"}', { type: 0, nsp: "/admin", data: { token: "123" } }],
    ["0/admin", { type: 0, nsp: "/admin" }],
    ["1/admin,", { type: 1, nsp: "/admin" }],
    ['2["hello",1]', { type: 2, nsp: "/", data: ["hello", 1] }],
    ['2/admin,456["project:delete",123]', { type: 2, nsp: "/admin", id: 456, data: ["project:delete", 123] }],
    ["3/admin,456[]", { type: 3, nsp: "/admin", id: 456, data: [] }],
    ['4{"message":"no"}', { type: 4, nsp: "/", data: { message: "no" } }],
    ['50-["x"]', { type: 2, nsp: "/", data: ["x"] }],
    ["2[5]", { type: 2, nsp: "/", data: [5] }],
  ])("reads %s", (text, packet) => {
    expect(read(text)).toEqual(packet);
  });

  it.each([
    ["", "PACKET_UNKNOWN_TYPE"],
    ["7", "PACKET_UNKNOWN_TYPE"],
    ["x", "PACKET_UNKNOWN_TYPE"],
    ["2", "PACKET_INVALID_PAYLOAD"],
    ["2{}", "PACKET_INVALID_PAYLOAD"],
    ["2[]", "PACKET_INVALID_PAYLOAD"],
    ["2[{}]", "PACKET_INVALID_PAYLOAD"],
    ['2["a"', "PACKET_INVALID_JSON"],
    ['2["disconnect"]', "PACKET_RESERVED_EVENT"],
    ['2["newListener"]', "PACKET_RESERVED_EVENT"],
    ["3[]", "PACKET_INVALID_ID"],
    ["31{}", "PACKET_INVALID_PAYLOAD"],
    ["0[]", "PACKET_INVALID_PAYLOAD"],
    ["0null", "PACKET_INVALID_PAYLOAD"],
    ["1{}", "PACKET_INVALID_PAYLOAD"],
    ["4", "PACKET_INVALID_PAYLOAD"],
    ['21234567890123456["a"]', "PACKET_INVALID_ID"],
    ['5["a"]', "PACKET_INVALID_PAYLOAD"],
    ['51["a"]', "PACKET_INVALID_PAYLOAD"],
    ['55-["a"]', "PACKET_TOO_MANY_ATTACHMENTS"],
    ['59999999999-["a"]', "PACKET_INVALID_PAYLOAD"],
  ])("refuses %j with %s", (text, code) => {
    expect(codeOf(() => read(text))).toBe(code);
  });

  it("refuses a text where an attachment is due, and bytes that nothing announced", () => {
    const reader = new PacketReader(LIMITS);
    expect(reader.readText('51-["a",{"_placeholder":true,"num":0}]', 0)).toBeUndefined();
    expect(codeOf(() => reader.readText('2["a"]', 0))).toBe("PACKET_ATTACHMENT_MISSING");
    expect(codeOf(() => new PacketReader(LIMITS).readBinary(Uint8Array.of(1)))).toBe("PACKET_ATTACHMENT_UNEXPECTED");
  });

  it.each([
    '51-["a",{"_placeholder":true,"num":1}]',
    '51-["a",{"_placeholder":true,"num":-1}]',
    '51-["a",{"_placeholder":true,"num":"length"}]',
    '51-["a",{"_placeholder":true}]',
  ])("refuses the placeholder without attachment in %s", (text) => {
    const reader = new PacketReader(LIMITS);
    reader.readText(text, 0);
    expect(codeOf(() => reader.readBinary(Uint8Array.of(1)))).toBe("PACKET_ATTACHMENT_MISSING");
  });

  it("counts the bytes of attachments toward their limit", () => {
    const reader = new PacketReader(LIMITS);
    reader.readText('52-["a",{"_placeholder":true,"num":0}]', 0);
    reader.readBinary(new Uint8Array(60));
    expect(codeOf(() => reader.readBinary(new Uint8Array(60)))).toBe("PACKET_ATTACHMENTS_TOO_BIG");
  });

  it("leaves out what an object inherits, as JSON does, beside bytes of its own too", () => {
    const inheriting = Object.assign(Object.create({ inherited: Uint8Array.of(9) }), { own: Uint8Array.of(1) });
    const { head, rest } = encodeEvent("/", undefined, ["a", inheriting]);
    expect([head, rest]).toEqual(['451-["a",{"own":{"_placeholder":true,"num":0}}]', [Uint8Array.of(1)]]);
  });

  it("never lets keys of a packet reach a prototype", () => {
    const reader = new PacketReader(LIMITS);
    reader.readText('51-["a",{"__proto__":{"polluted":{"_placeholder":true,"num":0}}}]', 0);
    const packet = reader.readBinary(Uint8Array.of(1));
    const [, data] = (packet as SocketPacket).data as [string, object];
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(Object.hasOwn(data, "__proto__")).toBe(true);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("refuses nesting around attachments that would end in a stack overflow", () => {
    const reader = new PacketReader(LIMITS);
    reader.readText(`51-["a",${"[".repeat(20_000)}${"]".repeat(20_000)}]`, 0);
    expect(codeOf(() => reader.readBinary(Uint8Array.of(1)))).toBe("PACKET_TOO_DEEP");
  });
});

describe("writing and reading", () => {
  const bytes = fc.uint8Array({ maxLength: 20 });
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 2 }),
      bytes,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
    ),
  })).value;
  const name = fc
    .string()
    .filter((text) => codeOf(() => new PacketReader(LIMITS).readText(`2${JSON.stringify([text])}`, 0)) === undefined);

  it("gives back what was written", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("/", "/a", "/a/b?c=d"),
        fc.option(fc.nat(), { nil: undefined }),
        name,
        fc.array(value, { maxLength: 4 }),
        (nsp, id, event, args) => {
          const packet = roundTrip(encodeEvent(nsp, id, [event, ...args]));
          const expected = JSON.parse(
            JSON.stringify([event, ...args], (_, item: unknown) =>
              item instanceof Uint8Array ? { b: [...item] } : item,
            ),
          );
          const got = JSON.parse(
            JSON.stringify(packet?.data, (_, item: unknown) => (item instanceof Uint8Array ? { b: [...item] } : item)),
          );
          expect(packet?.nsp).toBe(nsp);
          expect(packet?.id).toBe(id);
          expect(got).toEqual(expected);
        },
      ),
    );
  });

  it("ends every text in a packet or in a documented error", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9/,\-[\]{}":_a-z]{0,30}$/));
    fc.assert(
      fc.property(text, (input) => {
        const code = codeOf(() => new PacketReader(LIMITS).readText(input, 0));
        if (code !== undefined) expect(code).toMatch(/^PACKET_/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("an outgoing packet", () => {
  it("is encoded once per wire form", () => {
    let calls = 0;
    const form = wireForm((packet) => ({ text: packet.head, call: ++calls }));
    const other = wireForm(() => "other");
    const packet = encodeEvent("/", undefined, ["x"]);
    expect(packet.form(form)).toBe(packet.form(form));
    expect(packet.form(other)).toBe("other");
    expect(calls).toBe(1);
  });

  it("counts text as UTF-8 and attachments as they are", () => {
    const packet = new Outgoing("4ñ", [new Uint8Array(10)]);
    expect(packet.byteLength((text) => Buffer.byteLength(text))).toBe(13);
  });
});
