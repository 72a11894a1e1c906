// The MUSTs of RFC 6455 sections 5 to 7 and 10, and of RFC 7692, one by one under their sections, for both ends. How they are kept in detail
// (chunks, order, re-entry) is in the tests of decoder, connection, handshake and deflate.
import { describe, expect, it } from "vitest";
import type { DeflateAgreement } from "../../../src/frame/deflate.js";
import type { ConnectionRole } from "../../../src/frame/profile.js";
import { nodeBytePrimitives } from "../../../src/node/byte-primitives.js";
import { closeOf, frameHex, Recorded } from "./recorder.js";

/** What each role receives is masked, or is not. */
const received = (role: ConnectionRole, byte0: number, payload: Uint8Array | string = ""): string =>
  frameHex(byte0, payload, role === "server");
const hex = (text: string): Uint8Array => Buffer.from(text, "hex");
const ROLES: readonly ConnectionRole[] = ["server", "client"];

const AGREEMENT: DeflateAgreement = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};

/** Frames that end the connection: the section with what it says, the frames for a role, the error, the close code. */
const VIOLATIONS: readonly (readonly [string, (role: ConnectionRole) => string, string, number])[] = [
  [
    "5.2: RSV1 to RSV3 MUST be 0 without an extension (RSV1)",
    (role) => received(role, 0xc1),
    "FRAME_RESERVED_BITS",
    1002,
  ],
  [
    "5.2: RSV1 to RSV3 MUST be 0 without an extension (RSV2)",
    (role) => received(role, 0xa1),
    "FRAME_RESERVED_BITS",
    1002,
  ],
  [
    "5.2: RSV1 to RSV3 MUST be 0 without an extension (RSV3)",
    (role) => received(role, 0x91),
    "FRAME_RESERVED_BITS",
    1002,
  ],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode) =>
      [
        `5.2: an unknown opcode MUST fail the connection (${opcode})`,
        (role: ConnectionRole) => received(role, 0x80 | opcode),
        "FRAME_RESERVED_OPCODE",
        1002,
      ] as const,
  ),
  [
    "5.2: the minimal number of bytes MUST be used for the length (16 bits)",
    (role) => (role === "server" ? "81fe007d00000000" : "817e007d"),
    "FRAME_LENGTH_INVALID",
    1002,
  ],
  [
    "5.2: the minimal number of bytes MUST be used for the length (64 bits)",
    (role) => (role === "server" ? "82ff000000000000ffff00000000" : "827f000000000000ffff"),
    "FRAME_LENGTH_INVALID",
    1002,
  ],
  [
    "5.2: the most significant bit of a 64-bit length MUST be 0",
    (role) => (role === "server" ? "82ff800000000000000000000000" : "827f8000000000000000"),
    "FRAME_LENGTH_INVALID",
    1002,
  ],
  [
    "5.4: fragments of one message MUST NOT be interleaved with those of another",
    (role) => received(role, 0x01, "a") + received(role, 0x01, "b"),
    "FRAME_UNFINISHED_MESSAGE",
    1002,
  ],
  [
    "5.4: a continuation needs a message to continue",
    (role) => received(role, 0x80, "a"),
    "FRAME_UNEXPECTED_CONTINUATION",
    1002,
  ],
  [
    "5.5: control frames MUST NOT be fragmented (close)",
    (role) => received(role, 0x08),
    "FRAME_CONTROL_FRAGMENTED",
    1002,
  ],
  [
    "5.5: control frames MUST NOT be fragmented (ping)",
    (role) => received(role, 0x09),
    "FRAME_CONTROL_FRAGMENTED",
    1002,
  ],
  [
    "5.5: control frames MUST NOT be fragmented (pong)",
    (role) => received(role, 0x0a),
    "FRAME_CONTROL_FRAGMENTED",
    1002,
  ],
  [
    "5.5: control frames MUST have a payload of 125 bytes or less",
    (role) => received(role, 0x89, Buffer.alloc(126)),
    "FRAME_CONTROL_TOO_LONG",
    1002,
  ],
  [
    "5.5.1: the body of a close MUST begin with two bytes",
    (role) => received(role, 0x88, hex("03")),
    "FRAME_CLOSE_INVALID",
    1002,
  ],
  [
    "5.5.1: the reason of a close MUST be UTF-8",
    (role) => received(role, 0x88, hex("03e8ff")),
    "FRAME_INVALID_UTF8",
    1007,
  ],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map(
    (code) =>
      [
        `7.4: a code that is reserved or not defined MUST NOT be in a close frame (${code})`,
        (role: ConnectionRole) => received(role, 0x88, Buffer.from([code >> 8, code & 255])),
        "FRAME_CLOSE_INVALID",
        1002,
      ] as const,
  ),
  [
    "8.1: text that is not UTF-8 MUST fail the connection",
    (role) => received(role, 0x81, hex("c328")),
    "FRAME_INVALID_UTF8",
    1007,
  ],
  ["8.1: surrogates are no UTF-8", (role) => received(role, 0x81, hex("eda080")), "FRAME_INVALID_UTF8", 1007],
  ["8.1: overlong forms are no UTF-8", (role) => received(role, 0x81, hex("c0af")), "FRAME_INVALID_UTF8", 1007],
  [
    "8.1: code points above 10FFFF are no UTF-8",
    (role) => received(role, 0x81, hex("f4908080")),
    "FRAME_INVALID_UTF8",
    1007,
  ],
];

