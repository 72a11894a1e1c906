import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BinaryMessage, Decoder, Encoder, type Message } from "../../../src/browser/compact/parser.js";
import { PacketType, type SocketPacket, encodePacket as strictEncode } from "../../../src/packet/socket-packet.js";

/** The last packet that is decoded from `messages`. */
function decoded(...messages: Message[]): SocketPacket | undefined {
  const decoder = new Decoder();
  let last: SocketPacket | undefined;
  decoder.on("decoded", (packet) => {
    last = packet;
  });
  for (const message of messages) decoder.add(message);
  return last;
}

const hex = (bytes: unknown): string =>
  (bytes instanceof ArrayBuffer
    ? Buffer.from(bytes)
    : Buffer.from((bytes as DataView).buffer, (bytes as DataView).byteOffset, (bytes as DataView).byteLength)
  ).toString("hex");

describe("the parser of the file without polling", () => {
  it("writes what the server's writes, and reads it again", () => {
    const value = fc.oneof(fc.jsonValue(), fc.uint8Array({ maxLength: 8 }));
    const packet = fc.record({
      type: fc.constant(PacketType.EVENT),
      nsp: fc.constantFrom("/", "/admin", "/a-1/2"),
      id: fc.nat(),
      data: fc.array(value, { maxLength: 3 }).map((args) => ["event", ...args]),
    });
    fc.assert(
      fc.property(packet, (each) => {
        const [text, ...attachments] = new Encoder().encode(each);
        const { head, rest = [] } = strictEncode(each);
        expect(`4${text as string}`).toBe(head);
        expect(attachments.map(hex)).toEqual(rest.map(hex));
        const received = attachments.map((view) => Uint8Array.from(view as Uint8Array).buffer);
        const again = decoded(text as string, ...received);
        expect(JSON.stringify(new Encoder().encode(again as SocketPacket)[0])).toBe(JSON.stringify(text));
      }),
    );
  });

  it.each([
    ["0", { type: 0, nsp: "/" }],
    ['0/admin,{"sid":"a"}', { type: 0, nsp: "/admin", data: { sid: "a" } }],
    ["1/admin,", { type: 1, nsp: "/admin" }],
    ["1/admin", { type: 1, nsp: "/admin" }],
    ['2/n,12["a"]', { type: 2, nsp: "/n", id: 12, data: ["a"] }],
    ['2[\n"a"\n]', { type: 2, nsp: "/", data: ["a"] }],
    ["30[]", { type: 3, nsp: "/", id: 0, data: [] }],
    ['4{"message":"no"}', { type: 4, nsp: "/", data: { message: "no" } }],
    ['50-["a"]', { type: 2, nsp: "/", data: ["a"] }],
  ])("reads %s", (text, expected) => {
    expect(decoded(text)).toEqual(expected);
  });

  it.each([
    [""],
    ["x"],
    ["7"],
    ["2"],
    ["2{}"],
    ["2["],
    ['2["connect"]'],
    ["3"],
    ['2"a"'],
    ['50-["a",{"_placeholder":true,"num":0}]'],
    [new ArrayBuffer(1)],
    ['51-["a",{"_placeholder":true,"num":0}]', "1"],
    ['51-["a",{"_placeholder":true,"num":1}]', new ArrayBuffer(1)],
  ])("refuses %s", (...messages) => {
    expect(() => decoded(...(messages as Message[]))).toThrow();
  });

  it("attaches every kind of bytes as it is, and Blobs", () => {
    const { buffer } = new Uint8Array([1, 2, 3, 4]);
    const given: (BinaryMessage | Blob)[] = [buffer, new DataView(buffer, 1, 2), Buffer.from([9]), new Blob(["x"])];
    const [text, ...attachments] = new Encoder().encode({ type: PacketType.EVENT, nsp: "/", data: ["a", ...given] });
    expect(text).toMatch(/^54-/);
    expect(attachments.every((attachment, index) => attachment === given[index])).toBe(true);
  });
});
