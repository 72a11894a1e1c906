// Conformance: messages of up to 16 MB, whole, in fragments, and in pieces of any size (RFC 6455 sections 5.2, 5.4 and 10.4).
import { binary, type Case, text } from "../case.js";
import { BINARY, CONTINUATION, FIN, TEXT, type TestPeer } from "../peer.js";

const KB = 1024;
const MB = 1024 * KB;

function letters(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at++) bytes[at] = 0x20 + ((at * 31 + (at >> 10)) % 95);
  return bytes;
}

/** Letters with a character of three bytes at every thousandth place, so that none of the paths for ASCII is taken. */
function characters(size: number): Buffer {
  const bytes = letters(size);
  for (let at = 500; at + 3 < size; at += 1000) bytes.set([0xe2, 0x82, 0xac], at);
  return bytes;
}

function fragments(peer: TestPeer, opcode: number, bytes: Buffer, size: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    frames.push(
      peer.frame(
        (at === 0 ? opcode : CONTINUATION) | (at + size >= bytes.length ? FIN : 0),
        bytes.subarray(at, at + size),
      ),
    );
  return [Buffer.concat(frames)];
}

const whole = [64 * KB, 256 * KB, MB, 4 * MB, 16 * MB].flatMap((size): Case[] => [
  {
    name: `5.2: a text of ${size / KB} KB`,
    bytes: (peer) => peer.frame(FIN | TEXT, letters(size)),
    frames: [text(letters(size))],
  },
  {
    name: `8.1: a text of ${size / KB} KB beyond ASCII`,
    bytes: (peer) => peer.frame(FIN | TEXT, characters(size)),
    frames: [text(characters(size))],
  },
  {
    name: `5.2: ${size / KB} KB of bytes`,
    bytes: (peer) => peer.frame(FIN | BINARY, letters(size)),
    frames: [binary(letters(size))],
  },
]);

const inFragments = [64, 256, KB, 4 * KB, 64 * KB, MB, 4 * MB].flatMap((size): Case[] => {
  const bytes = characters(4 * MB);
  const how = `4 MB in ${(4 * MB) / size} fragments of ${size}`;
  return [
    { name: `5.4: a text of ${how}`, bytes: (peer) => fragments(peer, TEXT, bytes, size), frames: [text(bytes)] },
    { name: `5.4: bytes of ${how}`, bytes: (peer) => fragments(peer, BINARY, bytes, size), frames: [binary(bytes)] },
  ];
});

const chopped = [64, 256, KB, 2 * KB].flatMap((chop): Case[] => {
  const bytes = characters(256 * KB);
  return [
    {
      name: `5.2: a text of 256 KB in pieces of ${chop}`,
      bytes: (peer) => peer.frame(FIN | TEXT, bytes),
      frames: [text(bytes)],
      chop,
    },
    {
      name: `5.2: 256 KB of bytes in pieces of ${chop}`,
      bytes: (peer) => peer.frame(FIN | BINARY, bytes),
      frames: [binary(bytes)],
      chop,
    },
  ];
});

const many = [0, 16, 64, 256, KB, 4 * KB].map((size): Case => {
  const messages = Array.from({ length: 1000 }, () => letters(size));
  return {
    name: `6.2: 1,000 messages of ${size} bytes`,
    bytes: (peer) => messages.map((bytes) => peer.frame(FIN | BINARY, bytes)),
    frames: messages.map((bytes) => binary(bytes)),
  };
});

export const sizes: readonly Case[] = [...whole, ...inFragments, ...chopped, ...many];