describe("RFC 6455, what fails the connection (section 7.1.7), at both ends", () => {
  for (const [section, bytes, code, closeCode] of VIOLATIONS) {
    for (const role of ROLES) {
      it(`section ${section}: the ${role} refuses it`, () => {
        const recorded = new Recorded({ role });
        recorded.receive(bytes(role)).receive(received(role, 0x81, "later"));
        expect(recorded.events).toEqual([`error ${code}`, `close ${closeCode} "" unclean`]);
        expect(recorded.frames).toHaveLength(1);
        expect(recorded.ended).toBe(1);
        if (role === "server") expect(closeOf(recorded.frames[0] as string).code).toBe(closeCode);
      });
    }
  }

  it("section 5.1: a server MUST close on a frame that is not masked", () => {
    const recorded = new Recorded({ role: "server" });
    recorded.receive(frameHex(0x81, "a", false));
    expect(recorded.events).toEqual(["error FRAME_MASK_REQUIRED", 'close 1002 "" unclean']);
  });

  it("section 5.1: a client MUST close on a frame that is masked", () => {
    const recorded = new Recorded({ role: "client" });
    recorded.receive(frameHex(0x81, "a", true));
    expect(recorded.events).toEqual(["error FRAME_MASK_FORBIDDEN", 'close 1002 "" unclean']);
  });
});

describe("RFC 6455, what an endpoint must do", () => {
  for (const role of ROLES) {
    it(`section 5.1: a client MUST mask every frame, a server MUST NOT: the ${role}`, () => {
      const recorded = new Recorded({ role });
      recorded.connection.sendText("a");
      recorded.connection.sendBinary(hex("01"));
      recorded.connection.ping();
      recorded.connection.close(1000, "");
      const masked = recorded.frames.map((frame) => (Number.parseInt(frame.slice(2, 4), 16) & 0x80) !== 0);
      expect(masked).toEqual(Array.from({ length: 4 }, () => role === "client"));
    });

    it(`section 5.3: the masking key MUST come from the host's source of random bytes: the ${role}`, () => {
      const randomFill = (target: Uint8Array): void => void target.fill(0xa5);
      const recorded = new Recorded({ role, primitives: { ...nodeBytePrimitives, randomFill } });
      recorded.connection.sendText("\0\0");
      expect(recorded.frames).toEqual([role === "client" ? "8182a5a5a5a5a5a5" : "81020000"]);
    });

    it(`section 5.4: control frames MAY be between fragments and MUST be handled there: the ${role}`, () => {
      const recorded = new Recorded({ role });
      recorded.receive(received(role, 0x01, "a"), received(role, 0x89, "p"), received(role, 0x80, "b"));
      expect(recorded.events).toEqual(["ping 70", "text ab"]);
    });

    it(`section 5.5.1: an endpoint MUST NOT send data after a close frame: the ${role}`, () => {
      const recorded = new Recorded({ role });
      recorded.connection.close(1000, "");
      expect(recorded.connection.sendText("late")).toBe(false);
      expect(recorded.connection.sendBinary(hex("01"))).toBe(false);
      recorded.connection.ping();
      expect(recorded.frames).toHaveLength(1);
    });

    it(`section 5.5.1: a close MUST be answered with a close: the ${role}`, () => {
      const recorded = new Recorded({ role });
      recorded.receive(received(role, 0x88, hex("03e8")));
      expect(recorded.frames).toHaveLength(1);
      expect(recorded.events).toEqual(['close 1000 "" clean']);
    });

    it(`section 5.5.2: a ping MUST be answered with a pong of the same data: the ${role}`, () => {
      const recorded = new Recorded({ role });
      recorded.receive(received(role, 0x89, "same"));
      const frame = Buffer.from(recorded.frames[0] as string, "hex");
      expect(frame[0]).toBe(0x8a);
      const key = role === "client" ? frame.subarray(2, 6) : Buffer.alloc(4);
      const payload = frame.subarray(role === "client" ? 6 : 2).map((byte, at) => byte ^ (key[at & 3] as number));
      expect(Buffer.from(payload).toString()).toBe("same");
    });

    for (const code of [
      1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
    ]) {
      it(`section 7.4: a code that may be sent is taken: ${code}, the ${role}`, () => {
        const recorded = new Recorded({ role });
        recorded.receive(received(role, 0x88, Buffer.from([code >> 8, code & 255])));
        expect(recorded.events).toEqual([`close ${code} "" clean`]);
      });
    }

    it(`section 7.1.5: the code is 1005 where the close frame has none, 1006 where there was no close frame: the ${role}`, () => {
      const without = new Recorded({ role });
      without.receive(received(role, 0x88));
      expect(without.events).toEqual(['close 1005 "" clean']);
      const never = new Recorded({ role });
      never.connection.transportClosed();
      expect(never.events).toEqual(['close 1006 "" unclean']);
    });
  }
});

