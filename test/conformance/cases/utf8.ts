// Conformance: UTF-8 of texts, in one piece, in fragments and byte by byte, and refused at its first wrong byte (RFC 6455 section 8.1).
import { type Case, text } from "../case.js";
import { CONTINUATION, FIN, TEXT, type TestPeer } from "../peer.js";

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");

/** Everything of these is text. */
const VALID: Readonly<Record<string, string>> = {
  "Greek with accents": "ce ba e1 bd b9 cf 83 ce bc ce b5",
  "U+0000": "00",
  "U+007F, the last of one byte": "7f",
  "U+0080, the first of two": "c2 80",
  "U+07FF, the last of two": "df bf",
  "U+0800, the first of three": "e0 a0 80",
  "U+D7FF, below the surrogates": "ed 9f bf",
  "U+E000, above the surrogates": "ee 80 80",
  "U+FFFD": "ef bf bd",
  "U+FFFE and U+FFFF, which are no characters": "ef bf be ef bf bf",
  "U+FEFF at the beginning": "ef bb bf 61",
  "U+10000, the first of four": "f0 90 80 80",
  "U+1FFFF": "f0 9f bf bf",
  "U+40000": "f1 80 80 80",
  "U+10FFFF, the last": "f4 8f bf bf",
  "two of four bytes": "f0 9f 98 80 f0 9f 98 81",
  "every length": "24 c2 a2 e2 82 ac f0 90 8d 88",
};

/** The bytes before the bar can still become text; the next one cannot. */
const INVALID: Readonly<Record<string, string>> = {
  "a continuation of nothing": "| 80",
  "the highest continuation of nothing": "| bf",
  "a continuation behind a letter": "61 | 80",
  "two bytes cut short by a letter": "c3 | 28",
  "three bytes cut short": "e2 82 | 28",
  "three bytes cut short early": "e2 | 28 a1",
  "four bytes cut short": "f0 90 8c | 28",
  "four bytes cut short in their second": "f0 | 28 8c bc",
  "C0, which begins nothing": "| c0 af",
  "C1, which begins nothing": "| c1 bf",
  "an overlong form of three bytes": "e0 | 80 af",
  "the last overlong form of three bytes": "e0 | 9f bf",
  "an overlong form of four bytes": "f0 | 80 80 af",
  "the last overlong form of four bytes": "f0 | 8f bf bf",
  "a high surrogate": "ed | a0 80",
  "the last high surrogate": "ed | af bf",
  "a low surrogate": "ed | b0 80",
  "a pair of surrogates": "ed | a0 80 ed b0 80",
  "U+110000, beyond the last": "f4 | 90 80 80",
  "F5, which begins nothing": "| f5 80 80 80",
  "five bytes": "| f8 88 80 80 80",
  "six bytes": "| fc 84 80 80 80 80",
  FE: "| fe",
  FF: "| ff",
  "a surrogate behind text": "ce ba e1 bd b9 cf 83 ce bc ce b5 ed | a0 80 65 64 69 74 65 64",
  "beyond the last code point, behind text": "ce ba e1 bd b9 cf 83 ce bc ce b5 f4 | 90 80 80 65 64 69 74 65 64",
};

/** Text that ends inside a character. */
const CUT: readonly string[] = ["c3", "e2", "e2 82", "f0", "f0 90", "f0 90 8c", "61 62 c3"];

const FILL = Buffer.from("0123456789".repeat(30));

function fragmented(peer: TestPeer, bytes: Buffer, size: number, isWhole = true): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < Math.max(bytes.length, 1); at += size) {
    const isLast = isWhole && at + size >= bytes.length;
    frames.push(peer.frame((at === 0 ? TEXT : CONTINUATION) | (isLast ? FIN : 0), bytes.subarray(at, at + size)));
  }
  return Buffer.concat(frames);
}

function valid(): Case[] {
  return Object.entries(VALID).flatMap(([what, digits]) => {
    const bytes = hex(digits);
    const frames = [text(bytes)];
    return [
      { name: `8.1: ${what}`, bytes: (peer: TestPeer) => peer.frame(FIN | TEXT, bytes), frames },
      { name: `8.1: ${what}, byte by byte`, bytes: (peer: TestPeer) => peer.frame(FIN | TEXT, bytes), frames, chop: 1 },
      { name: `5.6: ${what}, in fragments of one byte`, bytes: (peer: TestPeer) => fragmented(peer, bytes, 1), frames },
      {
        name: `8.1: ${what}, behind 300 letters`,
        bytes: (peer: TestPeer) => peer.frame(FIN | TEXT, Buffer.concat([FILL, bytes, FILL])),
        frames: [text(Buffer.concat([FILL, bytes, FILL]))],
      },
    ];
  });
}

function invalid(): Case[] {
  return Object.entries(INVALID).flatMap(([what, digits]) => {
    const [good = "", bad = ""] = digits.split("|");
    const start = hex(good);
    const whole = Buffer.concat([start, hex(bad)]);
    const soFar = Buffer.concat([start, hex(bad).subarray(0, 1)]);
    const fails = { close: 1007 } as const;
    return [
      { name: `8.1: ${what}`, bytes: (peer: TestPeer) => peer.frame(FIN | TEXT, whole), ...fails },
      {
        name: `8.1: ${what}, byte by byte`,
        bytes: (peer: TestPeer) => peer.frame(FIN | TEXT, whole),
        chop: 1,
        ...fails,
      },
      {
        name: `8.1: ${what}, in fragments of one byte`,
        bytes: (peer: TestPeer) => fragmented(peer, whole, 1),
        ...fails,
      },
      {
        name: `8.1: ${what}, among 600 letters`,
        bytes: (peer: TestPeer) => peer.frame(FIN | TEXT, Buffer.concat([FILL, whole, FILL])),
        ...fails,
      },
      // What would finish the frame, or the message, is never sent: the wrong byte is enough.
      { name: `8.1: ${what}, fails inside the frame`, bytes: (peer: TestPeer) => unfinished(peer, soFar), ...fails },
      {
        name: `8.1: ${what}, fails inside the message`,
        bytes: (peer: TestPeer) => fragmented(peer, soFar, 1, false),
        ...fails,
      },
    ];
  });
}

/** A frame that announces 1,000 bytes more than are sent. */
function unfinished(peer: TestPeer, bytes: Buffer): Buffer {
  const longer = peer.frame(FIN | TEXT, Buffer.concat([bytes, Buffer.alloc(1000, 0x61)]));
  return longer.subarray(0, longer.length - 1000);
}

function cut(): Case[] {
  return CUT.flatMap((digits) => [
    {
      name: `8.1: a text that ends inside a character, ${digits}`,
      bytes: (peer: TestPeer) => peer.frame(FIN | TEXT, hex(digits)),
      close: 1007,
    },
    {
      name: `8.1: a text that ends inside a character, ${digits}, in fragments`,
      bytes: (peer: TestPeer) => Buffer.concat([fragmented(peer, hex(digits), 1, false), peer.frame(FIN)]),
      close: 1007,
    },
  ]);
}

export const utf8: readonly Case[] = [...valid(), ...invalid(), ...cut()];
