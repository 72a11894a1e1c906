// Conformance: pings, pongs, and fragments with them between (RFC 6455 sections 5.4 and 5.5).
import { binary, type Case, failing, pong, text } from "../case.js";
import { BINARY, CLOSE, CONTINUATION, closePayload, FIN, PING, PONG, TEXT, type TestPeer } from "../peer.js";

const join = (
  peer: TestPeer,
  ...frames: readonly (readonly [first: number, payload?: string | Uint8Array])[]
): Buffer => Buffer.concat(frames.map(([first, payload]) => peer.frame(first, payload ?? "")));

type Frames = readonly (readonly [first: number, payload?: string | Uint8Array])[];

/** Each in one piece, and byte by byte. */
const both = (name: string, frames: Frames, expected: Case["frames"] = [], close?: number): Case[] => {
  const ending = close === undefined ? {} : { close };
  const bytes = (peer: TestPeer): Buffer => join(peer, ...frames);
  return [
    { name, bytes, frames: expected, ...ending },
    { name: `${name}, byte by byte`, bytes, frames: expected, chop: 1, ...ending },
  ];
};

const NOT_TEXT = Buffer.from([0, 255, 254, 253, 252, 0, 251]);
const LONGEST = Buffer.alloc(125, 0xfe);
const tenPings = Array.from({ length: 10 }, (_, n) => [FIN | PING, `ping ${n}`] as const);
const manyPings = Array.from({ length: 500 }, (_, n) => [FIN | PING, `${n}`] as const);
const tenPongs = tenPings.map(([, payload]) => pong(payload));

const pings: readonly Case[] = [
  ...both("5.5.2: a ping without payload", [[FIN | PING]], [pong()]),
  ...both("5.5.2: a ping with text", [[FIN | PING, "Hello"]], [pong("Hello")]),
  ...both("5.5.2: a ping with bytes that are no text", [[FIN | PING, NOT_TEXT]], [pong(NOT_TEXT)]),
  ...both("5.5.2: a ping of 125 bytes", [[FIN | PING, LONGEST]], [pong(LONGEST)]),
  ...both(
    "5.5: a ping of 126 bytes",
    [
      [FIN | PING, Buffer.alloc(126)],
      [FIN | TEXT, "late"],
    ],
    [],
    1002,
  ),
  ...both(
    "5.5: a pong of 126 bytes",
    [
      [FIN | PONG, Buffer.alloc(126)],
      [FIN | TEXT, "late"],
    ],
    [],
    1002,
  ),
  failing("5.5: a ping of 65,536 bytes", (peer) => join(peer, [FIN | PING, Buffer.alloc(65_536)]), 1002),
  ...both(
    "5.5: a ping in two fragments",
    [
      [PING, "a"],
      [FIN | CONTINUATION, "b"],
    ],
    [],
    1002,
  ),
  ...both(
    "5.5: a pong in two fragments",
    [
      [PONG, "a"],
      [FIN | CONTINUATION, "b"],
    ],
    [],
    1002,
  ),
  ...both("5.5.3: a pong that nobody asked for", [[FIN | PONG]], []),
  ...both("5.5.3: a pong with a payload that nobody asked for", [[FIN | PONG, "unasked"]], []),
  ...both(
    "5.5.3: a pong that nobody asked for, and a ping",
    [
      [FIN | PONG, "unasked"],
      [FIN | PING, "asked"],
    ],
    [pong("asked")],
  ),
  {
    name: "5.5.2: 500 pings at once",
    bytes: (peer) => join(peer, ...manyPings),
    frames: manyPings.map(([, payload]) => pong(payload)),
  },
  ...both("5.5.2: ten pings", tenPings, tenPongs),
  ...both(
    "5.5.2: pings among messages, in order",
    [
      [FIN | TEXT, "a"],
      [FIN | PING, "1"],
      [FIN | BINARY, "b"],
      [FIN | PING, "2"],
    ],
    [text("a"), pong("1"), binary(Buffer.from("b")), pong("2")],
  ),
];

