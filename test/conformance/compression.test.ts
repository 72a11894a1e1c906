// Conformance: permessage-deflate in every combination of its parameters, at both ends (RFC 7692 section 7).
import { randomBytes } from "node:crypto";
import type { DeflateOptions } from "vaiven/websocket";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Compressor, Decompressor, parametersOf } from "./deflate-codec.js";
import { type Endpoint, type EndpointRole, endpointUnderTest } from "./endpoint.js";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  FIN,
  PING,
  type ReceivedFrame,
  TEXT,
  type TestPeer,
} from "./peer.js";

const RSV1 = 0x40;
const DEFLATE = "permessage-deflate";
const KEEP: DeflateOptions = { serverNoContextTakeover: false, clientNoContextTakeover: false, threshold: 0 };
const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;

/** What repeats at a distance of `far` bytes: a window that is too large by one bit is used, and found out. */
function repeating(far: number): Buffer {
  const block = randomBytes(200);
  return Buffer.concat([block, randomBytes(Math.max(0, far - 200)), block, block]);
}

/** Messages of each size that Autobahn's suites use, of three kinds, and repetitions within and across windows. */
function messages(): (readonly [first: number, bytes: Buffer])[] {
  const list: (readonly [number, Buffer])[] = [];
  for (const size of [0, 16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072]) {
    const json = JSON.stringify({ size, values: Array.from({ length: size / 8 }, (_, n) => (n * 7919) % 1000) });
    list.push([TEXT, Buffer.from(json.slice(0, size))], [BINARY, randomBytes(size)], [BINARY, Buffer.alloc(size, 7)]);
  }
  for (const bits of [8, 9, 10, 11, 12, 13, 14, 15])
    list.push([BINARY, repeating(2 ** bits - 100)], [BINARY, repeating(2 ** bits + 300)]);
  // The same again: with a context that is kept it is one long reference.
  const again = randomBytes(5000);
  list.push([BINARY, again], [BINARY, again], [TEXT, Buffer.from("κόσμε ".repeat(3000))]);
  return list;
}

interface Direction {
  readonly out: Compressor;
  readonly back: Decompressor;
}

function codecs(peer: TestPeer, agreed: string): Direction {
  const { serverNoContext, clientNoContext, serverBits, clientBits } = parametersOf(agreed);
  return peer.masks
    ? { out: new Compressor(clientBits, !clientNoContext), back: new Decompressor(serverBits, !serverNoContext) }
    : { out: new Compressor(serverBits, !serverNoContext), back: new Decompressor(clientBits, !clientNoContext) };
}

function frames(peer: TestPeer, first: number, payload: Buffer, size: number): Buffer {
  if (size === 0 || payload.length <= size) return peer.frame(FIN | first, payload);
  const pieces: Buffer[] = [];
  for (let at = 0; at < payload.length; at += size)
    pieces.push(
      peer.frame(
        (at === 0 ? first : CONTINUATION) | (at + size >= payload.length ? FIN : 0),
        payload.subarray(at, at + size),
      ),
    );
  return Buffer.concat(pieces);
}

/** Sends each message, and reads each echo back through exactly the window that was agreed on. */
async function echoAll(peer: TestPeer, agreed: string, fragment: number): Promise<void> {
  const { out, back } = codecs(peer, agreed);
  let read = 0;
  for (const [first, bytes] of messages()) {
    await peer.send(frames(peer, first | RSV1, await out.compress(bytes), fragment));
    await peer.collect((received) => received.length > read);
    const frame = peer.frames[read++] as ReceivedFrame;
    expect(frame.first & ~RSV1, `${bytes.length} bytes`).toBe(FIN | first);
    const echoed = (frame.first & RSV1) === 0 ? frame.payload : await back.inflate(frame.payload);
    expect(echoed.equals(bytes), `the echo of ${bytes.length} bytes`).toBe(true);
  }
}

