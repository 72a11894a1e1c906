import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePacket, PacketReader } from "../../../src/browser/packet-codec.js";
import { VaivenError } from "../../../src/errors.js";
import { PacketReader as StrictReader } from "../../../src/packet/packet-reader.js";
import { PacketType, type SocketPacket, encodePacket as strictEncode } from "../../../src/packet/socket-packet.js";

const bytes = fc.uint8Array({ maxLength: 8 });
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
    fc.boolean(),
    fc.constant(null),
    bytes,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__" && key !== "_placeholder" && key !== "toJSON"),
      tie("value"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;
const packet: fc.Arbitrary<SocketPacket> = fc
  .record({
    isEvent: fc.boolean(),
    nsp: fc.constantFrom("/", "/admin", "/a-1/2"),
    id: fc.nat(),
    args: fc.array(value, { maxLength: 3 }),
  })
  .map(({ isEvent, nsp, id, args }) => ({
    type: isEvent ? PacketType.EVENT : PacketType.ACK,
    nsp,
    id,
    data: isEvent ? ["event", ...args] : args,
  }));

function read(head: unknown, rest: readonly unknown[] = []): SocketPacket | undefined {
  const reader = new PacketReader();
  let result = reader.readMessage((head as string).slice(1));
  for (const part of rest) result = reader.readMessage(part);
  return result;
}

function strictRead(reader: StrictReader, head: unknown, rest: readonly unknown[] = []): SocketPacket | undefined {
  let result = reader.readText(head as string, 1);
  for (const part of rest) result = reader.readBinary(part as Uint8Array);
  return result;
}

describe("the browser's packet codec", () => {
  it("writes what the server's writes", () => {
    fc.assert(
      fc.property(packet, (each) => {
        const ours = encodePacket(each);
        const strict = strictEncode(each);
        expect(ours.head).toBe(strict.head);
        expect(ours.rest).toEqual(strict.rest);
      }),
    );
  });

  it("reads what the server's reader reads", () => {
    const limits = { maxAttachments: 1000, maxAttachmentBytes: 1e9 };
    fc.assert(
      fc.property(packet, (each) => {
        const { head, rest } = strictEncode(each);
        expect(read(head, rest)).toEqual(strictRead(new StrictReader(limits), head, rest));
      }),
    );
  });

  it.each([
    ["40", { type: 0, nsp: "/" }],
    ['40{"sid":"a"}', { type: 0, nsp: "/", data: { sid: "a" } }],
    ['40/admin,{"sid":"a"}', { type: 0, nsp: "/admin", data: { sid: "a" } }],
    ["41", { type: 1, nsp: "/" }],
    ["41/admin,", { type: 1, nsp: "/admin" }],
    ["41/admin", { type: 1, nsp: "/admin" }],
    ['42["a",1]', { type: 2, nsp: "/", data: ["a", 1] }],
    ['42/n,12["a"]', { type: 2, nsp: "/n", id: 12, data: ["a"] }],
    ["430[]", { type: 3, nsp: "/", id: 0, data: [] }],
    ['44{"message":"no"}', { type: 4, nsp: "/", data: { message: "no" } }],
    ['450-["a"]', { type: 2, nsp: "/", data: ["a"] }],
  ])("reads %s", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    "4",
    "4x",
    "47",
    "42",
    "42{}",
    "42[",
    '42["connect"]',
    "43",
    '42"a"',
    '450-["a",{"_placeholder":true,"num":0}]',
  ])("refuses %s", (text) => {
    expect(() => read(text)).toThrow(VaivenError);
  });

  it("refuses bytes that no packet announced, texts between attachments, and placeholders without bytes", () => {
    expect(() => new PacketReader().readMessage(new Uint8Array(1))).toThrow(VaivenError);
    const waiting = new PacketReader();
    waiting.readMessage('51-["a",{"_placeholder":true,"num":0}]');
    expect(() => waiting.readMessage("1")).toThrow(VaivenError);
    const lacking = new PacketReader();
    lacking.readMessage('51-["a",{"_placeholder":true,"num":1}]');
    expect(() => lacking.readMessage(new Uint8Array(1))).toThrow(VaivenError);
  });

  it("ends in a packet or in a documented refusal, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.stringMatching(/^4[0-6]\d?-?.{0,8}$/), bytes), { maxLength: 4 }),
        (inputs) => {
          const reader = new PacketReader();
          try {
            for (const input of inputs) reader.readMessage(input);
          } catch (error) {
            expect(error).toBeInstanceOf(VaivenError);
          }
        },
      ),
    );
  });

  it("refuses to write what JSON cannot hold", () => {
    const cyclic: unknown[] = ["a"];
    cyclic.push(cyclic);
    for (const data of [cyclic, ["a", 1n]]) {
      expect(() => encodePacket({ type: PacketType.EVENT, nsp: "/", data })).toThrow(
        expect.objectContaining({ code: "PACKET_INVALID_JSON" }),
      );
    }
  });

  it("takes the bytes of every kind of view, and of what has toJSON", () => {
    const { buffer } = new Uint8Array([1, 2, 3, 4]);
    const { rest } = encodePacket({
      type: PacketType.EVENT,
      nsp: "/",
      data: ["a", buffer, new DataView(buffer, 1, 2), new Uint16Array(buffer), Buffer.from([9])],
    });
    expect(rest?.map((part) => Buffer.from(part as Uint8Array).toString("hex"))).toEqual([
      "01020304",
      "0203",
      "01020304",
      "09",
    ]);
  });
});
