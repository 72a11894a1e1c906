// Conformance: frames of every size, reserved bits and opcodes, lengths, masks (RFC 6455 sections 5.1 to 5.3 and 6).
import { binary, type Case, failing, text } from "../case.js";
import { BINARY, CLOSE, closePayload, FIN, frame, header, PING, TEXT, type TestPeer } from "../peer.js";

const hello = (peer: TestPeer): Buffer => peer.frame(FIN | TEXT, "Hello");
/** Nothing of this may be heard of: it stands behind a mistake. */
const later = (peer: TestPeer): Buffer => Buffer.concat([hello(peer), peer.frame(FIN | PING, "late")]);

const SIZES = [0, 1, 124, 125, 126, 127, 128, 255, 256, 65_535, 65_536, 65_537];

function sizes(): Case[] {
  const cases: Case[] = [];
  for (const size of SIZES) {
    const letters = "*".repeat(size);
    const bytes = Buffer.from(Array.from({ length: size }, (_, at) => (at * 7) & 255));
    for (const chop of size < 1000 ? [undefined, 1, 2] : [undefined, 997, 4096]) {
      const how = chop === undefined ? "" : ` in pieces of ${chop}`;
      const options = chop === undefined ? {} : { chop };
      cases.push(
        {
          name: `5.2: a text of ${size} bytes${how}`,
          bytes: (peer) => peer.frame(FIN | TEXT, letters),
          frames: [text(letters)],
          ...options,
        },
        {
          name: `5.2: ${size} bytes${how}`,
          bytes: (peer) => peer.frame(FIN | BINARY, bytes),
          frames: [binary(bytes)],
          ...options,
        },
      );
    }
  }
  return cases;
}

function manySmall(): Case[] {
  const count = 500;
  const frames = Array.from({ length: count }, (_, n) => text(`n${n}`));
  const bytes = (peer: TestPeer): Buffer =>
    Buffer.concat(Array.from({ length: count }, (_, n) => peer.frame(FIN | TEXT, `n${n}`)));
  return [
    { name: "5.4: 500 messages in one piece, in order", bytes, frames },
    { name: "5.4: 500 messages in pieces of 7, in order", bytes, frames, chop: 7 },
  ];
}

function reserved(): Case[] {
  const cases: Case[] = [];
  for (let bits = 1; bits < 8; bits++) {
    const rsv = bits << 4;
    const named = `5.2: reserved bits ${bits.toString(2).padStart(3, "0")}`;
    for (const [what, first, payload] of [
      ["a text", FIN | TEXT, "Hello"],
      ["bytes", FIN | BINARY, "Hello"],
      ["a first fragment", TEXT, "Hello"],
      ["a ping", FIN | PING, "Hello"],
      ["a close", FIN | CLOSE, closePayload(1000)],
      ["an empty text", FIN | TEXT, ""],
    ] as const)
      cases.push(failing(`${named} on ${what}`, (peer) => [peer.frame(first | rsv, payload), later(peer)], 1002));
    cases.push(
      failing(
        `${named} behind a message`,
        (peer) => Buffer.concat([hello(peer), peer.frame(FIN | TEXT | rsv, "x"), later(peer)]),
        1002,
        [text("Hello")],
      ),
      failing(
        `${named} on a continuation`,
        (peer) => Buffer.concat([peer.frame(TEXT, "a"), peer.frame(FIN | rsv, "b"), later(peer)]),
        1002,
      ),
      { ...failing(`${named} byte by byte`, (peer) => peer.frame(FIN | TEXT | rsv, "Hello"), 1002), chop: 1 },
    );
  }
  return cases;
}

function opcodes(): Case[] {
  return [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
    failing(`5.2: opcode ${opcode}`, (peer) => [peer.frame(FIN | opcode), later(peer)], 1002),
    failing(`5.2: opcode ${opcode} with a payload`, (peer) => [peer.frame(FIN | opcode, "Hello"), later(peer)], 1002),
    failing(
      `5.2: opcode ${opcode} behind a message`,
      (peer) => Buffer.concat([hello(peer), peer.frame(FIN | opcode), later(peer)]),
      1002,
      [text("Hello")],
    ),
    {
      ...failing(
        `5.2: opcode ${opcode} behind a message, byte by byte`,
        (peer) => Buffer.concat([hello(peer), peer.frame(FIN | opcode, "x")]),
        1002,
        [text("Hello")],
      ),
      chop: 1,
    },
    failing(
      `5.2: opcode ${opcode} inside a message`,
      (peer) => Buffer.concat([peer.frame(TEXT, "a"), peer.frame(FIN | opcode), later(peer)]),
      1002,
    ),
  ]);
}

function lengths(): Case[] {
  const claims =
    (form: 16 | 64, length: number | bigint) =>
    (peer: TestPeer): Buffer =>
      Buffer.concat([header(FIN | BINARY, length, peer.masks, form), Buffer.alloc(10)]);
  return [
    ...[0, 1, 125].map((length) =>
      failing(`5.2: the length ${length} in 16 bits`, (peer) => peer.frame(FIN | TEXT, "a".repeat(length), 16), 1002),
    ),
    ...[0, 125, 126, 65_535].map((length) =>
      failing(
        `5.2: the length ${length} in 64 bits`,
        (peer) => peer.frame(FIN | BINARY, Buffer.alloc(length), 64),
        1002,
      ),
    ),
    failing("5.2: a length whose highest bit is set", claims(64, 1n << 63n), 1002),
    failing("5.2: a length of all ones", claims(64, (1n << 64n) - 1n), 1002),
    failing("10.4: a length of 2^60", claims(64, 1n << 60n), 1009),
    failing("10.4: a length of 2^53", claims(64, 1n << 53n), 1009),
    failing("10.4: a length of 2^32", claims(64, 1n << 32n), 1009),
  ];
}

function masks(): Case[] {
  return [
    ["a text", FIN | TEXT, "Hello"],
    ["an empty text", FIN | TEXT, ""],
    ["a ping", FIN | PING, ""],
    ["a close", FIN | CLOSE, closePayload(1000)],
  ].map(([what, first, payload]) =>
    failing(
      `5.1: ${what} that a client has not masked, or a server has`,
      (peer) => Buffer.concat([hello(peer), frame(first as number, payload as string, !peer.masks), later(peer)]),
      1002,
      [text("Hello")],
    ),
  );
}

export const framing: readonly Case[] = [
  ...sizes(),
  ...manySmall(),
  ...reserved(),
  ...opcodes(),
  ...lengths(),
  ...masks(),
];