/** What we offer a server with these options, and what it has to answer. */
const OFFERS: readonly (readonly [offer: string, options: DeflateOptions, answer: string])[] = [
  [DEFLATE, KEEP, DEFLATE],
  [`${DEFLATE}; client_no_context_takeover; client_max_window_bits`, KEEP, `${DEFLATE}; client_no_context_takeover`],
  [`${DEFLATE}; server_no_context_takeover`, KEEP, `${DEFLATE}; server_no_context_takeover`],
  [
    `${DEFLATE}; client_no_context_takeover; server_no_context_takeover`,
    KEEP,
    `${DEFLATE}; server_no_context_takeover; client_no_context_takeover`,
  ],
  ...[8, 9, 10, 12, 15].map(
    (bits) =>
      [`${DEFLATE}; server_max_window_bits=${bits}`, KEEP, `${DEFLATE}; server_max_window_bits=${bits}`] as const,
  ),
  ...[8, 9, 11, 15].map(
    (bits) =>
      [`${DEFLATE}; client_max_window_bits=${bits}`, KEEP, `${DEFLATE}; client_max_window_bits=${bits}`] as const,
  ),
  [
    `${DEFLATE}; client_max_window_bits; server_max_window_bits=9`,
    { ...KEEP, clientMaxWindowBits: 9 },
    `${DEFLATE}; server_max_window_bits=9; client_max_window_bits=9`,
  ],
  [
    `${DEFLATE}; client_max_window_bits`,
    { threshold: 0 },
    `${DEFLATE}; server_no_context_takeover; client_no_context_takeover`,
  ],
  [
    `${DEFLATE}; server_no_context_takeover; server_max_window_bits=8`,
    KEEP,
    `${DEFLATE}; server_no_context_takeover; server_max_window_bits=8`,
  ],
  [`${DEFLATE}; server_max_window_bits=99, ${DEFLATE}`, KEEP, DEFLATE],
];

/** What our client is answered, where it is made with these options. */
const ANSWERS: readonly (readonly [answer: string, options: DeflateOptions])[] = [
  [DEFLATE, KEEP],
  [`${DEFLATE}; server_no_context_takeover`, KEEP],
  [`${DEFLATE}; client_no_context_takeover`, KEEP],
  [`${DEFLATE}; server_no_context_takeover; client_no_context_takeover`, { threshold: 0 }],
  ...[8, 9, 10, 15].map((bits) => [`${DEFLATE}; client_max_window_bits=${bits}`, KEEP] as const),
  ...[8, 9, 13].map(
    (bits) => [`${DEFLATE}; server_max_window_bits=${bits}`, { ...KEEP, serverMaxWindowBits: bits }] as const,
  ),
  [
    `${DEFLATE}; server_max_window_bits=9; client_max_window_bits=9; client_no_context_takeover`,
    { ...KEEP, serverMaxWindowBits: 10, clientMaxWindowBits: 10 },
  ],
];

async function withEndpoint(
  role: EndpointRole,
  options: DeflateOptions,
  use: (endpoint: Endpoint) => Promise<void>,
): Promise<void> {
  const endpoint = await endpointUnderTest(role, { perMessageDeflate: options, maxMessageBytes: MAX_MESSAGE_BYTES });
  try {
    await use(endpoint);
    expect(endpoint.errors).toEqual([]);
  } finally {
    await endpoint.close();
  }
}

describe("the server", () => {
  for (const [offer, options, answer] of OFFERS)
    for (const fragment of [0, 256])
      it(`section 7.1: answers ${offer} with ${answer}, and keeps to it${fragment > 0 ? `, in fragments of ${fragment}` : ""}`, () =>
        withEndpoint("server", options, async (endpoint) => {
          const peer = await endpoint.open(offer);
          expect(peer.extensions).toBe(answer);
          await echoAll(peer, peer.extensions, fragment);
          peer.socket.destroy();
        }));
});

describe("the client", () => {
  for (const [answer, options] of ANSWERS)
    for (const fragment of [0, 256])
      it(`section 7.1: keeps to ${answer}${fragment > 0 ? `, in fragments of ${fragment}` : ""}`, () =>
        withEndpoint("client", options, async (endpoint) => {
          const peer = await endpoint.open(answer);
          expect(peer.extensions).toMatch(/^permessage-deflate(;|$)/);
          await echoAll(peer, answer, fragment);
          peer.socket.destroy();
        }));
});

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");
const HELLO = hex("f248cdc9c90700");

