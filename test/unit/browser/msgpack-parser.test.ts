import { createRequire } from "node:module";
import { decode } from "notepack.io";
import { describe, expect, it } from "vitest";
import { Decoder, Encoder } from "../../../src/browser/msgpack-parser.js";
import { VaivenError } from "../../../src/errors.js";
import { PacketType, type SocketPacket } from "../../../src/packet/socket-packet.js";

/** The parser that servers use. */
const stock = createRequire(import.meta.url)("socket.io-msgpack-parser") as {
  Encoder: new () => { encode(packet: SocketPacket): [Uint8Array] };
  Decoder: new () => {
    on(event: "decoded", listener: (packet: SocketPacket) => void): void;
    add(bytes: unknown): void;
  };
};

/** On Node, notepack.io reads strings out of a Buffer only; in browsers it is given an ArrayBuffer. */
const bytesOf = (hex: string): Uint8Array => Buffer.from(hex, "hex");
const encode = (packet: SocketPacket): Buffer => Buffer.from(new Encoder().encode(packet)[0] as ArrayBuffer);
const read = (bytes: unknown): SocketPacket | undefined => {
  const decoder = new Decoder();
  let last: SocketPacket | undefined;
  decoder.on("decoded", (packet) => {
    last = packet;
  });
  decoder.add(bytes);
  return last;
};

const PACKETS: readonly SocketPacket[] = [
  { type: PacketType.CONNECT, nsp: "/admin", data: { token: 1 } },
  { type: PacketType.DISCONNECT, nsp: "/" },
  { type: PacketType.EVENT, nsp: "/", data: ["toma un random", { numero: 7 }], id: 3 },
  { type: PacketType.ACK, nsp: "/", data: [null, "ñ"], id: 0 },
];

describe("packets as MessagePack", () => {
  it("are written as one binary message, without the keys that are absent", () => {
    expect(encode({ type: PacketType.DISCONNECT, nsp: "/" }).toString("hex")).toBe("82a47479706501a36e7370a12f");
  });

  it("are read by socket.io-msgpack-parser", () => {
    const decoded: SocketPacket[] = [];
    const decoder = new stock.Decoder();
    decoder.on("decoded", (packet) => decoded.push(packet));
    for (const packet of PACKETS) decoder.add(encode(packet));
    expect(decoded).toEqual(PACKETS);
  });

  it("are read as socket.io-msgpack-parser writes them", () => {
    const encoder = new stock.Encoder();
    for (const packet of PACKETS) expect(read(encoder.encode(packet)[0])).toEqual(packet);
  });

  it("carry bytes as they are", () => {
    const data = ["bytes", new Uint8Array([1, 2])];
    expect(decode(encode({ type: PacketType.EVENT, nsp: "/", data }))).toEqual({
      type: 2,
      nsp: "/",
      data: ["bytes", Buffer.from([1, 2])],
    });
  });

  it.each([
    ["no MessagePack", "c1"],
    ["no map", "93010203"],
    ["null", "c0"],
    ["a packet without a namespace", "81a47479706501"],
    ["an unknown type", "82a47479706509a36e7370a12f"],
    ["an event without arguments", "82a47479706502a36e7370a12f"],
    ["an event of a reserved name", "83a47479706502a46461746191a7636f6e6e656374a36e7370a12f"],
    ["an acknowledgement without an id", "83a47479706503a46461746190a36e7370a12f"],
  ])("are refused where they are %s", (_, hex) => {
    expect(() => read(bytesOf(hex))).toThrow(VaivenError);
  });

  it("are refused as text", () => {
    expect(() => read('2["a"]')).toThrow(VaivenError);
  });
});
