// node/frame-writer.ts: one write per connection and turn, memory that is reused, and bytes that stay what they were.
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { FrameWriter } from "../../../src/node/frame-writer.js";
import { Outgoing } from "../../../src/packet/outgoing.js";

/** A socket that keeps the chunks themselves, as the kernel's queue would; it takes them at once, or only when told. */
class FakeSocket extends Duplex {
  readonly writes: Buffer[] = [];
  readonly encodings: string[] = [];
  private readonly holds: boolean;
  private pending: (() => void)[] = [];

  constructor(holds = false) {
    super({ decodeStrings: false });
    this.holds = holds;
  }

  override _read(): void {}

  override _write(chunk: Buffer, encoding: string, done: () => void): void {
    this.encodings.push(encoding);
    this.accept([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.accept(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  release(): void {
    for (const done of this.pending.splice(0)) done();
  }

  private accept(chunks: Buffer[], done: () => void): void {
    this.writes.push(...chunks);
    if (this.holds) this.pending.push(done);
    else done();
  }
}

const hex = (socket: FakeSocket): string => Buffer.concat(socket.writes).toString("hex");

function shared(packet: string | Uint8Array): Outgoing {
  const outgoing = new Outgoing(packet);
  outgoing.shared = true;
  return outgoing;
}

describe("the frame writer", () => {
  it("writes a batch as unmasked frames in one write", () => {
    const socket = new FakeSocket();
    new FrameWriter().write(socket, [new Outgoing("42"), new Outgoing("4é", [Uint8Array.from([1, 2])])]);
    expect(socket.writes).toHaveLength(1);
    expect(hex(socket)).toBe("81023432" + "810334c3a9" + "82020102");
  });

  it("hands the frames of short ASCII texts over as one string", () => {
    const socket = new FakeSocket();
    const texts = ["42[1]", "3"].map((text) => {
      const packet = new Outgoing(text);
      packet.isAscii = true;
      return packet;
    });
    new FrameWriter().write(socket, texts);
    expect(socket.writes).toEqual(["\x81\x0542[1]\x81\x013"]);
    expect(socket.encodings).toEqual(["latin1"]);
  });

  it("uses the same memory again once the operating system has the bytes", () => {
    const writer = new FrameWriter();
    const chunks: Buffer[] = [];
    class TakingSocket extends Socket {
      override _write(chunk: Buffer, _encoding: string, done: () => void): void {
        chunks.push(chunk);
        done();
      }
    }
    const socket = new TakingSocket();
    writer.write(socket, [new Outgoing("4a")]);
    writer.write(socket, [new Outgoing("4b")]);
    expect(chunks[0]).toBe(chunks[1]);
    expect(chunks[1]?.toString("hex")).toBe("81023462");
  });

  it("never uses it again under a stream that is no socket", () => {
    const writer = new FrameWriter();
    const stream = new FakeSocket();
    writer.write(stream, [new Outgoing("4a")]);
    writer.write(stream, [new Outgoing("4b")]);
    expect(hex(stream)).toBe("81023461" + "81023462");
  });

  it("leaves alone what the operating system has not taken", () => {
    const writer = new FrameWriter();
    const slow = new FakeSocket(true);
    writer.write(slow, [new Outgoing("4slow")]);
    const quick = new FakeSocket();
    for (let round = 0; round < 3; round++) writer.write(quick, [new Outgoing("4quick")]);
    expect(slow.writes[0]?.toString("latin1", 2)).toBe("4slow");
  });

  it("leaves it alone also when the slab is used up many times over", () => {
    const writer = new FrameWriter();
    const slow: FakeSocket[] = [];
    for (let count = 0; count < 400; count++) {
      const socket = new FakeSocket(true);
      slow.push(socket);
      writer.write(socket, [new Outgoing(`4${count}`.padEnd(1000, "-"))]);
    }
    slow.forEach((socket, count) => {
      expect(socket.writes[0]?.toString("latin1", 4).replace(/-+$/, "")).toBe(`4${count}`);
    });
  });

  it("gives all receivers of a shared packet one buffer", () => {
    const writer = new FrameWriter();
    const packet = shared("4news");
    const [one, two] = [new FakeSocket(), new FakeSocket()];
    writer.write(one, [packet]);
    writer.write(two, [packet]);
    expect(one.writes[0]).toBe(two.writes[0]);
    expect(hex(one)).toBe(`8105${Buffer.from("4news").toString("hex")}`);
  });

  it("joins the same sequence of shared packets once for all who send it", () => {
    const writer = new FrameWriter();
    const packets = [shared("4a"), shared("4b"), shared(Uint8Array.from([9]))];
    const [one, two, other] = [new FakeSocket(), new FakeSocket(), new FakeSocket()];
    writer.write(one, packets);
    writer.write(two, [...packets]);
    writer.write(other, [packets[1]!, packets[0]!]);
    expect(one.writes).toHaveLength(1);
    expect(two.writes[0]).toBe(one.writes[0]);
    expect(hex(one)).toBe("81023461" + "81023462" + "820109");
    expect(hex(other)).toBe("81023462" + "81023461");
  });

  it("writes the answer to a handshake in one piece with the first packets, and by itself before large ones", () => {
    const [socket, other] = [new FakeSocket(), new FakeSocket()];
    new FrameWriter().write(socket, [new Outgoing("4a"), shared("4b")], "HTTP/1.1 é\r\n\r\n");
    expect(socket.writes.map((bytes) => bytes.toString("latin1"))).toEqual(["HTTP/1.1 é\r\n\r\n\x81\x024a\x81\x024b"]);
    new FrameWriter().write(other, [new Outgoing(`4${"x".repeat(200_000)}`)], "HTTP/1.1\r\n\r\n");
    const bytes = Buffer.concat(other.writes.map((chunk) => Buffer.from(chunk)));
    expect(bytes.toString("latin1", 0, 12)).toBe("HTTP/1.1\r\n\r\n");
    expect(bytes).toHaveLength(12 + 10 + 200_001);
  });

  it("keeps the order of shared packets and others", () => {
    const socket = new FakeSocket();
    new FrameWriter().write(socket, [new Outgoing("4a"), shared("4b"), new Outgoing("4c")]);
    expect(socket.writes).toHaveLength(1);
    expect(hex(socket)).toBe("81023461" + "81023462" + "81023463");
  });

  it("does not copy large bytes", () => {
    const socket = new FakeSocket();
    const large = Buffer.alloc(100_000, 7);
    new FrameWriter().write(socket, [new Outgoing("4head", [large]), new Outgoing("4tail")]);
    expect(socket.writes).toContain(large);
    const all = Buffer.concat(socket.writes);
    expect(all.subarray(0, 7).toString("hex")).toBe(`8105${Buffer.from("4head").toString("hex")}`);
    expect(all.subarray(7, 17).toString("hex")).toBe("827f00000000000186a0");
    expect(all.subarray(17 + 100_000).toString("latin1", 2)).toBe("4tail");
  });

  it("writes text of any length with the right length in front", () => {
    for (const length of [0, 1, 124, 125, 126, 127, 42, 65_534, 65_535, 65_536, 200_000]) {
      for (const unit of ["x", "é", "€"]) {
        const socket = new FakeSocket();
        const text = unit.repeat(length);
        new FrameWriter().write(socket, [new Outgoing(text), new Outgoing("2")]);
        const all = Buffer.concat(socket.writes);
        const size = Buffer.byteLength(text);
        const header = size < 126 ? 2 : size < 65_536 ? 4 : 10;
        const told = size < 126 ? all[1] : size < 65_536 ? all.readUInt16BE(2) : Number(all.readBigUInt64BE(2));
        expect(told).toBe(size);
        expect(all.subarray(header, header + size).equals(Buffer.from(text))).toBe(true);
        expect(all.subarray(header + size).toString("hex")).toBe("810132");
      }
    }
  });

  it("joins texts that are known to be ASCII with whatever stands between them, whatever their length", () => {
    const ascii = (length: number): Outgoing => {
      const packet = new Outgoing("x".repeat(length));
      packet.isAscii = true;
      return packet;
    };
    const withBytes = new Outgoing("451-", [Uint8Array.from([1, 2])]);
    withBytes.isAscii = true;
    const lengths = [0, 1, 125, 126, 127, 255, 256, 5000];
    const batch = [...lengths.map(ascii), new Outgoing("4é"), ascii(3), withBytes, shared("4b"), ascii(126)];
    const [joined, alone] = [new FakeSocket(), new FakeSocket()];
    new FrameWriter().write(joined, batch);
    for (const { head, rest } of batch) new FrameWriter().write(alone, [new Outgoing(head, rest)]);
    expect(joined.writes).toHaveLength(1);
    expect(hex(joined)).toBe(hex(alone));
    for (const length of [65_535, 65_536]) {
      const [one, other] = [new FakeSocket(), new FakeSocket()];
      new FrameWriter().write(one, [ascii(length)]);
      new FrameWriter().write(other, [new Outgoing("x".repeat(length))]);
      expect(hex(one)).toBe(hex(other));
    }
  });
});