/** What is sent behind a handshake without parameters; what comes back as messages; the code where the connection fails. */
const FRAMES: readonly (readonly [name: string, (peer: TestPeer) => readonly Buffer[], string[], number?])[] = [
  ["7.2.3.1: one block", (peer) => [peer.frame(FIN | RSV1 | TEXT, HELLO)], ["Hello"]],
  [
    "7.2.3.1: one block in two fragments",
    (peer) => [peer.frame(RSV1 | TEXT, HELLO.subarray(0, 3)), peer.frame(FIN, HELLO.subarray(3))],
    ["Hello"],
  ],
  [
    "7.2.3.1: a fragment for each byte, and pings between",
    (peer) =>
      [...HELLO].flatMap((byte, at) => [
        peer.frame((at === 0 ? RSV1 | TEXT : 0) | (at === HELLO.length - 1 ? FIN : 0), Buffer.from([byte])),
        peer.frame(FIN | PING),
      ]),
    ["Hello"],
  ],
  [
    "7.2.3.2: the window of the message before",
    (peer) => [peer.frame(FIN | RSV1 | TEXT, HELLO), peer.frame(FIN | RSV1 | TEXT, hex("f200110000"))],
    ["Hello", "Hello"],
  ],
  [
    "7.2.3.3: a block without compression",
    (peer) => [peer.frame(FIN | RSV1 | TEXT, hex("000500faff48656c6c6f00"))],
    ["Hello"],
  ],
  [
    "7.2.3.4: a block with its final bit set",
    (peer) => [peer.frame(FIN | RSV1 | TEXT, hex("f348cdc9c9070000"))],
    ["Hello"],
  ],
  ["7.2.3.5: two blocks", (peer) => [peer.frame(FIN | RSV1 | TEXT, hex("f248050000 00ffffcac9c90700"))], ["Hello"]],
  ["7.2.3.6: an empty fragment", (peer) => [peer.frame(FIN | RSV1 | TEXT, hex("00"))], [""]],
  [
    "6.2: a message that is not compressed among those that are",
    (peer) => [
      peer.frame(FIN | RSV1 | TEXT, HELLO),
      peer.frame(FIN | TEXT, "plain"),
      peer.frame(FIN | RSV1 | TEXT, hex("f200110000")),
    ],
    ["Hello", "plain", "Hello"],
  ],
  ["6.2: an empty last fragment", (peer) => [peer.frame(RSV1 | TEXT, HELLO), peer.frame(FIN)], ["Hello"]],
  [
    "6: the bit on a continuation",
    (peer) => [peer.frame(RSV1 | TEXT, HELLO.subarray(0, 3)), peer.frame(FIN | RSV1, HELLO.subarray(3))],
    [],
    1002,
  ],
  [
    "6: the bit on a continuation of a plain message",
    (peer) => [peer.frame(TEXT, "a"), peer.frame(FIN | RSV1, HELLO)],
    [],
    1002,
  ],
  ["6: the bit on a ping", (peer) => [peer.frame(FIN | RSV1 | PING, HELLO)], [], 1002],
  ["6: the bit on a close", (peer) => [peer.frame(FIN | RSV1 | CLOSE, closePayload(1000))], [], 1002],
  ["5.2 of RFC 6455: other reserved bits", (peer) => [peer.frame(FIN | RSV1 | 0x20 | TEXT, HELLO)], [], 1002],
  ["7.2.2: what is no DEFLATE", (peer) => [peer.frame(FIN | RSV1 | BINARY, hex("ffffffff"))], [], 1007],
  ["7.2.2: a reserved kind of block", (peer) => [peer.frame(FIN | RSV1 | BINARY, hex("07"))], [], 1007],
  ["7.2.2: a message that is cut short", (peer) => [peer.frame(FIN | RSV1 | TEXT, HELLO.subarray(0, 4))], [], 1007],
  ["7.2.2: a reference before the beginning", (peer) => [peer.frame(FIN | RSV1 | TEXT, hex("f200110000"))], [], 1007],
  [
    "8.1 of RFC 6455: what is no UTF-8 when it is inflated",
    (peer) => [peer.frame(FIN | RSV1 | TEXT, hex("000200fdffc32800"))],
    [],
    1007,
  ],
];

for (const role of ["server", "client"] as const) {
  describe(`frames at the ${role}`, () => {
    let endpoint: Endpoint;
    beforeAll(async () => {
      endpoint = await endpointUnderTest(role, {
        perMessageDeflate: { ...KEEP, threshold: 1_000_000 },
        maxMessageBytes: MAX_MESSAGE_BYTES,
      });
    });
    afterAll(() => endpoint.close());

    for (const [name, bytes, expected, code] of FRAMES)
      it(`section ${name}`, async () => {
        const peer = await endpoint.open(DEFLATE);
        for (const frame of bytes(peer)) await peer.send(frame, 1);
        const closed = (): boolean => peer.frames.some(({ first }) => (first & 0x0f) === CLOSE);
        const texts = (): string[] =>
          peer.frames.filter(({ first }) => (first & 0x0f) === TEXT).map(({ payload }) => payload.toString());
        await peer.collect(() => closed() || (code === undefined && texts().length === expected.length));
        expect(texts()).toEqual(expected);
        expect(closed()).toBe(code !== undefined);
        if (code !== undefined) expect(peer.frames.at(-1)?.payload.readUInt16BE(0)).toBe(code);
        peer.socket.destroy();
      });

    it("section 8 of RFC 7692: a small message that inflates beyond the limit is refused", async () => {
      const peer = await endpoint.open(DEFLATE);
      const bomb = await new Compressor(15, false).compress(Buffer.alloc(MAX_MESSAGE_BYTES + 1));
      expect(bomb.length).toBeLessThan(4000);
      await peer.send(peer.frame(FIN | RSV1 | BINARY, bomb));
      await peer.collect((frames) => frames.length > 0);
      expect(peer.frames[0]?.payload.readUInt16BE(0)).toBe(1009);
      peer.socket.destroy();
    });
  });
}