describe("RFC 7692, at both ends", () => {
  for (const role of ROLES) {
    it(`section 6: RSV1 MUST NOT be set on a frame that is not the first of its message: the ${role}`, () => {
      const recorded = new Recorded({ role, agreement: AGREEMENT });
      recorded.receive(received(role, 0x41, hex("4a0400")), received(role, 0xc0, hex("00")));
      expect(recorded.events[0]).toBe("error FRAME_RESERVED_BITS");
    });

    it(`section 6: RSV1 MUST NOT be set on control frames: the ${role}`, () => {
      const recorded = new Recorded({ role, agreement: AGREEMENT });
      recorded.receive(received(role, 0xc9));
      expect(recorded.events[0]).toBe("error FRAME_RESERVED_BITS");
    });

    it(`section 7.2.2: 00 00 FF FF is appended before a message is inflated, and section 6.2: one without RSV1 is taken as it is: the ${role}`, () => {
      const recorded = new Recorded({ role, agreement: AGREEMENT });
      recorded.receive(received(role, 0xc1, hex("f248cdc9c90700")), received(role, 0x81, "Hello"));
      expect(recorded.events).toEqual(["text Hello", "text Hello"]);
    });

    it(`section 7.2.1: a message MAY have any number of blocks, of any kind, in any fragments: the ${role}`, () => {
      const recorded = new Recorded({ role, agreement: AGREEMENT });
      // Two blocks; a stored block; one whose final bit is set, with the byte that follows; and the first again, in two fragments.
      recorded.receive(received(role, 0xc1, hex("f248050000 00ffffcac9c90700".replace(" ", ""))));
      recorded.receive(received(role, 0xc1, hex("000500faff48656c6c6f00")));
      recorded.receive(received(role, 0xc1, hex("f348cdc9c9070000")));
      recorded.receive(received(role, 0x41, hex("f248cd")), received(role, 0x80, hex("c9c90700")));
      expect(recorded.events).toEqual(Array.from({ length: 4 }, () => "text Hello"));
    });

    it(`section 6.1: what is sent compressed MUST have RSV1, and section 7.2.1: it ends without 00 00 FF FF: the ${role}`, () => {
      const recorded = new Recorded({ role, agreement: AGREEMENT });
      recorded.connection.sendText("a".repeat(5000));
      const frame = Buffer.from(recorded.frames[0] as string, "hex");
      expect((frame[0] as number) & 0x70).toBe(0x40);
      expect(frame.subarray(-4).toString("hex")).not.toBe("0000ffff");
    });
  }
});