const fragments: readonly Case[] = [
  ...both(
    "5.4: two fragments",
    [
      [TEXT, "frag"],
      [FIN, "ment"],
    ],
    [text("fragment")],
  ),
  ...both(
    "5.4: fragments of bytes",
    [
      [BINARY, NOT_TEXT],
      [CONTINUATION, NOT_TEXT],
      [FIN, NOT_TEXT],
    ],
    [binary(Buffer.concat([NOT_TEXT, NOT_TEXT, NOT_TEXT]))],
  ),
  ...both(
    "5.4: a ping between two fragments",
    [
      [TEXT, "frag"],
      [FIN | PING, "ping"],
      [FIN, "ment"],
    ],
    [pong("ping"), text("fragment")],
  ),
  ...both(
    "5.4: a pong between two fragments",
    [
      [TEXT, "frag"],
      [FIN | PONG, "pong"],
      [FIN, "ment"],
    ],
    [text("fragment")],
  ),
  ...both(
    "5.4: pings between five fragments",
    [
      [TEXT, "1"],
      [CONTINUATION, "2"],
      [FIN | PING, "a"],
      [CONTINUATION, "3"],
      [CONTINUATION, "4"],
      [FIN | PING, "b"],
      [FIN, "5"],
    ],
    [pong("a"), pong("b"), text("12345")],
  ),
  ...both("5.4: fragments that are all empty", [[TEXT], [CONTINUATION], [FIN]], [text("")]),
  ...both(
    "5.4: an empty fragment first, one between, one last",
    [[TEXT], [CONTINUATION, "mid"], [CONTINUATION], [CONTINUATION, "dle"], [FIN]],
    [text("middle")],
  ),
  ...both(
    "5.4: a fragmented message behind another",
    [
      [TEXT, "a"],
      [FIN, "b"],
      [BINARY, "c"],
      [FIN, "d"],
    ],
    [text("ab"), binary(Buffer.from("cd"))],
  ),
  ...both(
    "5.4: a continuation without a beginning",
    [
      [FIN | CONTINUATION, "x"],
      [FIN | TEXT, "late"],
    ],
    [],
    1002,
  ),
  ...both(
    "5.4: a continuation without a beginning that is not the last",
    [
      [CONTINUATION, "x"],
      [FIN | TEXT, "late"],
    ],
    [],
    1002,
  ),
  ...both(
    "5.4: a continuation behind a whole message",
    [
      [FIN | TEXT, "whole"],
      [FIN | CONTINUATION, "x"],
    ],
    [text("whole")],
    1002,
  ),
  ...both(
    "5.4: a continuation behind the last fragment",
    [
      [TEXT, "a"],
      [FIN, "b"],
      [FIN, "c"],
    ],
    [text("ab")],
    1002,
  ),
  ...both(
    "5.4: a whole message inside another",
    [
      [TEXT, "a"],
      [FIN | TEXT, "b"],
    ],
    [],
    1002,
  ),
  ...both(
    "5.4: a second beginning",
    [
      [TEXT, "a"],
      [TEXT, "b"],
    ],
    [],
    1002,
  ),
  ...both(
    "5.4: bytes inside a text",
    [
      [TEXT, "a"],
      [FIN | BINARY, "b"],
    ],
    [],
    1002,
  ),
  ...both(
    "5.4: a text inside bytes, behind a ping",
    [
      [BINARY, "a"],
      [FIN | PING, "p"],
      [TEXT, "b"],
    ],
    [pong("p")],
    1002,
  ),
  ...both(
    "5.5.1: a close between fragments drops the message",
    [
      [TEXT, "a"],
      [FIN | CLOSE, closePayload(1000)],
      [FIN, "b"],
    ],
    [],
    1000,
  ),
  {
    name: "5.4: 1,000 fragments of one byte",
    bytes: (peer) =>
      join(peer, [TEXT, "a"], ...Array.from({ length: 998 }, () => [CONTINUATION, "a"] as const), [FIN, "a"]),
    frames: [text("a".repeat(1000))],
  },
];

export const control: readonly Case[] = [...pings, ...fragments];
